// Command lines that make no sense, and what a program must say to them.
//
//   const std::vector<UsageCase> kCases = {{"--connections=0", "--connections=0: must be from 1 to 10000\n"}, …};
//   ExpectUsageErrors({"loadtest/loadtest", "run", "localhost:1"}, kCases);
//   EXPECT_THAT(FlagsWithoutCase({"loadtest/loadtest", "run"}, kCases), IsEmpty());
//
// Thread: a test's.

#ifndef MEANWHILE_TESTS_USAGE_ERRORS_H_
#define MEANWHILE_TESTS_USAGE_ERRORS_H_

#include <set>
#include <string>
#include <vector>

namespace meanwhile {

struct UsageCase {
  // Words with a space between.
  std::string arguments;
  // How the error begins, after the program's name.
  std::string message;
};

// Runs `command` with the arguments of each case after its own. Each time it must end with exit code 2, write nothing
// to stdout, and begin its error with `PROGRAM: ` and the message.
void ExpectUsageErrors(const std::vector<std::string>& command, const std::vector<UsageCase>& cases);

// The long names of the flags of `command`, as its --help tells them, that take a value and that no case has a message
// about: `--flag=VALUE: …`.
std::set<std::string> FlagsWithoutCase(const std::vector<std::string>& command, const std::vector<UsageCase>& cases);

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_USAGE_ERRORS_H_
