// RunLoad against a server in the test's own process.

#include "loadtest/load/load_run.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "loadtest/load/schedule.h"
#include "tests/client/test_server.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using namespace std::chrono_literals;

LoadOptions OptionsFor(const TestServer& server) {
  LoadOptions options;
  options.target = server.target();
  options.in_flight = 20;
  options.connections = 4;
  options.loops = 2;
  options.duration = absl::Milliseconds(200);
  return options;
}

class CountingObserver final : public LoadObserver {
 public:
  void OnMeasuredTimeBegins() override {
    ++begins;
    begin = absl::Now();
  }
  void OnMeasuredTimeEnded() override { ++ends; }
  void OnProgress(const LoadProgress& progress) override {
    ++progresses;
    last = progress;
  }
  void OnInterval(const LoadInterval& interval) override {
    ++intervals;
    measured += interval.length;
    counts.Append(interval.counts);
  }

  int begins = 0;
  absl::Time begin;
  int ends = 0;
  int progresses = 0;
  LoadProgress last;
  int intervals = 0;
  absl::Duration measured;
  LiveCounts counts;
};

TEST(LoadRunTest, MeasuresAServer) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.request.mutable_wait()->mutable_simulated()->mutable_constant()->set_nanos(2'000'000);
  options.warmup = absl::Milliseconds(50);
  CountingObserver observer;
  const absl::StatusOr<LoadResult> result = RunLoad(options, &observer);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GT(result->measurement.calls(), 0u);
  EXPECT_EQ(result->measurement.calls(), result->measurement.succeeded());
  EXPECT_GE(result->measurement.response_times().min(), absl::Milliseconds(2));
  EXPECT_EQ(result->elapsed, absl::Milliseconds(200));
  EXPECT_GT(result->processor_time, absl::ZeroDuration());
  EXPECT_EQ(result->unfinished, 0u);
  EXPECT_LE(result->succeeded_in_time, result->measurement.succeeded());
  EXPECT_GT(result->busiest_loop_time, absl::ZeroDuration());
  EXPECT_LE(result->busiest_loop_time, result->processor_time);
  EXPECT_GT(result->connect_time, absl::ZeroDuration());
  EXPECT_FALSE(result->interrupted);
  EXPECT_EQ(server.peers(), 4u);
  ASSERT_EQ(result->targets.size(), 1u);
  EXPECT_EQ(result->targets[0].opened, 4u);
  EXPECT_EQ(result->targets[0].standing, 4u);
  EXPECT_EQ(observer.begins, 1);
  EXPECT_EQ(observer.ends, 1);
}

TEST(LoadRunTest, WarmsUpUntilEveryCallerHasHadAnAnswer) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.request.mutable_wait()->mutable_simulated()->mutable_constant()->set_nanos(150'000'000);
  options.warmup = absl::Milliseconds(1);
  options.longest_warmup = absl::Minutes(1);
  CountingObserver observer;
  const absl::Time start = absl::Now();
  const absl::StatusOr<LoadResult> result = RunLoad(options, &observer);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(observer.begin - start, absl::Milliseconds(150));
  EXPECT_EQ(result->elapsed, absl::Milliseconds(200));
  EXPECT_GT(result->measurement.calls(), 0u);
}

TEST(LoadRunTest, MeasuresAfterTheLongestWarmUpThoughNobodyWasAnswered) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.request.mutable_wait()->mutable_simulated()->mutable_constant()->set_seconds(60);
  options.warmup = absl::Milliseconds(1);
  options.longest_warmup = absl::Milliseconds(50);
  options.patience = absl::Milliseconds(1);
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->measurement.calls(), 0u);
  EXPECT_EQ(result->unfinished, 20u);
}

TEST(LoadRunTest, TellsEachSecondOfTheMeasuredTime) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.duration = absl::Milliseconds(1300);
  options.warmup = absl::Milliseconds(100);
  options.shape.emplace().phases = {{100, 100}};
  CountingObserver observer;
  const absl::StatusOr<LoadResult> result = RunLoad(options, &observer);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GE(observer.intervals, 2);
  EXPECT_GE(observer.measured, absl::Seconds(1));
  EXPECT_GT(observer.counts.due, 0u);
  EXPECT_LE(observer.counts.due, result->scheduled);
  EXPECT_GT(observer.counts.calls(), 0u);
}

TEST(LoadRunTest, SendsExactlyTheTotal) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.total = 333;
  options.duration = absl::InfiniteDuration();
  CountingObserver observer;
  const absl::StatusOr<LoadResult> result = RunLoad(options, &observer);
  EXPECT_EQ(observer.counts.calls(), 333u);
  EXPECT_EQ(observer.counts.in_flight, 0);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->measurement.calls(), 333u);
  EXPECT_EQ(server.fetches(), 333u);
  EXPECT_GT(result->elapsed, absl::ZeroDuration());
  EXPECT_LT(result->elapsed, absl::Minutes(1));
}

TEST(LoadRunTest, SendsByAScheduleInAnOpenLoop) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.shape.emplace().phases = {{500, 500}};
  options.warmup = absl::Milliseconds(100);
  options.duration = absl::Milliseconds(400);
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->scheduled, 200u);
  EXPECT_EQ(result->scheduled_time, absl::Milliseconds(400));
  EXPECT_EQ(result->not_sent, 0u);
  EXPECT_EQ(result->measurement.calls(), 200u);
  EXPECT_EQ(result->measurement.succeeded(), 200u);
  EXPECT_EQ(server.fetches(), 250u);
  EXPECT_EQ(server.peers(), 4u);
  EXPECT_EQ(result->elapsed, absl::Milliseconds(400));
}

TEST(LoadRunTest, EndsAnOpenLoopWithItsShape) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.shape.emplace().phases = {{100, 300, absl::Milliseconds(500)}};
  options.duration = absl::InfiniteDuration();
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->scheduled, 100u);
  EXPECT_EQ(result->elapsed, absl::Milliseconds(500));
}

TEST(LoadRunTest, SendsExactlyTheTotalInAnOpenLoop) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.shape.emplace().phases = {{1000, 1000}};
  options.total = 101;
  options.duration = absl::InfiniteDuration();
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->measurement.succeeded(), 101u);
  EXPECT_EQ(server.fetches(), 101u);
}

TEST(LoadRunTest, SendsExactlyTheTotalInAnOpenLoopAlsoWhenThereAreMoreLoops) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.shape.emplace().phases = {{1000, 1000}};
  options.total = 1;
  options.duration = absl::Minutes(1);
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->loops, 1u);
  EXPECT_EQ(result->scheduled, 1u);
  EXPECT_EQ(result->measurement.succeeded(), 1u);
  EXPECT_EQ(server.fetches(), 1u);
}

// The time until the last answer is the server's; the rate that was offered is not.
TEST(LoadRunTest, TellsForHowLongTheTotalWasDueAndHowLongItTook) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.shape.emplace().phases = {{1000, 1000}};
  options.total = 100;
  options.duration = absl::InfiniteDuration();
  options.warmup = absl::Milliseconds(20);
  options.request.mutable_wait()->mutable_simulated()->mutable_constant()->set_nanos(200'000'000);
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->scheduled, 100u);
  EXPECT_EQ(result->scheduled_time, absl::Milliseconds(100));
  EXPECT_GE(result->elapsed, absl::Milliseconds(299));
}

LoadShape Replay(std::vector<std::chrono::nanoseconds> times) {
  LoadShape shape;
  shape.replay = std::make_shared<const std::vector<std::chrono::nanoseconds>>(std::move(times));
  return shape;
}

TEST(LoadRunTest, EndsAReplayWithItsLastAnswer) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.duration = absl::InfiniteDuration();
  options.request.mutable_wait()->mutable_simulated()->mutable_constant()->set_nanos(20'000'000);
  options.shape = Replay({0ms, 0ms, 0ms});
  absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->scheduled, 3u);
  EXPECT_EQ(result->succeeded_in_time, 3u);
  EXPECT_EQ(result->scheduled_time, absl::ZeroDuration());
  EXPECT_GE(result->elapsed, absl::Milliseconds(20));

  options.shape = Replay({0ms, 10ms, 20ms, 30ms});
  result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->succeeded_in_time, 4u);
  EXPECT_EQ(result->scheduled_time, absl::Milliseconds(40));
  EXPECT_GE(result->elapsed, absl::Milliseconds(50));
}

TEST(LoadRunTest, EndsAReplayWithTheDurationWhenThatIsShorter) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.duration = absl::Milliseconds(50);
  options.shape = Replay({0ms, 10ms, 1h});
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->scheduled, 2u);
  EXPECT_EQ(result->elapsed, absl::Milliseconds(50));
  EXPECT_EQ(result->scheduled_time, absl::Milliseconds(50));
}

TEST(LoadRunTest, CountsWhatItDidNotSendInAnOpenLoop) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.shape.emplace().phases = {{1000, 1000}};
  options.max_in_flight = 8;
  options.request.mutable_wait()->mutable_simulated()->mutable_constant()->set_seconds(60);
  options.duration = absl::Milliseconds(100);
  options.patience = absl::Milliseconds(1);
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->scheduled, 100u);
  EXPECT_EQ(result->not_sent, 92u);
  EXPECT_EQ(result->unfinished, 8u);
  EXPECT_EQ(result->measurement.unfinished(), 8u);
  EXPECT_EQ(result->measurement.failed(), 0u);
}

TEST(LoadRunTest, RunsAgainAndAgainEachTimeOverNewConnections) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.total = 40;
  for (std::size_t round = 1; round <= 3; ++round) {
    ASSERT_TRUE(RunLoad(options).ok());
    EXPECT_EQ(server.fetches(), round * 40);
    EXPECT_EQ(server.peers(), round * 4);
  }
}

TEST(LoadRunTest, OpensNoMoreConnectionsAndLoopsThanThereAreCallers) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.in_flight = 1;
  options.total = 10;
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->connections, 1u);
  EXPECT_EQ(result->loops, 1u);
  EXPECT_EQ(server.peers(), 1u);
}

TEST(LoadRunTest, UsesEveryLoopAlsoOverOneConnection) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.engine = EngineKind::kGrpc;  // A connection of the other engine belongs to one loop.
  options.connections = 1;
  options.total = 100;
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->loops, 2u);
  EXPECT_EQ(result->measurement.succeeded(), 100u);
  EXPECT_EQ(server.peers(), 1u);
}

TEST(LoadRunTest, CountsTimeoutsAndErrors) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.total = 20;
  options.request.mutable_wait()->mutable_simulated()->mutable_constant()->set_seconds(60);
  options.timeout = absl::Milliseconds(20);
  absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->measurement.count(absl::StatusCode::kDeadlineExceeded), 20u);

  options.request.set_payload("fail");
  result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->measurement.count(absl::StatusCode::kUnavailable), 20u);
  EXPECT_EQ(result->measurement.ErrorGroups()[0].message, "as the test wants it");
}

TEST(LoadRunTest, CancelsCallsThatOutlastItsPatience) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.request.mutable_wait()->mutable_simulated()->mutable_constant()->set_seconds(60);
  options.duration = absl::Milliseconds(50);
  options.patience = absl::Milliseconds(50);
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->measurement.calls(), 0u);
  EXPECT_EQ(result->unfinished, 20u);
}

TEST(LoadRunTest, TellsWhatItHasWhenItIsStopped) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.duration = absl::Hours(1);
  absl::Notification stop;
  std::thread stopper([&] {
    EXPECT_TRUE(WaitUntil([&] { return server.fetches() >= 100; }));
    stop.Notify();
  });
  const absl::StatusOr<LoadResult> result = RunLoad(options, nullptr, [&stop] { return stop.HasBeenNotified(); });
  stopper.join();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->interrupted);
  EXPECT_GT(result->measurement.calls(), 0u);
  EXPECT_GT(result->elapsed, absl::ZeroDuration());
  EXPECT_LT(result->elapsed, absl::Minutes(1));
}

TEST(LoadRunTest, SeesThatTheServerWentAway) {
  auto server = std::make_unique<TestServer>();
  LoadOptions options = OptionsFor(*server);
  options.duration = absl::Seconds(2);
  std::thread killer([&] {
    EXPECT_TRUE(WaitUntil([&] { return server->fetches() >= 10; }));
    server.reset();
  });
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  killer.join();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GT(result->measurement.succeeded(), 0u);
  EXPECT_GT(result->measurement.count(absl::StatusCode::kUnavailable), 0u);
  ASSERT_EQ(result->targets.size(), 1u);
  EXPECT_EQ(result->targets[0].standing, 0u);
}

TEST(LoadRunTest, TellsNoMeasuredTimeWhenItIsStoppedBeforeThat) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.warmup = absl::Hours(1);
  absl::Notification stop;
  stop.Notify();
  CountingObserver observer;
  const absl::StatusOr<LoadResult> result = RunLoad(options, &observer, [&stop] { return stop.HasBeenNotified(); });
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->interrupted);
  EXPECT_EQ(result->measurement.calls(), 0u);
  EXPECT_EQ(result->elapsed, absl::ZeroDuration());
  EXPECT_EQ(observer.begins, 0);
  EXPECT_EQ(observer.ends, 0);
}

TEST(LoadRunTest, TellsProgress) {
  TestServer server;
  LoadOptions options = OptionsFor(server);
  options.request.mutable_wait()->mutable_simulated()->mutable_constant()->set_nanos(1'000'000);
  options.duration = absl::Milliseconds(1100);
  CountingObserver observer;
  ASSERT_TRUE(RunLoad(options, &observer).ok());
  EXPECT_GE(observer.progresses, 1);
  EXPECT_FALSE(observer.last.warming_up);
  EXPECT_GT(observer.last.rate, 0);
  EXPECT_GT(observer.last.p50, absl::ZeroDuration());
  EXPECT_LT(observer.last.time_left, absl::Milliseconds(700));
}

TEST(LoadRunTest, TellsWhichTargetItCannotReach) {
  LoadOptions options;
  options.target = "unix:/nobody/listens/here";
  options.connect_timeout = absl::Milliseconds(50);
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(result.status().message(),
            "cannot connect to unix:/nobody/listens/here within 50ms: No such file or directory");
}

}  // namespace
}  // namespace meanwhile
