#include "loadtest/measure/time_series.h"

#include <gtest/gtest.h>

#include <chrono>

namespace meanwhile {
namespace {

constexpr absl::Duration kSecond = absl::Seconds(1);

// So many calls that took so long, so many of them failed.
LiveCounts Counts(int calls, std::chrono::milliseconds time, int failed = 0) {
  LiveStats stats;
  for (int i = 0; i < calls; ++i) {
    stats.OnEnded(time, i < failed ? absl::StatusCode::kUnavailable : absl::StatusCode::kOk);
  }
  LiveCounts counts;
  stats.AddTo(&counts);
  counts.in_flight = 7;
  return counts;
}

v1::RunReport ReportOf(const TimeSeries& series) {
  v1::RunReport report;
  series.AddTo(&report);
  return report;
}

TEST(TimeSeriesTest, TellsEachSecond) {
  TimeSeries series;
  series.Add(kSecond, Counts(100, std::chrono::milliseconds(50), 2), ServerSight{0.5, 74e6, 13});
  series.Add(2 * kSecond, Counts(100, std::chrono::milliseconds(10)), std::nullopt);
  const v1::RunReport report = ReportOf(series);
  ASSERT_EQ(report.time_series_size(), 2);
  const v1::TimePoint& first = report.time_series(0);
  EXPECT_EQ(first.start_seconds(), 0);
  EXPECT_EQ(first.length_seconds(), 1);
  EXPECT_EQ(first.calls(), 100);
  EXPECT_EQ(first.achieved_rate(), 98);
  EXPECT_FALSE(first.has_offered_rate());
  EXPECT_EQ(first.errors(), 2);
  EXPECT_EQ(first.in_flight(), 7);
  EXPECT_NEAR(first.p50(), 0.05, 0.001);
  EXPECT_NEAR(first.p99(), 0.05, 0.001);
  EXPECT_GE(first.max(), 0.05);
  EXPECT_EQ(first.server().processors_used(), 0.5);
  EXPECT_EQ(first.server().rss_bytes(), 74e6);
  EXPECT_EQ(first.server().threads(), 13);
  const v1::TimePoint& second = report.time_series(1);
  EXPECT_EQ(second.start_seconds(), 1);
  EXPECT_EQ(second.achieved_rate(), 50);
  EXPECT_NEAR(second.p50(), 0.01, 0.0002);
  EXPECT_FALSE(second.has_server());
}

TEST(TimeSeriesTest, TellsNoTimesWhereNothingEnded) {
  TimeSeries series;
  series.Add(kSecond, LiveCounts(), std::nullopt);
  EXPECT_FALSE(ReportOf(series).time_series(0).has_p50());
  EXPECT_FALSE(ReportOf(series).time_series(0).has_max());
}

TEST(TimeSeriesTest, TellsTheOfferedRateOfAnOpenLoopAlsoWhereItIsZero) {
  TimeSeries series;
  LiveCounts counts = Counts(1, std::chrono::milliseconds(1));
  series.Add(kSecond, counts, std::nullopt);
  counts.due = 30;
  counts.not_sent = 4;
  series.Add(kSecond, counts, std::nullopt);
  const v1::RunReport report = ReportOf(series);
  EXPECT_TRUE(report.time_series(0).has_offered_rate());
  EXPECT_EQ(report.time_series(0).offered_rate(), 0);
  EXPECT_EQ(report.time_series(1).offered_rate(), 30);
  EXPECT_EQ(report.time_series(1).not_sent(), 4);
}

TEST(TimeSeriesTest, AShortRestIsNoPointOfItsOwn) {
  TimeSeries series;
  series.Add(kSecond, Counts(10, std::chrono::milliseconds(1)), std::nullopt);
  series.Add(absl::Milliseconds(100), Counts(1, std::chrono::milliseconds(1)), std::nullopt);
  ASSERT_EQ(ReportOf(series).time_series_size(), 1);
  EXPECT_EQ(ReportOf(series).time_series(0).calls(), 11);
  EXPECT_NEAR(ReportOf(series).time_series(0).length_seconds(), 1.1, 1e-9);
}

TEST(TimeSeriesTest, ALongRunHasFewPointsAndMissesNothing) {
  TimeSeries series;
  constexpr int kSeconds = 5000;
  for (int i = 0; i < kSeconds; ++i) {
    series.Add(kSecond, Counts(2, std::chrono::milliseconds(i < kSeconds / 2 ? 10 : 1000)),
               ServerSight{static_cast<double>(i), 1e6, 8});
  }
  const v1::RunReport report = ReportOf(series);
  EXPECT_LE(report.time_series_size(), 600);
  EXPECT_GE(report.time_series_size(), 300);
  double calls = 0, end = 0;
  for (const v1::TimePoint& point : report.time_series()) {
    EXPECT_EQ(point.start_seconds(), end);
    end += point.length_seconds();
    calls += point.calls();
    EXPECT_DOUBLE_EQ(point.achieved_rate(), 2);
    EXPECT_DOUBLE_EQ(point.in_flight(), 7);
    // The mean of the values at the seconds from its start on.
    EXPECT_DOUBLE_EQ(point.server().processors_used(), point.start_seconds() + (point.length_seconds() - 1) / 2);
    EXPECT_DOUBLE_EQ(point.server().threads(), 8);
  }
  EXPECT_EQ(calls, 2 * kSeconds);
  EXPECT_EQ(end, kSeconds);
  EXPECT_NEAR(report.time_series(0).p50(), 0.01, 0.0002);
  EXPECT_NEAR(report.time_series(report.time_series_size() - 1).p50(), 1, 0.02);
  // All but the last, which is not full yet, are as long.
  for (int i = 1; i + 1 < report.time_series_size(); ++i) EXPECT_EQ(report.time_series(i).length_seconds(), 16);
}

}  // namespace
}  // namespace meanwhile
