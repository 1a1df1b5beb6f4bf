#include "client/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "client/wait_flag.h"

namespace meanwhile {
namespace {

struct Outcome {
  std::optional<int> exit_code;
  std::string out;
  std::string err;
};

Outcome Parse(CLI::App& app, std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv = {"program"};
  argv.insert(argv.end(), arguments);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const std::optional<int> exit_code = ParseFlags(app, static_cast<int>(argv.size()), argv.data());
  return {exit_code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

class FlagsTest : public testing::Test {
 protected:
  FlagsTest() {
    AddCountFlag(app_, "-c,--connections", &connections_, {1, 10'000}, "Sockets");
    AddDurationFlag(app_, "-t,--timeout", &timeout_, {absl::Milliseconds(1), absl::Hours(1)}, "Of a call");
    AddSizeFlag(app_, "--size", &size_, {1, 1 << 30}, "Of a message");
  }

  CLI::App app_{"A program.", "program"};
  uint32_t connections_ = 8;
  absl::Duration timeout_ = absl::Seconds(1);
  uint64_t size_ = 4 << 20;
};

TEST_F(FlagsTest, TakesCountsDurationsAndSizesWithinTheirBounds) {
  const Outcome outcome = Parse(app_, {"-c", "10000", "--timeout=1.5ms", "--size=2KiB"});
  EXPECT_EQ(outcome.exit_code, std::nullopt) << outcome.err;
  EXPECT_EQ(connections_, 10'000u);
  EXPECT_EQ(timeout_, absl::Microseconds(1500));
  EXPECT_EQ(size_, 2048u);
}

TEST_F(FlagsTest, TakesTheValueOfAShortNameInAnyForm) {
  for (const std::initializer_list<const char*> arguments :
       {std::initializer_list<const char*>{"-c5", "-t2s"}, {"-c", "5", "-t", "2s"}, {"-c=5", "-t=2s"}}) {
    connections_ = 0;
    timeout_ = absl::ZeroDuration();
    const Outcome outcome = Parse(app_, arguments);
    EXPECT_EQ(outcome.exit_code, std::nullopt) << outcome.err;
    EXPECT_EQ(connections_, 5u);
    EXPECT_EQ(timeout_, absl::Seconds(2));
  }
}

TEST_F(FlagsTest, KeepsTheDefaultOfAFlagThatIsNotGiven) {
  EXPECT_EQ(Parse(app_, {}).exit_code, std::nullopt);
  EXPECT_EQ(connections_, 8u);
  EXPECT_EQ(timeout_, absl::Seconds(1));
}

TEST_F(FlagsTest, NamesTheFlagTheValueAndTheBoundOfACount) {
  for (const char* value : {"0", "10001", "-1", "many", "1.5", " 1", "99999999999999999999"}) {
    const std::string flag = std::string("--connections=") + value;
    const Outcome outcome = Parse(app_, {flag.c_str()});
    EXPECT_EQ(outcome.exit_code, 2) << flag;
    EXPECT_EQ(outcome.err, "program: " + flag + ": must be from 1 to 10000\n");
  }
}

TEST_F(FlagsTest, ShowsTheLongNameOfAFlagGivenByItsShortOne) {
  EXPECT_EQ(Parse(app_, {"-c", "0"}).err, "program: --connections=0: must be from 1 to 10000\n");
}

TEST_F(FlagsTest, NamesTheFlagTheValueAndTheBoundOfADuration) {
  for (const char* value : {"0s", "-1s", "61m", "inf"}) {
    const std::string flag = std::string("--timeout=") + value;
    const Outcome outcome = Parse(app_, {flag.c_str()});
    EXPECT_EQ(outcome.exit_code, 2) << flag;
    EXPECT_EQ(outcome.err, "program: " + flag + ": must be from 1ms to 1h\n");
  }
}

TEST_F(FlagsTest, TellsWhatADurationLooksLike) {
  EXPECT_EQ(Parse(app_, {"--timeout=5"}).err, "program: --timeout=5: must be a duration such as 50ms, 1.5s or 2m\n");
}

TEST(SizeFlagTest, TakesAWholeNumberAndItsUnitWithinTheBounds) {
  const struct {
    const char* text;
    uint64_t bytes;
  } cases[] = {{"512B", 512}, {"1KiB", 1024}, {"4MiB", 4 << 20}, {"1GiB", 1 << 30}, {"1024MiB", 1 << 30}, {"007B", 7}};
  for (const auto& [text, bytes] : cases) {
    const absl::StatusOr<uint64_t> size = ParseSize("--size", text, {1, 1 << 30});
    ASSERT_TRUE(size.ok()) << size.status();
    EXPECT_EQ(*size, bytes) << text;
  }
}

TEST(SizeFlagTest, NamesTheFlagTheValueAndTheBound) {
  for (const char* text : {"0B", "511B", "1048577KiB", "2GiB", "18446744073709551615GiB", "99999999999999999999B"}) {
    EXPECT_EQ(ParseSize("--size", text, {512, 1 << 30}).status().message(),
              std::string("--size=") + text + ": must be from 512B to 1GiB");
  }
}

TEST(SizeFlagTest, TellsWhatASizeLooksLike) {
  for (const char* text : {"", "4", "MiB", "4 MiB", "4MB", "4mib", "-1B", "1.5MiB", "4MiBs"}) {
    EXPECT_EQ(ParseSize("--size", text, {1, 1 << 30}).status().message(),
              std::string("--size=") + text + ": must be a size such as 512B, 8KiB or 4MiB");
  }
}

TEST(SizeFlagTest, IsShownInTheLargestUnitThatLeavesAWholeNumber) {
  EXPECT_EQ(FormatSize(0), "0B");
  EXPECT_EQ(FormatSize(1023), "1023B");
  EXPECT_EQ(FormatSize(8 << 10), "8KiB");
  EXPECT_EQ(FormatSize((1 << 20) + 1024), "1025KiB");
  EXPECT_EQ(FormatSize(uint64_t{3} << 30), "3GiB");
}

TEST_F(FlagsTest, RefusesAFlagWithoutItsValue) {
  const Outcome outcome = Parse(app_, {"--connections="});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, testing::HasSubstr("--connections"));
}

TEST_F(FlagsTest, RefusesAnUnknownFlagByName) {
  const Outcome outcome = Parse(app_, {"--conections=1"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, testing::HasSubstr("--conections=1"));
}

TEST_F(FlagsTest, PrintsHelpWithDefaultsToStdout) {
  const Outcome outcome = Parse(app_, {"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, testing::AllOf(testing::HasSubstr("--connections"), testing::HasSubstr("=8"),
                                          testing::HasSubstr("DURATION"), testing::HasSubstr("=1s"),
                                          testing::HasSubstr("SIZE"), testing::HasSubstr("=4MiB")));
}

TEST(WaitFlagTest, TakesADurationForAConstantWait) {
  const absl::StatusOr<v1::Wait> wait = ParseWait("--wait", "simulated:1.5s");
  ASSERT_TRUE(wait.ok()) << wait.status();
  EXPECT_EQ(wait->simulated().constant().seconds(), 1);
  EXPECT_EQ(wait->simulated().constant().nanos(), 500'000'000);
}

TEST(WaitFlagTest, HandsAnythingElseToTheServerAsASpecification) {
  const absl::StatusOr<v1::Wait> wait = ParseWait("--wait", "simulated:normal:50ms,5ms");
  ASSERT_TRUE(wait.ok()) << wait.status();
  EXPECT_EQ(wait->simulated().spec(), "normal:50ms,5ms");
}

TEST(WaitFlagTest, TakesEveryKind) {
  const struct {
    const char* text;
    const char* wait;
  } cases[] = {
      {"file-read:a/b=c", "file_read { path: \"a/b=c\" }"},
      {"file-write:a/b=c=d", "file_write { path: \"a/b\" content: \"c=d\" }"},
      {"file-write:a=", "file_write { path: \"a\" }"},
      {"query:a=b", "query { read: \"a=b\" }"},
      {"store:a=b=c", "query { store { key: \"a\" value: \"b=c\" } }"},
      {"store:a=", "query { store { key: \"a\" } }"},
      {"remote", "remote { }"},
      {"remote:remote", "remote { wait { remote { } } }"},
      {"remote:query:a", "remote { wait { query { read: \"a\" } } }"},
      {"remote:simulated:1s", "remote { wait { simulated { constant { seconds: 1 } } } }"},
  };
  for (const auto& [text, expected] : cases) {
    const absl::StatusOr<v1::Wait> wait = ParseWait("--wait", text);
    ASSERT_TRUE(wait.ok()) << wait.status();
    EXPECT_EQ(wait->ShortDebugString(), expected) << text;
  }
}

TEST(WaitFlagTest, RefusesAnotherKindAndNoParameter) {
  for (const char* text : {"50ms", "simulated:", "simulated", "", "file-read:", "file-write:a", "query:", "store:a",
                           "remote:", "remote:50ms", "remotely", "sleep:1s"}) {
    EXPECT_EQ(ParseWait("--wait", text).status().message(),
              std::string("--wait=") + text +
                  ": must be simulated:SPEC (SPEC a duration or a backend, such as 50ms or normal:50ms,5ms), "
                  "file-read:PATH, file-write:PATH=CONTENT, query:KEY, store:KEY=VALUE, remote or remote:WAIT");
  }
}

TEST(WaitFlagTest, RefusesADurationThatNoServerTakes) {
  for (const char* text : {"simulated:-1ms", "simulated:25h", "simulated:inf"}) {
    EXPECT_EQ(ParseWait("--wait", text).status().message(), std::string("--wait=") + text + ": must be from 0 to 24h");
  }
}

}  // namespace
}  // namespace meanwhile
