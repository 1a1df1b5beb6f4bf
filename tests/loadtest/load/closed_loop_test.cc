#include "loadtest/load/closed_loop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"
#include "loadtest/measure/answer_checker.h"
#include "loadtest/measure/live_stats.h"
#include "loadtest/measure/verdict.h"
#include "tests/loadtest/load/fake_engine.h"

namespace meanwhile {
namespace {

using namespace std::chrono_literals;

// Judges all calls alike.
class FixedVerdict final : public AnswerChecker {
 public:
  explicit FixedVerdict(Verdict verdict) : verdict_(verdict) {}
  void OnSent(std::size_t /*slot*/, std::size_t /*method*/) override {}
  void OnMessage(std::size_t /*slot*/, absl::string_view /*message*/) override {}
  JudgedEnd OnCallEnded(std::size_t /*slot*/, const CallEnd& /*end*/) override { return {verdict_, "why"}; }

 private:
  const Verdict verdict_;
};

class ClosedLoopTest : public testing::Test {
 protected:
  // Runs a closed loop whose measured time is [begin, end) after the start.
  void Run(std::chrono::nanoseconds begin, std::chrono::nanoseconds end, ClosedLoopOptions options) {
    time_.begin = start_ + begin;
    time_.end = start_ + end;
    options.now = [this] { return engine_.now; };
    loop_.emplace(&engine_, &time_, options);
    if (checker_ != nullptr) loop_->set_checker(std::move(checker_));
    engine_.Run(&*loop_);
  }
  uint64_t calls() const { return loop_->counts().measurement.calls(); }

  FakeEngine engine_;
  const LoadTime start_ = engine_.now;
  MeasuredTime time_;
  std::unique_ptr<AnswerChecker> checker_;
  std::optional<ClosedLoop> loop_;
};

TEST_F(ClosedLoopTest, SendsEachCallersNextCallWhenItsLastReturns) {
  Run(0ms, 1001ms, {.callers = 10});
  EXPECT_EQ(calls(), 10u * 20);
  EXPECT_EQ(engine_.most_in_flight, 10u);
  EXPECT_EQ(loop_->counts().measurement.response_times().min(), absl::Milliseconds(50));
  EXPECT_EQ(loop_->counts().measurement.response_times().max(), absl::Milliseconds(50));
}

TEST_F(ClosedLoopTest, CountsExactlyTheCallsThatEndInTheMeasuredTime) {
  Run(100ms, 300ms, {.callers = 3});  // They end at 50, 100, 150, 200, 250 and 300 ms.
  EXPECT_EQ(calls(), 3u * 4);
  EXPECT_EQ(loop_->counts().last_end - start_, 250ms);
}

TEST_F(ClosedLoopTest, SendsNothingFromTheEndOn) {
  Run(0ms, 100ms, {.callers = 3});
  EXPECT_EQ(engine_.sent.size(), 3u * 2);
  EXPECT_EQ(loop_->counts().in_flight_at_end, 3u);  // Their second calls end with the measured time.
  EXPECT_EQ(engine_.cancels, 0);
  EXPECT_EQ(loop_->counts().unfinished, 0u);
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
  EXPECT_EQ(loop_->counts().last_end - start_, 150ms);
}

TEST_F(ClosedLoopTest, CountsExactlyTheTotalAfterAWarmUp) {
  Run(130ms, 1h, {.callers = 10, .total = 25});
  EXPECT_EQ(calls(), 25u);
  EXPECT_EQ(loop_->counts().last_end - start_, 250ms);  // Ten at 150 ms, ten at 200 ms, five at 250 ms.
}

TEST_F(ClosedLoopTest, CountsEveryCallWhateverItsStatus) {
  engine_.code = absl::StatusCode::kUnavailable;
  Run(0ms, 101ms, {.callers = 3});
  EXPECT_EQ(loop_->counts().measurement.count(absl::StatusCode::kUnavailable), 6u);
  EXPECT_EQ(loop_->counts().measurement.response_times().count(), 6u);
  EXPECT_EQ(loop_->counts().measurement.succeeded(), 0u);
}

TEST_F(ClosedLoopTest, TellsThoseWhoLookOnTheStatusThatCallsEndedWith) {
  engine_.code = absl::StatusCode::kDeadlineExceeded;
  Run(0ms, 101ms, {.callers = 3});
  LiveCounts counts;
  loop_->live_stats().AddTo(&counts);
  EXPECT_EQ(counts.failed_with[static_cast<std::size_t>(absl::StatusCode::kDeadlineExceeded)], 9u);
  EXPECT_EQ(counts.failed(), 9u);
  EXPECT_EQ(counts.succeeded(), 0u);
}

TEST_F(ClosedLoopTest, TellsThoseWhoLookOnAnExpectedStatusAsASuccess) {
  engine_.code = absl::StatusCode::kNotFound;
  checker_ = std::make_unique<FixedVerdict>(Verdict::kSucceeded);
  Run(0ms, 101ms, {.callers = 3});
  LiveCounts counts;
  loop_->live_stats().AddTo(&counts);
  EXPECT_EQ(counts.succeeded_with[static_cast<std::size_t>(absl::StatusCode::kNotFound)], 9u);
  EXPECT_EQ(counts.failed(), 0u);
}

TEST_F(ClosedLoopTest, TellsThoseWhoLookOnAWrongAnswerAsAFailureWithOk) {
  CallPlan plan;
  plan.methods = {{.path = "/a.B/C"}, {.path = "/a.B/D"}};
  engine_.methods = 2;
  checker_ = std::make_unique<FixedVerdict>(Verdict::kWrongAnswer);
  Run(0ms, 101ms, {.callers = 4, .plan = &plan});
  LiveCounts counts;
  loop_->live_stats().AddTo(&counts);
  EXPECT_EQ(counts.failed_with[static_cast<std::size_t>(absl::StatusCode::kOk)], 12u);
  EXPECT_EQ(counts.succeeded(), 0u);
  for (const LiveStats& stats : loop_->methods()->live_stats()) {
    LiveCounts of_method;
    stats.AddTo(&of_method);
    EXPECT_EQ(of_method.failed_with[static_cast<std::size_t>(absl::StatusCode::kOk)], 6u);
    EXPECT_EQ(of_method.succeeded(), 0u);
  }
}

TEST_F(ClosedLoopTest, CountsEachMethodByItself) {
  CallPlan plan;
  plan.methods = {{.path = "/a.B/C"}, {.path = "/a.B/D"}};
  engine_.methods = 2;
  Run(100ms, 301ms, {.callers = 4, .plan = &plan});
  const std::vector<MethodCounts>& methods = loop_->methods()->counts();
  ASSERT_EQ(methods.size(), 2u);
  EXPECT_EQ(calls(), 20u);
  for (const MethodCounts& method : methods) {
    EXPECT_EQ(method.measurement.calls(), 10u);
    EXPECT_EQ(method.measurement.succeeded(), 10u);
    EXPECT_EQ(method.succeeded_in_time, 10u);
  }
  CallPlan one;
  one.methods = {{.path = "/a.B/C"}};
  ClosedLoop alone(&engine_, &time_, {.callers = 1, .plan = &one});
  EXPECT_EQ(alone.methods(), nullptr);
}

TEST_F(ClosedLoopTest, CancelsWhatHasNotEndedWhenItsPatienceHas) {
  engine_.service_time = 24h;
  Run(0ms, 100ms, {.callers = 3, .patience = 2s});
  EXPECT_EQ(engine_.cancels, 1);
  EXPECT_EQ(loop_->counts().unfinished, 3u);
  EXPECT_EQ(calls(), 0u);
  EXPECT_GE(engine_.now - start_, 2100ms);
  EXPECT_LE(engine_.now - start_, 2200ms);
}

TEST_F(ClosedLoopTest, ThinksBetweenCallsAndCountsFromTheEndOfTheThought) {
  engine_.timer_lateness = 2ms;
  Run(0ms, 1s, {.callers = 4, .think_time = 150ms});
  // A round is 50 ms of call, 150 ms of thought and 2 ms until the timer was heard.
  EXPECT_EQ(calls(), 4u * 5);
  EXPECT_EQ(engine_.sent[4] - engine_.sent[0], 202ms);
  EXPECT_EQ(loop_->counts().measurement.response_times().max(), absl::Milliseconds(52));
  EXPECT_EQ(loop_->counts().measurement.service_times().max(), absl::Milliseconds(50));
  EXPECT_EQ(loop_->counts().measurement.dispatch_delays().max(), absl::Milliseconds(2));
}

TEST_F(ClosedLoopTest, EndsWhileItsCallersThink) {
  Run(0ms, 100ms, {.callers = 4, .think_time = 24h});
  EXPECT_EQ(calls(), 4u);
  EXPECT_LE(engine_.now - start_, 200ms);
}

TEST_F(ClosedLoopTest, CountsExactlyTheTotalOfCallersThatThink) {
  Run(0ms, 1h, {.callers = 10, .total = 25, .think_time = 1s});
  EXPECT_EQ(calls(), 25u);
  EXPECT_EQ(engine_.sent.size(), 25u);
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
