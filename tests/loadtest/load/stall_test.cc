// The proof of the tool: a server that stands still for 1.4 s in a run of 10 s. A tool that waits for answers before it
// sends the next call hardly notices; the open loop must show what the users of that time would have seen.
//
// Let the server be stopped at S and go on at C, d = C - S, at a constant rate of R calls a second for T seconds, N = R
// T. A call that was to be sent x after S is answered after C, so it takes at least d - x. Therefore:
//
//   max    one of the calls is intended within 1/R after S:          max >= d - 1/R
//   p99    is the response time of the slowest call but N/100. In the stall's first t seconds R t calls are intended,
//   all
//          of which take d - t or more. With t = (N/100 + 1) / R:    p99 >= d - T/100 - 1/R (- 1/R for the grid)
//
// For d = 1.4 s, T = 10 s and R = 200/s that is 1.395 s and 1.29 s. These are lower bounds, so a busy machine cannot
// break them. Beside it runs a closed loop of four callers that think between calls, which sends as many a second; what
// it measures from each actual send has four slow calls in about 2,000, and a p99 that knows of no stall.

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "loadtest/load/load_run.h"
#include "loadtest/servers/server_process.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

constexpr double kRate = 200;
constexpr absl::Duration kDuration = absl::Seconds(10);
constexpr absl::Duration kStall = absl::Milliseconds(1400);

class Begin final : public LoadObserver {
 public:
  void OnMeasuredTimeBegins() override { begun.Notify(); }
  absl::Notification begun;
};

// Whether every thread of the process stands still.
bool IsStopped(pid_t pid) {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream file(thread.path() / "stat");
    const std::string stat(std::istreambuf_iterator<char>(file), {});
    // `PID (NAME) STATE …`, and a name may hold anything.
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || stat.substr(name_end, 3) != ") T") return false;
  }
  return true;
}

LoadOptions OptionsFor(const ServerProcess& server) {
  LoadOptions options;
  options.target = server.target();
  options.connections = 4;
  options.loops = 1;
  options.warmup = absl::Milliseconds(500);
  options.duration = kDuration;
  options.patience = kPatience;
  return options;
}

TEST(StallTest, ResponseTimeShowsAStallThatAClosedLoopHides) {
  const auto server = ServerProcess::Start(
      {"server", "server/server --listen=127.0.0.1:{port} --backend=constant:5ms", {}}, "", [] { return false; });
  ASSERT_TRUE(server.ok()) << server.status();

  LoadOptions open = OptionsFor(**server);
  open.shape.emplace().phases = {{kRate, kRate}};
  LoadOptions closed = OptionsFor(**server);
  closed.in_flight = 4;
  closed.think_time = absl::Milliseconds(15);

  Begin begin;
  absl::StatusOr<LoadResult> open_result, closed_result;
  std::thread open_thread([&] { open_result = RunLoad(open, &begin); });
  std::thread closed_thread([&] { closed_result = RunLoad(closed); });
  begin.begun.WaitForNotification();
  // Real time is what this test is about: the server's stall lies well inside of the measured time.
  absl::SleepFor(absl::Seconds(2));
  const pid_t pid = (*server)->pid();
  kill(pid, SIGSTOP);
  const bool stopped = WaitUntil([pid] { return IsStopped(pid); });
  const absl::Time stall_begin = absl::Now();
  absl::SleepFor(kStall);
  const absl::Duration stall = absl::Now() - stall_begin;
  kill(pid, SIGCONT);
  open_thread.join();
  closed_thread.join();
  ASSERT_TRUE(stopped);
  ASSERT_TRUE(open_result.ok()) << open_result.status();
  ASSERT_TRUE(closed_result.ok()) << closed_result.status();

  // Every call of the schedule was sent and counted, and none failed.
  const Measurement& measured = open_result->measurement;
  ASSERT_EQ(open_result->scheduled, 2000u);
  ASSERT_EQ(open_result->not_sent, 0u);
  ASSERT_EQ(measured.succeeded(), 2000u);

  const absl::Duration spacing = absl::Seconds(1 / kRate);
  const Histogram response_times = measured.response_times();
  const absl::Duration p99 = response_times.ValueAtQuantile(0.99);
  EXPECT_GE(response_times.max(), stall - spacing);
  EXPECT_GE(p99, stall - kDuration / 100 - 2 * spacing);

  // What waits for the answer before it sends again has hardly a slow call: p99 is no trace of the stall.
  const Measurement& hidden = closed_result->measurement;
  EXPECT_GT(hidden.calls(), 400u + 1);  // Else four calls of all are more than 1 %.
  EXPECT_LT(hidden.service_times().ValueAtQuantile(0.99), p99 / 2);
  RecordProperty("stall_ms", static_cast<int>(absl::ToInt64Milliseconds(stall)));
  std::printf("stall %s; open loop: p99 %s, max %s; closed loop, from the actual send: p99 %s, max %s, %d calls\n",
              absl::FormatDuration(stall).c_str(), absl::FormatDuration(p99).c_str(),
              absl::FormatDuration(response_times.max()).c_str(),
              absl::FormatDuration(hidden.service_times().ValueAtQuantile(0.99)).c_str(),
              absl::FormatDuration(hidden.service_times().max()).c_str(), static_cast<int>(hidden.calls()));
  EXPECT_TRUE((*server)->Stop().ok());
}

}  // namespace
}  // namespace meanwhile
