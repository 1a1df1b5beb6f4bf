#include "loadtest/measure/measurement.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace meanwhile {
namespace {

using namespace std::chrono_literals;
using absl::StatusCode;

TEST(MeasurementTest, CountsCallsByStatus) {
  Measurement measurement;
  measurement.Record({1ms, 1ms}, StatusCode::kOk, "");
  measurement.Record({2ms, 2ms}, StatusCode::kOk, "");
  measurement.Record({3ms, 3ms}, StatusCode::kUnavailable, "gone");
  EXPECT_EQ(measurement.calls(), 3u);
  EXPECT_EQ(measurement.succeeded(), 2u);
  EXPECT_EQ(measurement.count(StatusCode::kUnavailable), 1u);
  EXPECT_EQ(measurement.response_times().max(), absl::Milliseconds(3));
}

TEST(MeasurementTest, TellsResponseFromServiceTimeAndTheirDifference) {
  Measurement measurement;
  measurement.Record({.response = 5ms, .service = 2ms}, StatusCode::kOk, "");
  EXPECT_EQ(measurement.response_times().max(), absl::Milliseconds(5));
  EXPECT_EQ(measurement.service_times().max(), absl::Milliseconds(2));
  EXPECT_EQ(measurement.dispatch_delays().max(), absl::Milliseconds(3));
}

TEST(MeasurementTest, TellsResponseTimesByStatus) {
  Measurement measurement;
  measurement.Record({1ms, 1ms}, StatusCode::kOk, "");
  measurement.Record({9ms, 9ms}, StatusCode::kAborted, "a");
  EXPECT_EQ(measurement.response_times(StatusCode::kOk)->max(), absl::Milliseconds(1));
  EXPECT_EQ(measurement.response_times(StatusCode::kAborted)->min(), absl::Milliseconds(9));
  EXPECT_EQ(measurement.response_times(StatusCode::kInternal), nullptr);
  EXPECT_EQ(measurement.response_times().count(), 2u);
}

TEST(MeasurementTest, CountsCallsThatWereGivenUpAsNeitherSuccessNorError) {
  Measurement measurement;
  measurement.Record({1ms, 1ms}, StatusCode::kOk, "");
  measurement.Record({1ms, 1ms}, StatusCode::kAborted, "a");
  measurement.RecordUnfinished({5s, 5s});
  EXPECT_EQ(measurement.calls(), 3u);
  EXPECT_EQ(measurement.succeeded(), 1u);
  EXPECT_EQ(measurement.failed(), 1u);
  EXPECT_EQ(measurement.unfinished(), 1u);
  EXPECT_EQ(measurement.response_times().max(), absl::Seconds(5));
}

TEST(MeasurementTest, CountsCallsAsTheyWereJudgedWhateverTheirStatus) {
  Measurement measurement;
  measurement.Record({1ms, 1ms}, absl::StatusCode::kNotFound, Verdict::kSucceeded, "");
  measurement.Record({2ms, 2ms}, absl::StatusCode::kOk, Verdict::kFailed, "expected status NOT_FOUND");
  measurement.Record({3ms, 3ms}, absl::StatusCode::kOk, Verdict::kWrongAnswer, "expected a=1, was 2");
  Measurement sum;
  sum.Add(measurement);
  sum.Add(measurement);
  EXPECT_EQ(sum.calls(), 6u);
  EXPECT_EQ(sum.succeeded(), 2u);
  EXPECT_EQ(sum.failed(), 4u);
  EXPECT_EQ(sum.count(absl::StatusCode::kNotFound), 2u);
  EXPECT_EQ(sum.count(absl::StatusCode::kOk), 2u);
  EXPECT_EQ(sum.wrong_answers(), 2u);
  ASSERT_NE(sum.wrong_answer_times(), nullptr);
  EXPECT_EQ(sum.response_times().count(), 6u);
  ASSERT_EQ(sum.ErrorGroups().size(), 2u);
  EXPECT_EQ(sum.ErrorGroups()[0].message, "expected status NOT_FOUND");
  EXPECT_FALSE(sum.ErrorGroups()[0].is_wrong_answer);
  EXPECT_EQ(sum.ErrorGroups()[1].count, 2u);
  EXPECT_TRUE(sum.ErrorGroups()[1].is_wrong_answer);
}

TEST(MeasurementTest, GroupsErrorsByStatusAndMessageTheMostFrequentFirst) {
  Measurement measurement;
  measurement.Record({1ms, 1ms}, StatusCode::kUnavailable, "gone");
  for (int i = 0; i < 3; ++i) measurement.Record({1ms, 1ms}, StatusCode::kInternal, "gone");
  for (int i = 0; i < 2; ++i) measurement.Record({1ms, 1ms}, StatusCode::kUnavailable, "away");
  const std::vector<Measurement::ErrorGroup> groups = measurement.ErrorGroups();
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].code, StatusCode::kInternal);
  EXPECT_EQ(groups[0].count, 3u);
  EXPECT_EQ(groups[1].message, "away");
  EXPECT_EQ(groups[2].message, "gone");
}

TEST(MeasurementTest, KeepsABoundedNumberOfGroupsAndLosesNoCount) {
  Measurement measurement;
  for (int i = 0; i < 1000; ++i) measurement.Record({1ms, 1ms}, StatusCode::kUnknown, std::to_string(i));
  measurement.Record({1ms, 1ms}, StatusCode::kAborted, "late");
  const std::vector<Measurement::ErrorGroup> groups = measurement.ErrorGroups();
  EXPECT_EQ(groups.size(), Measurement::kMaxErrorGroups + 2);
  EXPECT_EQ(groups[0].message, Measurement::kOtherMessages);
  EXPECT_EQ(groups[0].code, StatusCode::kUnknown);
  EXPECT_EQ(groups[0].count, 1000 - Measurement::kMaxErrorGroups);
  uint64_t total = 0;
  for (const Measurement::ErrorGroup& group : groups) total += group.count;
  EXPECT_EQ(total, 1001u);
}

TEST(MeasurementTest, KeepsTheBeginningOfALongMessage) {
  Measurement measurement;
  measurement.Record({1ms, 1ms}, StatusCode::kUnknown, std::string(10'000, 'm'));
  EXPECT_EQ(measurement.ErrorGroups()[0].message, std::string(Measurement::kMaxMessageSize, 'm'));
}

TEST(MeasurementTest, AddsUpWhatLoopsHaveMeasured) {
  Measurement one, other;
  one.Record({1ms, 1ms}, StatusCode::kOk, "");
  one.Record({2ms, 2ms}, StatusCode::kAborted, "a");
  other.Record({5ms, 5ms}, StatusCode::kAborted, "a");
  other.Record({4ms, 4ms}, StatusCode::kAborted, "b");
  other.RecordUnfinished({7s, 6s});
  one.Add(other);
  EXPECT_EQ(one.calls(), 5u);
  EXPECT_EQ(one.succeeded(), 1u);
  EXPECT_EQ(one.unfinished(), 1u);
  EXPECT_EQ(one.response_times().max(), absl::Seconds(7));
  EXPECT_EQ(one.service_times().max(), absl::Seconds(6));
  EXPECT_EQ(one.dispatch_delays().max(), absl::Seconds(1));
  ASSERT_EQ(one.ErrorGroups().size(), 2u);
  EXPECT_EQ(one.ErrorGroups()[0].message, "a");
  EXPECT_EQ(one.ErrorGroups()[0].count, 2u);
}

}  // namespace
}  // namespace meanwhile
