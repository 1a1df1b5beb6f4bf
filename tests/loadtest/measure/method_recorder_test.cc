#include "loadtest/measure/method_recorder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>

#include "loadtest/measure/verdict.h"

namespace meanwhile {
namespace {

using namespace std::chrono_literals;

CallPlan PlanOf(std::vector<TargetMethod> methods) {
  CallPlan plan;
  plan.methods = std::move(methods);
  return plan;
}

TEST(MethodRecorderTest, IsThereOnlyWhenNamesDiffer) {
  EXPECT_EQ(MethodRecorder::For(nullptr, 1), nullptr);
  const CallPlan one = PlanOf({{.path = "/a.B/C"}});
  EXPECT_EQ(MethodRecorder::For(&one, 1), nullptr);
  const CallPlan same = PlanOf({{.path = "/a.B/C"}, {.path = "/a.B/D", .label = "a.B/C"}});
  EXPECT_EQ(MethodRecorder::For(&same, 1), nullptr);
  const CallPlan two = PlanOf({{.path = "/a.B/C"}, {.path = "/a.B/C", .label = "other"}});
  ASSERT_NE(MethodRecorder::For(&two, 1), nullptr);
  EXPECT_EQ(MethodRecorder::For(&two, 1)->counts().size(), 2u);
}

TEST(MethodRecorderTest, CountsACallForTheNameOfItsMethod) {
  const CallPlan plan = PlanOf({{.path = "/a.B/C"}, {.path = "/a.B/D"}, {.path = "/a.B/E", .label = "a.B/C"}});
  MethodRecorder recorder(plan, 2);
  const auto call = [&recorder](std::size_t slot, std::size_t method, std::chrono::nanoseconds time) {
    recorder.OnSent(slot, method);
    recorder.OnEnded(slot, {time, time}, absl::StatusCode::kOk, Verdict::kSucceeded);
    recorder.Of(slot).measurement.Record({time, time}, absl::StatusCode::kOk, "");
    ++recorder.Of(slot).succeeded_in_time;
  };
  recorder.OnSent(1, 1);  // In flight all the time, and never recorded.
  call(0, 0, 1ms);
  call(0, 2, 2ms);
  call(0, 1, 3ms);
  ASSERT_EQ(recorder.counts().size(), 2u);
  EXPECT_EQ(recorder.counts()[0].name, "a.B/C");
  EXPECT_EQ(recorder.counts()[1].name, "a.B/D");
  EXPECT_EQ(recorder.counts()[0].measurement.calls(), 2u);
  EXPECT_EQ(recorder.counts()[0].measurement.response_times().max(), absl::Milliseconds(2));
  EXPECT_EQ(recorder.counts()[0].succeeded_in_time, 2u);
  EXPECT_EQ(recorder.counts()[1].measurement.calls(), 1u);
  EXPECT_EQ(recorder.counts()[1].measurement.response_times().min(), absl::Milliseconds(3));
  LiveCounts first;
  recorder.live_stats()[0].AddTo(&first);
  EXPECT_EQ(first.calls(), 2u);
  EXPECT_EQ(first.in_flight, 0);
  LiveCounts second;
  recorder.live_stats()[1].AddTo(&second);
  EXPECT_EQ(second.calls(), 1u);
  EXPECT_EQ(second.in_flight, 1);
}

TEST(MethodRecorderTest, LiveFiguresTellTheStatusAndWhetherItWasAFailure) {
  const CallPlan plan = PlanOf({{.path = "/a.B/C"}, {.path = "/a.B/D"}});
  MethodRecorder recorder(plan, 1);
  for (const std::size_t method : {0u, 1u}) {
    recorder.OnSent(0, method);
    recorder.OnEnded(0, {1ms, 1ms}, absl::StatusCode::kNotFound, method == 0 ? Verdict::kSucceeded : Verdict::kFailed);
  }
  constexpr auto kNotFound = static_cast<std::size_t>(absl::StatusCode::kNotFound);
  LiveCounts first;
  recorder.live_stats()[0].AddTo(&first);
  EXPECT_EQ(first.succeeded_with[kNotFound], 1u);
  EXPECT_EQ(first.failed(), 0u);
  LiveCounts second;
  recorder.live_stats()[1].AddTo(&second);
  EXPECT_EQ(second.succeeded(), 0u);
  EXPECT_EQ(second.failed_with[kNotFound], 1u);
}

}  // namespace
}  // namespace meanwhile
