#include "tests/loadtest/process_table.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace meanwhile {

bool Lives(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  // Through <<, which takes a read error, as of a process that ends now, for the end of the file.
  std::ostringstream text;
  text << file.rdbuf();
  const std::string stat = text.str();
  // `PID (NAME) STATE …`, and NAME may hold anything.
  const std::size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.compare(name_end, 3, ") Z") != 0;
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  const std::string id = std::to_string(pid);
  std::ifstream file("/proc/" + id + "/task/" + id + "/children");
  return {std::istream_iterator<pid_t>(file), {}};
}

}  // namespace meanwhile
