// `loadtest compare` when it is interrupted or killed, or a server dies: what it tells, and no process left behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <set>
#include <string>

#include "loadtest/measure/process_stats.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/loadtest/compare/compare_line.h"
#include "tests/loadtest/process_table.h"
#include "tests/process.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Takes its port for more seconds to sleep, and serves nobody.
constexpr char kSleeper[] = "--server=sleeper=env --ignore-signal=TERM sleep 1000 {port}";

// The server that the load tester has started when `known` had been before. Fails the test when none comes.
pid_t NextServer(const Process& load_tester, const std::set<pid_t>& known = {}) {
  pid_t next = 0;
  EXPECT_TRUE(WaitUntil([&] {
    for (const pid_t child : ChildrenOf(load_tester.pid())) {
      if (!known.contains(child)) next = child;
    }
    return next != 0;
  }));
  return next;
}

TEST(CompareInterruptTest, AServerThatDiesInTheMiddleFails) {
  Process load_tester(Compare("-c 50 --rounds=1 --warmup=0s -z 1h --models=none", {kBareServer}));
  const pid_t server = NextServer(load_tester);
  const absl::StatusOr<ProcessReader> reader = ProcessReader::Open(server);
  ASSERT_TRUE(reader.ok()) << reader.status();
  // What it takes to start is less: it then serves calls.
  EXPECT_TRUE(
      WaitUntil([&] { return reader->ReadProcessorTime().value_or(absl::Hours(1)) > absl::Milliseconds(300); }));
  kill(server, SIGKILL);
  EXPECT_EQ(load_tester.Wait(), 1);
  EXPECT_THAT(load_tester.err(), StartsWith("loadtest: server bare was ended by signal 9 (Killed)"));
}

TEST(CompareInterruptTest, AnInterruptTellsWhatWasMeasured) {
  const std::string json = TempPath("interrupted_compare.json");
  Process load_tester(Compare("-c 5 --rounds=100 --warmup=0s -z 100ms --backend=constant:5ms", {"--json", json}));
  // When the third server starts, each has been measured once.
  std::set<pid_t> servers;
  for (int i = 0; i < 3; ++i) servers.insert(NextServer(load_tester, servers));
  load_tester.Signal(SIGINT);
  EXPECT_EQ(load_tester.Wait(), 105) << load_tester.err();
  EXPECT_THAT(load_tester.out(), HasSubstr("INTERRUPTED"));
  EXPECT_THAT(load_tester.out(), HasSubstr("At 5 in flight "));
  const auto report = FromJson<v1::ComparisonReport>(ReadFile(json));
  EXPECT_TRUE(report.interrupted());
  EXPECT_GE(report.rounds_size(), 2);
  for (const pid_t server : servers) EXPECT_FALSE(Lives(server));
}

TEST(CompareInterruptTest, AnInterruptBeforeTheFirstRoundIsDoneSaysThatThereIsNothing) {
  for (const int number : {SIGINT, SIGTERM}) {
    Process load_tester(Compare("-c 5 -z 1h --models=none", {kBareServer}));
    const pid_t server = NextServer(load_tester);
    load_tester.Signal(number);
    EXPECT_EQ(load_tester.Wait(), 105) << load_tester.err();
    EXPECT_THAT(load_tester.out(), HasSubstr("nothing was measured"));
    EXPECT_THAT(load_tester.out(), HasSubstr("INTERRUPTED"));
    EXPECT_FALSE(Lives(server));
  }
}

TEST(CompareInterruptTest, ASecondInterruptEndsAtOnceAndLeavesNoServer) {
  Process load_tester(Compare("--models=none", {kSleeper}));
  const pid_t server = NextServer(load_tester);
  // One more after the first was taken; the server would make it wait.
  EXPECT_TRUE(WaitUntil([&] {
    load_tester.Signal(SIGINT);
    return load_tester.Wait(absl::ZeroDuration()).has_value();
  }));
  EXPECT_EQ(load_tester.Wait(), -SIGINT);
  EXPECT_TRUE(WaitUntil([&] { return !Lives(server); }));
}

TEST(CompareInterruptTest, NoServerOutlivesALoadTesterThatIsKilled) {
  // At once, when the server is not yet itself, and when it serves.
  for (const absl::Duration spent : {absl::ZeroDuration(), absl::Milliseconds(300)}) {
    Process load_tester(Compare("-c 50 -z 1h --models=async --backend=constant:5ms"));
    const pid_t server = NextServer(load_tester);
    const absl::StatusOr<ProcessReader> reader = ProcessReader::Open(server);
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_TRUE(WaitUntil([&] { return reader->ReadProcessorTime().value_or(absl::Hours(1)) >= spent; }));
    load_tester.Signal(SIGKILL);
    EXPECT_EQ(load_tester.Wait(), -SIGKILL);
    EXPECT_TRUE(WaitUntil([&] { return !Lives(server); }));
  }
}

}  // namespace
}  // namespace meanwhile
