#include "tests/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <optional>
#include <string>

namespace meanwhile {
namespace {

TEST(ProcessTest, TellsWhatTheProgramWroteAndHowItEnded) {
  const Outcome outcome = RunProcess({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
}

TEST(ProcessTest, TakesInMoreThanAPipeHolds) {
  EXPECT_EQ(RunProcess({"head", "-c", "1000000", "/dev/zero"}).out.size(), 1'000'000u);
}

TEST(ProcessTest, ReadsStderrLineByLine) {
  Process process({"sh", "-c", "printf 'one\\ntwo\\nthree' >&2"});
  EXPECT_EQ(process.ReadErrorLine(), "one");
  EXPECT_EQ(process.ReadErrorLine(), "two");
  EXPECT_EQ(process.ReadErrorLine(), std::nullopt) << "a line without an end";
  EXPECT_EQ(process.Wait(), 0);
}

TEST(ProcessTest, GivesUpWhenPatienceEnds) {
  Process process({"sleep", "1000"});
  EXPECT_EQ(process.ReadErrorLine(absl::Milliseconds(1)), std::nullopt);
  EXPECT_EQ(process.Wait(absl::Milliseconds(1)), std::nullopt);
}

TEST(ProcessTest, ASignalReachesTheProgramItself) {
  Process process({"sleep", "1000"});
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), -SIGTERM);
  EXPECT_EQ(process.Wait(), -SIGTERM) << "asked again";
}

TEST(ProcessTest, NoProcessOutlivesItsObject) {
  pid_t pid = 0;
  {
    const Process process({"sleep", "1000"});
    pid = process.pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(ProcessTest, AProgramThatIsNotThereEndsWith127) {
  const Outcome outcome = RunProcess({"no/such/program"});
  EXPECT_EQ(outcome.exit_code, 127);
  EXPECT_NE(outcome.err.find("no/such/program"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace meanwhile
