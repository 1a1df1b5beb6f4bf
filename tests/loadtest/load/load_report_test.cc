#include "loadtest/load/load_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

namespace meanwhile {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

LoadResult GoodResult() {
  LoadResult result;
  result.elapsed = absl::Seconds(2);
  for (int i = 0; i < 300; ++i) result.measurement.Record({50ms, 50ms}, absl::StatusCode::kOk, "");
  for (int i = 0; i < 100; ++i) result.measurement.Record({10ms, 10ms}, absl::StatusCode::kUnavailable, "gone");
  result.succeeded_in_time = 300;
  result.processor_time = absl::Milliseconds(800);
  result.processors = 2;
  return result;
}

TEST(LoadReportTest, TellsRatesOfSuccessfulCallsAndCountsOfAll) {
  v1::Cell cell;
  SetMeasured(GoodResult(), &cell);
  EXPECT_EQ(cell.duration_seconds(), 2);
  EXPECT_EQ(cell.calls(), 400);
  EXPECT_EQ(cell.achieved_rate(), 150);
  EXPECT_EQ(cell.errors(), 100);
  EXPECT_EQ(cell.statuses().at("OK"), 300);
  EXPECT_EQ(cell.statuses().at("UNAVAILABLE"), 100);
  EXPECT_EQ(cell.statuses().size(), 2u);
  ASSERT_EQ(cell.error_groups_size(), 1);
  EXPECT_EQ(cell.error_groups(0).status(), "UNAVAILABLE");
  EXPECT_EQ(cell.error_groups(0).message(), "gone");
  EXPECT_EQ(cell.error_groups(0).count(), 100);
  EXPECT_DOUBLE_EQ(cell.client().cpu_micros_per_call(), 2000);
  EXPECT_DOUBLE_EQ(cell.client().processors_used(), 0.4);
  EXPECT_DOUBLE_EQ(cell.response_time().max(), 0.05);
  EXPECT_DOUBLE_EQ(cell.response_time().min(), 0.01);
}

TEST(LoadReportTest, TellsEachMethodOfSeveral) {
  LoadResult result = GoodResult();
  v1::RunReport report;
  SetMeasured(result, &report);
  CallPlan plan;
  plan.methods = {{.path = "/a.B/C"}, {.path = "/a.B/D", .label = "two"}, {.path = "/a.B/C", .label = "two"}};
  SetMethods(result, plan, &report);
  EXPECT_EQ(report.method_figures_size(), 0) << "they were not told apart";

  result.methods.resize(2);
  result.methods[0].name = "a.B/C";
  result.methods[1].name = "two";
  for (int i = 0; i < 300; ++i) result.methods[0].measurement.Record({50ms, 50ms}, absl::StatusCode::kOk, "");
  for (int i = 0; i < 99; ++i) {
    result.methods[1].measurement.Record({10ms, 10ms}, absl::StatusCode::kUnavailable, "gone");
  }
  result.methods[1].measurement.RecordUnfinished({20ms, 20ms});
  result.methods[0].succeeded_in_time = 250;
  SetMethods(result, plan, &report);
  ASSERT_EQ(report.method_figures_size(), 2);
  const v1::MethodFigures& first = report.method_figures(0);
  EXPECT_EQ(first.name(), "a.B/C");
  EXPECT_THAT(first.methods(), ElementsAre("a.B/C"));
  EXPECT_EQ(first.calls(), 300);
  EXPECT_EQ(first.share(), 0.75);
  EXPECT_EQ(first.achieved_rate(), 125);
  EXPECT_EQ(first.errors(), 0);
  EXPECT_EQ(first.statuses().at("OK"), 300);
  EXPECT_NEAR(first.response_time().p90(), 0.05, 1e-4);
  const v1::MethodFigures& second = report.method_figures(1);
  EXPECT_EQ(second.name(), "two");
  EXPECT_THAT(second.methods(), ElementsAre("a.B/C", "a.B/D"));
  EXPECT_EQ(second.calls(), 100);
  EXPECT_EQ(second.achieved_rate(), 0);
  EXPECT_EQ(second.errors(), 99);
  EXPECT_EQ(second.unfinished(), 1);
  ASSERT_EQ(second.error_groups_size(), 1);
  EXPECT_EQ(second.error_groups(0).message(), "gone");
  EXPECT_DOUBLE_EQ(second.response_time().max(), 0.02);
}

TEST(LoadReportTest, TellsWrongAnswersApartFromTheStatuses) {
  LoadResult result = GoodResult();
  result.measurement.Record({std::chrono::milliseconds(1), std::chrono::milliseconds(1)}, absl::StatusCode::kOk,
                            Verdict::kWrongAnswer, "expected a=1, was 2");
  v1::RunReport report;
  SetMeasured(result, &report);
  SetDistributions(result, &report);
  EXPECT_EQ(report.errors(), 101);
  EXPECT_EQ(report.statuses().at("OK"), 300);
  EXPECT_EQ(report.statuses().at("wrong-answer"), 1);
  EXPECT_EQ(report.status_times().count("wrong-answer"), 1u);
  ASSERT_EQ(report.error_groups_size(), 2);
  EXPECT_EQ(report.error_groups(1).status(), "wrong-answer");
  EXPECT_EQ(report.error_groups(1).message(), "expected a=1, was 2");
}

TEST(LoadReportTest, GivesARunReportTheFieldsOfACell) {
  v1::RunReport report;
  SetMeasured(GoodResult(), &report);
  EXPECT_EQ(report.calls(), 400);
  EXPECT_EQ(report.achieved_rate(), 150);
}

TEST(LoadReportTest, SaysNothingFalseOfARunWithoutMeasuredTime) {
  v1::Cell cell;
  SetMeasured(LoadResult(), &cell);
  EXPECT_EQ(cell.achieved_rate(), 0);
  EXPECT_EQ(cell.client().cpu_micros_per_call(), 0);
  EXPECT_EQ(cell.response_time().max(), 0);
}

TEST(LoadReportTest, SummarizesLatenciesInSeconds) {
  Histogram histogram;
  for (int i = 1; i <= 10'000; ++i) histogram.RecordNanos(i * 100'000);
  const v1::LatencySummary summary = SummaryOf(histogram);
  EXPECT_NEAR(summary.min(), 0.0001, 1e-6);
  EXPECT_NEAR(summary.mean(), 0.50005, 1e-3);
  EXPECT_NEAR(summary.p50(), 0.5, 1e-3);
  EXPECT_NEAR(summary.p75(), 0.75, 1e-3);
  EXPECT_NEAR(summary.p90(), 0.9, 1e-3);
  EXPECT_NEAR(summary.p99(), 0.99, 1e-3);
  EXPECT_NEAR(summary.p999(), 0.999, 1e-3);
  EXPECT_NEAR(summary.p9999(), 0.9999, 1e-3);
  EXPECT_NEAR(summary.p99999(), 0.99999, 1e-3);
  EXPECT_NEAR(summary.max(), 1, 1e-3);
  EXPECT_NEAR(summary.stddev(), 1 / std::sqrt(12), 1e-3);  // Of what is spread evenly from 0 to 1.
}

TEST(LoadReportTest, FindsNoProblemInAGoodRun) { EXPECT_THAT(ProblemsOf(GoodResult()), IsEmpty()); }

TEST(LoadReportTest, TellsThatTheLoadTesterWasTheLimit) {
  LoadResult result = GoodResult();
  result.processor_time = absl::Seconds(3.9);
  EXPECT_THAT(ProblemsOf(result),
              ElementsAre("client-limited: the load tester used 1.95 of its 2 processors; run it on another machine"));
}

TEST(LoadReportTest, TellsServiceTimeAndDispatchDelayWhereTheyAreNews) {
  LoadResult result = GoodResult();
  v1::RunReport report;
  SetMeasured(result, &report);
  EXPECT_FALSE(report.has_service_time());
  EXPECT_FALSE(report.has_dispatch_delay());
  EXPECT_FALSE(report.has_offered_rate());

  result.measurement.Record({.response = 70ms, .service = 60ms}, absl::StatusCode::kOk, "");
  result.scheduled = 500;
  result.scheduled_time = absl::Seconds(2);
  result.not_sent = 99;
  result.in_flight_at_end = 5;
  result.unfinished = 2;
  report.Clear();
  SetMeasured(result, &report);
  EXPECT_DOUBLE_EQ(report.response_time().max(), 0.07);
  EXPECT_DOUBLE_EQ(report.service_time().max(), 0.06);
  EXPECT_DOUBLE_EQ(report.dispatch_delay().max(), 0.01);
  EXPECT_EQ(report.offered_rate(), 250);
  EXPECT_EQ(report.not_sent(), 99);
  EXPECT_EQ(report.in_flight_at_end(), 5);
  EXPECT_EQ(report.unfinished(), 2);
}

TEST(LoadReportTest, TellsTheOfferedRateOfTheTimeInWhichCallsWereDue) {
  LoadResult result = GoodResult();
  result.scheduled = 400;
  result.scheduled_time = absl::Seconds(1);
  v1::RunReport report;
  SetMeasured(result, &report);
  EXPECT_EQ(report.offered_rate(), 400);
  EXPECT_EQ(report.achieved_rate(), 150);

  result.scheduled_time = absl::ZeroDuration();
  report.Clear();
  SetMeasured(result, &report);
  EXPECT_FALSE(report.has_offered_rate()) << "all at once";
}

TEST(LoadReportTest, CountsCallsThatWereGivenUpAsNoErrors) {
  LoadResult result = GoodResult();
  result.measurement.RecordUnfinished({5s, 5s});
  v1::RunReport report;
  SetMeasured(result, &report);
  EXPECT_EQ(report.calls(), 401);
  EXPECT_EQ(report.errors(), 100);
  EXPECT_DOUBLE_EQ(report.response_time().max(), 5);
}

TEST(LoadReportTest, TellsTimesByStatus) {
  v1::RunReport report;
  SetDistributions(GoodResult(), &report);
  EXPECT_EQ(report.status_times().size(), 2u);
  EXPECT_DOUBLE_EQ(report.status_times().at("OK").max(), 0.05);
  EXPECT_DOUBLE_EQ(report.status_times().at("UNAVAILABLE").max(), 0.01);
}

TEST(LoadReportTest, TellsTheSpectrumAsFarAsThereAreCallsForIt) {
  LoadResult result;
  for (int i = 1; i <= 1000; ++i) {
    result.measurement.Record({.response = i * 1ms, .service = 1ms}, absl::StatusCode::kOk, "");
  }
  v1::RunReport report;
  SetDistributions(result, &report);
  ASSERT_EQ(report.spectrum_size(), 31);  // Ten points a decade, and the begin.
  EXPECT_EQ(report.spectrum(0).quantile(), 0);
  EXPECT_NEAR(report.spectrum(10).quantile(), 0.9, 1e-9);
  EXPECT_NEAR(report.spectrum(10).response_time(), 0.9, 0.001);
  EXPECT_NEAR(report.spectrum(30).quantile(), 0.999, 1e-9);
  EXPECT_NEAR(report.spectrum(30).response_time(), 0.999, 0.001);
  EXPECT_NEAR(report.spectrum(30).service_time(), 0.001, 1e-5);
  EXPECT_NEAR(report.spectrum(30).dispatch_delay(), 0.998, 0.001);
}

TEST(LoadReportTest, CutsTheHistogramIntoBars) {
  Histogram times;
  for (int i = 1; i <= 1000; ++i) times.Record(absl::Milliseconds(i));
  const std::vector<v1::HistogramBar> bars = BarsOf(times);
  ASSERT_EQ(bars.size(), 11u);
  double count = 0;
  for (const v1::HistogramBar& bar : bars) count += bar.count();
  EXPECT_EQ(count, 1000);
  for (int i = 0; i < 10; ++i) EXPECT_NEAR(bars[i].count(), 99, 2) << i;
  EXPECT_NEAR(bars[10].count(), 10, 1);
  EXPECT_NEAR(bars[0].low(), 0.001, 1e-5);
  EXPECT_NEAR(bars[10].low(), 0.99, 0.001);
  EXPECT_DOUBLE_EQ(bars[10].high(), 1);
}

TEST(LoadReportTest, NeedsOneBarForEqualTimesAndNoneForNone) {
  EXPECT_THAT(BarsOf(Histogram()), IsEmpty());
  Histogram times;
  times.Record(absl::Milliseconds(7));
  times.Record(absl::Milliseconds(7));
  ASSERT_EQ(BarsOf(times).size(), 1u);
  EXPECT_EQ(BarsOf(times)[0].count(), 2);
}

TEST(LoadReportTest, TellsThatNoCallSucceededOrEnded) {
  LoadResult result;
  EXPECT_THAT(ProblemsOf(result), ElementsAre("no call ended in the measured time"));
  result.measurement.Record({1ms, 1ms}, absl::StatusCode::kUnavailable, "gone");
  EXPECT_THAT(ProblemsOf(result), ElementsAre("no call succeeded"));
}

TEST(LoadReportTest, TellsThatTheServerWasGone) {
  LoadResult result = GoodResult();
  result.targets = {{.target = "a:1", .opened = 8, .standing = 0}};
  EXPECT_TRUE(IsServerGone(result));
  EXPECT_THAT(ProblemsOf(result), ElementsAre("the server was gone when the measured time ended"));
  result.targets[0].standing = 1;
  EXPECT_FALSE(IsServerGone(result));
  EXPECT_THAT(ProblemsOf(result), IsEmpty());
}

TEST(LoadReportTest, TellsWhichOfSeveralTargetsWasGoneOrGotNothing) {
  LoadResult result = GoodResult();
  result.targets = {{"a:1", 2, 1}, {"b:2", 1, 0}, {"c:3", 0, 0}};
  EXPECT_TRUE(IsServerGone(result));
  EXPECT_THAT(ProblemsOf(result), ElementsAre("b:2 was gone when the measured time ended",
                                              "nothing was sent to c:3: there are more targets than connections"));
  v1::RunReport report;
  SetDistributions(result, &report);
  ASSERT_EQ(report.targets_size(), 3);
  EXPECT_EQ(report.targets(0).target(), "a:1");
  EXPECT_EQ(report.targets(0).opened(), 2u);
  EXPECT_EQ(report.targets(0).standing(), 1u);

  result.targets.resize(1);
  v1::RunReport of_one;
  SetDistributions(result, &of_one);
  EXPECT_EQ(of_one.targets_size(), 0);
}

TEST(LoadReportTest, TellsHowManyCallsWereCancelled) {
  LoadResult result = GoodResult();
  result.unfinished = 7;
  EXPECT_THAT(ProblemsOf(result), ElementsAre("7 calls did not end and were given up"));
}

TEST(LoadReportTest, TakesTheServersUsageFromTwoLooks) {
  v1::GetServerStatsResponse before, after;
  before.mutable_processor_time()->set_nanos(500'000'000);
  after.mutable_processor_time()->set_seconds(2);
  (*before.mutable_finished())["OK"] = 1000;
  (*after.mutable_finished())["OK"] = 50'000;
  (*after.mutable_finished())["UNAVAILABLE"] = 1000;
  before.set_voluntary_context_switches(10'000);
  before.set_involuntary_context_switches(5'000);
  after.set_voluntary_context_switches(30'000);
  after.set_involuntary_context_switches(10'000);
  after.set_peak_threads(13);
  after.set_peak_resident_bytes(1 << 26);
  const v1::ServerUsage usage = UsageBetween(before, after, absl::Seconds(3));
  EXPECT_DOUBLE_EQ(usage.cpu_micros_per_call(), 30);
  EXPECT_DOUBLE_EQ(usage.context_switches_per_call(), 0.5);
  EXPECT_DOUBLE_EQ(usage.processors_used(), 0.5);
  EXPECT_EQ(usage.peak_threads(), 13u);
  EXPECT_EQ(usage.peak_rss_bytes(), 1 << 26);
}

}  // namespace
}  // namespace meanwhile
