#include "loadtest/closed_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace meanwhile {
namespace {

using namespace std::chrono_literals;

// An engine over a simulated clock: each call takes `service_time` and fails when `code` says so.
class FakeEngine final : public Engine {
 public:
  void Run(EngineDriver* driver) override {
    driver_ = driver;
    driver->OnStart();
    while (!stopped_ || !in_flight_.empty()) {
      const bool timer_first = timer_ && (in_flight_.empty() || *timer_ <= in_flight_.begin()->first);
      ASSERT_TRUE(timer_first || !in_flight_.empty()) << "the engine waits for ever";
      if (timer_first) {
        now = *std::exchange(timer_, std::nullopt);
        if (on_tick) on_tick();
        driver->OnTimer();
      } else {
        const auto [end, slot] = *in_flight_.begin();
        in_flight_.erase(in_flight_.begin());
        now = end;
        driver->OnCallEnded(slot, {code, "message"});
      }
    }
  }
  void Send(std::size_t slot) override {
    EXPECT_FALSE(stopped_);
    for (const auto& [end, busy] : in_flight_) EXPECT_NE(busy, slot) << "two calls in one slot";
    in_flight_.emplace(now + service_time, slot);
    most_in_flight = std::max(most_in_flight, in_flight_.size());
    sent.push_back(now);
  }
  void CancelCalls() override {
    ++cancels;
    code = absl::StatusCode::kCancelled;
    std::multimap<LoadTime, std::size_t> cancelled;
    for (const auto& [end, slot] : in_flight_) cancelled.emplace(now, slot);
    in_flight_ = std::move(cancelled);
  }
  void SetTimer(LoadTime due) override { timer_ = due; }
  void Stop() override {
    EXPECT_FALSE(stopped_);
    stopped_ = true;
    timer_.reset();
  }

  LoadTime now{1h};
  std::chrono::nanoseconds service_time = 50ms;
  absl::StatusCode code = absl::StatusCode::kOk;
  std::function<void()> on_tick;
  std::vector<LoadTime> sent;
  std::size_t most_in_flight = 0;
  int cancels = 0;

 private:
  EngineDriver* driver_ = nullptr;
  std::multimap<LoadTime, std::size_t> in_flight_;
  std::optional<LoadTime> timer_;
  bool stopped_ = false;
};

class ClosedLoopTest : public testing::Test {
 protected:
  // Runs a closed loop whose measured time is [begin, end) after the start.
  void Run(std::chrono::nanoseconds begin, std::chrono::nanoseconds end, ClosedLoopOptions options) {
    time_.begin = start_ + begin;
    time_.end = start_ + end;
    options.now = [this] { return engine_.now; };
    loop_.emplace(&engine_, &time_, options);
    engine_.Run(&*loop_);
  }
  uint64_t calls() const { return loop_->measurement().calls(); }

  FakeEngine engine_;
  const LoadTime start_ = engine_.now;
  MeasuredTime time_;
  std::optional<ClosedLoop> loop_;
};

TEST_F(ClosedLoopTest, SendsEachCallersNextCallWhenItsLastReturns) {
  Run(0ms, 1001ms, {.callers = 10});
  EXPECT_EQ(calls(), 10u * 20);
  EXPECT_EQ(engine_.most_in_flight, 10u);
  EXPECT_EQ(loop_->measurement().response_times().min(), absl::Milliseconds(50));
  EXPECT_EQ(loop_->measurement().response_times().max(), absl::Milliseconds(50));
}

TEST_F(ClosedLoopTest, CountsExactlyTheCallsThatEndInTheMeasuredTime) {
  Run(100ms, 300ms, {.callers = 3});  // They end at 50, 100, 150, 200, 250 and 300 ms.
  EXPECT_EQ(calls(), 3u * 4);
  EXPECT_EQ(loop_->last_end() - start_, 250ms);
}

TEST_F(ClosedLoopTest, SendsNothingFromTheEndOn) {
  Run(0ms, 100ms, {.callers = 3});
  EXPECT_EQ(engine_.sent.size(), 3u * 2);
  EXPECT_EQ(engine_.cancels, 0);
  EXPECT_EQ(loop_->cancelled(), 0u);
}

TEST_F(ClosedLoopTest, SpreadsTheStartOfItsCallers) {
  Run(0ms, 1s, {.callers = 100, .start_spread = 40ms});
  for (std::size_t i = 0; i < 100; ++i) {
    const std::chrono::nanoseconds due = i * 400us;
    EXPECT_GE(engine_.sent[i] - start_, due - 1ms) << i;
    EXPECT_LE(engine_.sent[i] - start_, due + 1ms) << i;
  }
}

TEST_F(ClosedLoopTest, CountsAndSendsExactlyTheTotal) {
  Run(0ms, 1h, {.callers = 10, .total = 25});
  EXPECT_EQ(calls(), 25u);
  EXPECT_EQ(engine_.sent.size(), 25u);
  EXPECT_EQ(loop_->last_end() - start_, 150ms);
}

TEST_F(ClosedLoopTest, CountsExactlyTheTotalAfterAWarmUp) {
  Run(130ms, 1h, {.callers = 10, .total = 25});
  EXPECT_EQ(calls(), 25u);
  EXPECT_EQ(loop_->last_end() - start_, 250ms);  // Ten at 150 ms, ten at 200 ms, five at 250 ms.
}

TEST_F(ClosedLoopTest, CountsEveryCallWhateverItsStatus) {
  engine_.code = absl::StatusCode::kUnavailable;
  Run(0ms, 101ms, {.callers = 3});
  EXPECT_EQ(loop_->measurement().count(absl::StatusCode::kUnavailable), 6u);
  EXPECT_EQ(loop_->measurement().response_times().count(), 6u);
  EXPECT_EQ(loop_->measurement().succeeded(), 0u);
}

TEST_F(ClosedLoopTest, CancelsWhatHasNotEndedWhenItsPatienceHas) {
  engine_.service_time = 24h;
  Run(0ms, 100ms, {.callers = 3, .patience = 2s});
  EXPECT_EQ(engine_.cancels, 1);
  EXPECT_EQ(loop_->cancelled(), 3u);
  EXPECT_EQ(calls(), 0u);
  EXPECT_GE(engine_.now - start_, 2100ms);
  EXPECT_LE(engine_.now - start_, 2200ms);
}

TEST_F(ClosedLoopTest, EndsEarlyWhenTheEndIsMoved) {
  engine_.on_tick = [this] {
    if (engine_.now - start_ >= 200ms && time_.end.load() > engine_.now) time_.end = engine_.now;
  };
  Run(0ms, 1h, {.callers = 3});
  EXPECT_GE(calls(), 3u * 3);
  EXPECT_LE(calls(), 3u * 4);
  EXPECT_LE(engine_.now - start_, 300ms);
}

TEST_F(ClosedLoopTest, EndsAtOnceWhenItIsStoppedWhileCallersStart) {
  engine_.on_tick = [this] { time_.end = engine_.now; };
  Run(10s, 20s, {.callers = 1000, .start_spread = 1s});
  EXPECT_LT(engine_.sent.size(), 10u);
  EXPECT_LE(engine_.now - start_, 100ms);
}

}  // namespace
}  // namespace meanwhile
