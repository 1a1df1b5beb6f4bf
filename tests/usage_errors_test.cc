#include "tests/usage_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meanwhile {
namespace {

using testing::ElementsAre;

// A program, which is called `sh` here.
std::vector<std::string> Script(const std::string& text) { return {"/bin/sh", "-c", text, "sh"}; }

TEST(UsageErrorsTest, AnErrorAsItShouldBePasses) {
  ExpectUsageErrors(Script("echo \"sh: $1: no, $2\" >&2; exit 2"), {{"--a=1  b", "--a=1: no, b\n"}, {"-c", "-c"}});
}

TEST(UsageErrorsTest, AnythingElseFails) {
  const auto run = [](const char* text) { ExpectUsageErrors(Script(text), {{"--a", "--a"}}); };
  EXPECT_NONFATAL_FAILURE(run("echo 'sh: --a' >&2; exit 1"), "exit_code");
  EXPECT_NONFATAL_FAILURE(run("echo 'sh: --a' >&2; echo more; exit 2"), "outcome.out");
  EXPECT_NONFATAL_FAILURE(run("echo 'sh: it is --a' >&2; exit 2"), "outcome.err");
}

TEST(UsageErrorsTest, NamesEachFlagWithAValueThatHasNoCase) {
  const std::vector<std::string> command = Script(
      "printf '%s\\n' 'Usage: sh --not-a-flag [OPTIONS]' '  -h,--help       Help, as --this' '  --wet DEPTH [3]  How "
      "wet'"
      " '  -d,--dry N      How dry' '  --far' '  --near REQUIRED' '                 How near'");
  EXPECT_THAT(FlagsWithoutCase(command, {}), ElementsAre("--dry", "--near", "--wet"));
  EXPECT_THAT(FlagsWithoutCase(command, {{"-d x", "--dry=x: must be"}, {"--near=x", "--near: must be"}}),
              ElementsAre("--wet"));
  EXPECT_THAT(FlagsWithoutCase(command, {{"--wet=x", "oh"}, {"--wet=x", "--wetter=x: no"}}),
              ElementsAre("--dry", "--near", "--wet"));
}

}  // namespace
}  // namespace meanwhile
