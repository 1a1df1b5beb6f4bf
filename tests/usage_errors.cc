#include "tests/usage_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

// `dir/program` is called `program`.
absl::string_view NameOf(absl::string_view program) { return program.substr(program.rfind('/') + 1); }

// The long name in a line of --help such as `  -n,--total N [0]   Calls`, if the flag takes a value.
absl::string_view FlagWithValue(absl::string_view line) {
  if (!absl::StartsWith(line, "  -")) return "";
  const absl::string_view names = line.substr(2, line.find(' ', 2) - 2);
  const absl::string_view rest = line.substr(2 + names.size());
  const bool takes_value = rest.size() > 1 && rest[0] == ' ' && rest[1] != ' ';
  const std::size_t name = names.find("--");
  return takes_value && name != absl::string_view::npos ? names.substr(name) : "";
}

}  // namespace

void ExpectUsageErrors(const std::vector<std::string>& command, const std::vector<UsageCase>& cases) {
  for (const auto& [arguments, message] : cases) {
    std::vector<std::string> words = command;
    for (const absl::string_view word : absl::StrSplit(arguments, ' ', absl::SkipEmpty())) words.emplace_back(word);
    const Outcome outcome = RunProcess(words);
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_THAT(outcome.err, testing::StartsWith(absl::StrCat(NameOf(command.front()), ": ", message))) << arguments;
  }
}

std::set<std::string> FlagsWithoutCase(const std::vector<std::string>& command, const std::vector<UsageCase>& cases) {
  std::vector<std::string> asking = command;
  asking.emplace_back("--help");
  const Outcome help = RunProcess(asking);
  EXPECT_EQ(help.exit_code, 0);
  std::set<std::string> without_case;
  std::size_t flags = 0;
  for (const absl::string_view line : absl::StrSplit(help.out, '\n')) {
    const absl::string_view flag = FlagWithValue(line);
    if (flag.empty()) continue;
    ++flags;
    const bool has_case = std::any_of(cases.begin(), cases.end(), [flag](const UsageCase& each) {
      return absl::StartsWith(each.message, absl::StrCat(flag, "=")) ||
             absl::StartsWith(each.message, absl::StrCat(flag, ":"));
    });
    if (!has_case) without_case.emplace(flag);
  }
  EXPECT_GT(flags, 0u) << "no flag was found in:\n" << help.out;
  return without_case;
}

}  // namespace meanwhile
