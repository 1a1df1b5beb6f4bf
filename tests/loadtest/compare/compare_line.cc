#include "tests/loadtest/compare/compare_line.h"

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace meanwhile {

std::vector<std::string> Compare(const std::string& words, const std::vector<std::string>& arguments) {
  std::vector<std::string> line = {"loadtest/loadtest", "compare"};
  if (!absl::StrContains(words, "--pin")) line.emplace_back("--pin=none");
  for (const absl::string_view word : absl::StrSplit(words, ' ', absl::SkipEmpty())) line.emplace_back(word);
  line.insert(line.end(), arguments.begin(), arguments.end());
  return line;
}

std::string TempPath(const std::string& name) { return testing::TempDir() + name; }

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace meanwhile
