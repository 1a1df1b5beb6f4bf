#include "loadtest/load/open_loop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "loadtest/load/schedule.h"
#include "tests/loadtest/load/fake_engine.h"

namespace meanwhile {
namespace {

using namespace std::chrono_literals;

class OpenLoopTest : public testing::Test {
 protected:
  // Runs an open loop at `rate` whose measured time is [begin, end) after the start.
  void Run(double rate, std::chrono::nanoseconds begin, std::chrono::nanoseconds end, OpenLoopOptions options = {},
           std::size_t part = 0, std::size_t parts = 1) {
    shape_.phases = {{rate, rate}};
    time_.begin = start_ + begin;
    time_.end = start_ + end;
    options.start = start_;
    if (options.max_in_flight == 1) options.max_in_flight = 1000;
    options.now = [this] { return engine_.now; };
    loop_.emplace(&engine_, &time_, Schedule(&shape_, part, parts), options);
    engine_.Run(&*loop_);
  }
  const LoopCounts& counts() const { return loop_->counts(); }
  const Measurement& measurement() const { return loop_->counts().measurement; }

  LoadShape shape_;
  FakeEngine engine_;
  const LoadTime start_ = engine_.now;
  MeasuredTime time_;
  std::optional<OpenLoop> loop_;
};

TEST_F(OpenLoopTest, SendsAtTheTimesOfItsScheduleWhateverReturns) {
  engine_.service_time = 24h;
  Run(100, 0ms, 1s);
  ASSERT_EQ(engine_.sent.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(engine_.sent[i] - start_, i * 10ms);
}

TEST_F(OpenLoopTest, SendsItsPartOfTheSchedule) {
  Run(100, 0ms, 1s, {}, /*part=*/3, /*parts=*/4);
  ASSERT_EQ(engine_.sent.size(), 25u);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(engine_.sent[i] - start_, 30ms + i * 40ms);
}

TEST_F(OpenLoopTest, CountsTheCallsThatAreIntendedInTheMeasuredTime) {
  Run(100, 500ms, 1s);
  EXPECT_EQ(engine_.sent.size(), 100u);
  EXPECT_EQ(counts().scheduled, 50u);
  EXPECT_EQ(measurement().succeeded(), 50u);
  EXPECT_EQ(counts().not_sent, 0u);
  // Those sent at 950 ms and after, the first of which ends just when the measured time has.
  EXPECT_EQ(counts().in_flight_at_end, 5u);
  EXPECT_EQ(counts().unfinished, 0u);
  EXPECT_EQ(counts().succeeded_in_time, 50u);  // From 500 ms to 990 ms, some of them sent before.
}

// A server that answers nothing from 1 s to 2 s: the call that is intended at 1 s + d waits for 1 s - d.
TEST_F(OpenLoopTest, CountsAStallFromTheIntendedSend) {
  engine_.answered_at = [this](LoadTime sent) {
    const LoadTime end = sent + 5ms;
    return end >= start_ + 1s && end < start_ + 2s ? start_ + 2s : end;
  };
  Run(1000, 0s, 4s, {.max_in_flight = 2000});
  EXPECT_EQ(measurement().calls(), 4000u);
  // Of 4,000 calls the slowest 1 % are the 40 that were sent in the stall's first 40 ms.
  EXPECT_EQ(measurement().response_times().max(), absl::Milliseconds(1005));
  EXPECT_NEAR(absl::ToDoubleMilliseconds(measurement().response_times().ValueAtQuantile(0.99)), 965, 2);
}

TEST_F(OpenLoopTest, CountsItsOwnLatenessAsDispatchDelayAndMovesNoIntendedTime) {
  engine_.timer_lateness = 3ms;
  engine_.service_time = 55ms;  // No call ends while a timer is late.
  Run(100, 0ms, 1s);
  EXPECT_EQ(measurement().calls(), 100u);
  EXPECT_EQ(measurement().dispatch_delays().max(), absl::Milliseconds(3));
  EXPECT_GE(measurement().dispatch_delays().ValueAtQuantile(0.02), absl::Milliseconds(3));  // All but the first.
  EXPECT_NEAR(absl::ToDoubleMilliseconds(measurement().service_times().ValueAtQuantile(0.5)), 55, 0.1);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(measurement().response_times().ValueAtQuantile(0.5)), 58, 0.1);
}

TEST_F(OpenLoopTest, CatchesUpAfterItWasHeldUp) {
  bool held = false;
  engine_.on_tick = [this, &held] {
    if (!held && engine_.now >= start_ + 300ms) {
      held = true;
      engine_.now += 200ms;
    }
  };
  Run(1000, 0ms, 1s);
  EXPECT_TRUE(held);
  EXPECT_EQ(engine_.sent.size(), 1000u);
  EXPECT_EQ(measurement().calls(), 1000u);
  EXPECT_EQ(measurement().dispatch_delays().max(), absl::Milliseconds(200));
  EXPECT_LT(measurement().dispatch_delays().ValueAtQuantile(0.79), absl::Microseconds(1));
}

TEST_F(OpenLoopTest, CountsAsNotSentWhatWouldGoOverTheMostInFlight) {
  engine_.service_time = 100ms;
  Run(100, 0ms, 1s, {.max_in_flight = 4});
  // Of each ten calls in 100 ms, the first four find a place.
  EXPECT_EQ(engine_.most_in_flight, 4u);
  EXPECT_EQ(counts().scheduled, 100u);
  EXPECT_EQ(counts().not_sent + measurement().calls(), 100u);
  EXPECT_EQ(measurement().calls(), engine_.sent.size());
  EXPECT_NEAR(static_cast<double>(counts().not_sent), 60, 4);
}

TEST_F(OpenLoopTest, GivesUpWhatHasNotEndedWhenItsPatienceHas) {
  engine_.service_time = 24h;
  Run(10, 0ms, 1s, {.patience = 2s});
  EXPECT_EQ(engine_.cancels, 1);
  EXPECT_EQ(counts().in_flight_at_end, 10u);
  EXPECT_EQ(counts().unfinished, 10u);
  EXPECT_EQ(measurement().unfinished(), 10u);
  EXPECT_EQ(measurement().calls(), 10u);
  EXPECT_EQ(measurement().failed(), 0u);
  EXPECT_TRUE(measurement().ErrorGroups().empty());
  EXPECT_GE(measurement().response_times().max(), absl::Seconds(3));
  EXPECT_LE(engine_.now - start_, 3100ms);
}

TEST_F(OpenLoopTest, CountsAsNotSentWhatItHadNotComeToWhenItsPatienceEnded) {
  engine_.on_tick = [this] { engine_.now += 400ms; };  // A loop that turns twice a second.
  Run(1000, 0ms, 10s, {.patience = 1s});
  EXPECT_EQ(counts().scheduled, 10'000u);
  EXPECT_EQ(counts().not_sent, 10'000u - engine_.sent.size());
  EXPECT_GT(counts().not_sent, 5000u);
}

TEST_F(OpenLoopTest, SendsExactlyTheTotalOfTheMeasuredTime) {
  Run(100, 500ms, 1h, {.total = 70});
  EXPECT_EQ(measurement().calls(), 70u);
  EXPECT_EQ(engine_.sent.size(), 120u);
  EXPECT_EQ(counts().last_end - start_, 500ms + 690ms + 50ms);
}

TEST_F(OpenLoopTest, EndsWithItsSchedule) {
  shape_.replay = std::make_shared<const std::vector<std::chrono::nanoseconds>>(
      std::vector<std::chrono::nanoseconds>{1ms, 2ms, 2ms});
  Run(0, 0ms, 1h);
  EXPECT_EQ(measurement().calls(), 3u);
  EXPECT_EQ(engine_.now - start_, 52ms);
}

TEST_F(OpenLoopTest, EndsEarlyWhenTheEndIsMoved) {
  engine_.on_tick = [this] {
    if (engine_.now >= start_ + 200ms && time_.end.load() > engine_.now) time_.end = engine_.now;
  };
  Run(100, 0ms, 1h);
  EXPECT_EQ(counts().scheduled, 20u);
  EXPECT_EQ(measurement().calls(), 20u);
}

TEST_F(OpenLoopTest, TakesTurnsOverTheConnections) {
  engine_.service_time = 1ms;  // One call at a time.
  Run(100, 0ms, 60ms, {.max_in_flight = 100, .connections = 3});
  std::vector<std::size_t> connections;
  for (const std::size_t slot : engine_.slots) connections.push_back(slot % 3);
  EXPECT_EQ(connections, (std::vector<std::size_t>{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(std::set<std::size_t>(engine_.slots.begin(), engine_.slots.end()).size(), 3u);
}

TEST_F(OpenLoopTest, CountsEachMethodByItself) {
  CallPlan plan;
  plan.methods = {{.path = "/a.B/C"}, {.path = "/a.B/D"}};
  engine_.methods = 2;
  engine_.answered_at = [this](LoadTime sent) { return sent - start_ < 800ms ? sent + 50ms : LoadTime::max(); };
  Run(100, 500ms, 1s, {.patience = 1s, .plan = &plan});
  const std::vector<MethodCounts>& methods = loop_->methods()->counts();
  ASSERT_EQ(methods.size(), 2u);
  for (const MethodCounts& method : methods) {
    EXPECT_EQ(method.measurement.calls(), 25u);
    EXPECT_EQ(method.measurement.succeeded(), 15u);
    EXPECT_EQ(method.measurement.unfinished(), 10u);
    EXPECT_EQ(method.measurement.failed(), 0u);
  }
  EXPECT_EQ(measurement().calls(), 50u);
  EXPECT_EQ(methods[0].succeeded_in_time + methods[1].succeeded_in_time, counts().succeeded_in_time);
  EXPECT_GE(methods[0].succeeded_in_time, 17u) << "those too that were sent before";
}

TEST_F(OpenLoopTest, CountsCallsByTheirStatus) {
  engine_.code = absl::StatusCode::kUnavailable;
  Run(100, 0ms, 100ms);
  EXPECT_EQ(measurement().count(absl::StatusCode::kUnavailable), 10u);
  EXPECT_EQ(measurement().response_times(absl::StatusCode::kUnavailable)->count(), 10u);
  EXPECT_EQ(measurement().response_times(absl::StatusCode::kOk), nullptr);
  EXPECT_EQ(counts().succeeded_in_time, 0u);
}

}  // namespace
}  // namespace meanwhile
