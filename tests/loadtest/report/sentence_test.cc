#include "loadtest/report/sentence.h"

#include <limits>

#include "gtest/gtest.h"
#include "tests/loadtest/report/sample_reports.h"

namespace meanwhile {
namespace {

v1::Comparison AsyncAgainstThread(double median, double low, double high) {
  v1::Comparison comparison;
  comparison.set_subject("async");
  comparison.set_baseline("thread");
  comparison.set_in_flight(4000);
  comparison.mutable_throughput_ratio()->set_median(median);
  comparison.mutable_throughput_ratio()->set_low(low);
  comparison.mutable_throughput_ratio()->set_high(high);
  return comparison;
}

v1::Cell CellWithThreads(unsigned threads) {
  v1::Cell cell;
  cell.mutable_server()->set_peak_threads(threads);
  return cell;
}

std::string SentenceOf(double median, double low, double high) {
  return Sentence(AsyncAgainstThread(median, low, high), CellWithThreads(13), CellWithThreads(3160));
}

TEST(SentenceTest, TellsTheRatioItsIntervalAndTheThreads) {
  EXPECT_EQ(
      SentenceOf(2.7, 2.5, 2.9),
      "At 4,000 in flight async serves 2.7 times [2.5–2.9] the calls of thread, with 13 threads instead of 3,160.");
}

TEST(SentenceTest, SaysThatARunShowsNoDifferenceWhenTheIntervalHoldsOne) {
  EXPECT_EQ(
      SentenceOf(1.004, 0.991, 1.012),
      "At 4,000 in flight async serves 1.00 times [0.99–1.01] the calls of thread: no difference that this run can "
      "show, with 13 threads instead of 3,160.");
}

TEST(SentenceTest, ClaimsNoDifferenceThatThePrintedIntervalDoesNotShow) {
  EXPECT_NE(SentenceOf(1.02, 1.004, 1.03).find("[1.00–1.03] the calls of thread: no difference"), std::string::npos);
  EXPECT_NE(SentenceOf(0.98, 0.97, 0.996).find("[0.97–1.00] the calls of thread: no difference"), std::string::npos);
  EXPECT_EQ(SentenceOf(1.02, 1.006, 1.03).find("no difference"), std::string::npos);
}

TEST(SentenceTest, TellsWhereTheSubjectServesLess) {
  EXPECT_EQ(
      SentenceOf(0.82, 0.8, 0.845),
      "At 4,000 in flight async serves 0.82 times [0.80–0.84] the calls of thread, with 13 threads instead of 3,160.");
}

TEST(SentenceTest, GivesALargeRatioFewerDecimals) {
  EXPECT_NE(SentenceOf(12.4, 11.2, 13.4).find(" 12 times [11–13] "), std::string::npos);
}

TEST(SentenceTest, PrintsNoIntervalForASingleRound) {
  EXPECT_EQ(
      SentenceOf(2.7, 2.7, 2.7),
      "At 4,000 in flight async serves 2.7 times the calls of thread, with 13 threads instead of 3,160 (one round, or "
      "all alike, so without an error bar).");
}

TEST(SentenceTest, LeavesThreadsOutWhenAServerIsNotSeen) {
  EXPECT_EQ(Sentence(AsyncAgainstThread(2.7, 2.5, 2.9), CellWithThreads(13), v1::Cell()),
            "At 4,000 in flight async serves 2.7 times [2.5–2.9] the calls of thread.");
}

TEST(SentenceTest, SpeaksOfOneThread) {
  EXPECT_NE(Sentence(AsyncAgainstThread(2, 1.5, 2.5), CellWithThreads(1), CellWithThreads(2))
                .find("with 1 thread instead of 2."),
            std::string::npos);
}

TEST(SentenceTest, ComparesNothingWhenOneServedNoCall) {
  const std::string nothing = "At 4,000 in flight there is nothing to compare: async or thread served no call.";
  EXPECT_EQ(SentenceOf(0, 0, 0), nothing);
  EXPECT_EQ(SentenceOf(std::numeric_limits<double>::infinity(), 1, 1), nothing);
  EXPECT_EQ(SentenceOf(std::numeric_limits<double>::quiet_NaN(), 1, 1), nothing);
}

v1::Cell CellThatTheLoadTesterLimited() {
  v1::Cell cell;
  cell.set_client_limited(true);
  return cell;
}

TEST(SentenceTest, MakesTheRatioALowerBoundWhereTheLoadTesterWasTheLimitOfTheSubject) {
  EXPECT_EQ(Sentence(AsyncAgainstThread(2.7, 2.5, 2.9), CellThatTheLoadTesterLimited(), v1::Cell()),
            "At 4,000 in flight async serves at least 2.7 times [2.5–2.9] the calls of thread.");
}

TEST(SentenceTest, MakesTheRatioAnUpperBoundWhereTheLoadTesterWasTheLimitOfTheBaseline) {
  EXPECT_EQ(Sentence(AsyncAgainstThread(0.8, 0.7, 0.9), v1::Cell(), CellThatTheLoadTesterLimited()),
            "At 4,000 in flight async serves at most 0.80 times [0.70–0.90] the calls of thread.");
}

TEST(SentenceTest, ComparesNothingWhereTheLoadTesterWasTheLimitOfBoth) {
  EXPECT_EQ(Sentence(AsyncAgainstThread(1, 0.99, 1.01), CellThatTheLoadTesterLimited(), CellThatTheLoadTesterLimited()),
            "At 4,000 in flight there is nothing to compare: the load tester was the limit of both async and thread.");
}

v1::Estimate Ratio(double median, double low, double high) {
  v1::Estimate ratio;
  ratio.set_median(median);
  ratio.set_low(low);
  ratio.set_high(high);
  return ratio;
}

v1::Comparison AtARate(const v1::Estimate& p50, const v1::Estimate& p99) {
  v1::Comparison comparison = AsyncAgainstThread(1, 0.99, 1.01);
  comparison.clear_in_flight();
  comparison.set_rate(500);
  *comparison.mutable_p50_ratio() = p50;
  *comparison.mutable_p99_ratio() = p99;
  return comparison;
}

TEST(SentenceTest, TellsOfTimesAtAnOfferedRate) {
  EXPECT_EQ(Sentence(AtARate(Ratio(0.98, 0.97, 0.99), Ratio(0.71, 0.6, 0.8)), CellWithThreads(12), CellWithThreads(17)),
            "At 500 calls/s the p50 of async is 0.98 times [0.97–0.99] that of thread, its p99 0.71 times [0.60–0.80], "
            "with 12 threads instead of 17.");
  EXPECT_EQ(Sentence(AtARate(Ratio(0.98, 0.97, 0.99), Ratio(0.71, 0.6, 1.1)), v1::Cell(), v1::Cell()),
            "At 500 calls/s the p50 of async is 0.98 times [0.97–0.99] that of thread, its p99 0.71 times [0.60–1.10] "
            "(no difference that this run can show).");
  EXPECT_EQ(Sentence(AtARate(Ratio(0.98, 0.97, 1.01), Ratio(0.71, 0.6, 1.1)), v1::Cell(), v1::Cell()),
            "At 500 calls/s the p50 of async is 0.98 times [0.97–1.01] that of thread, its p99 0.71 times [0.60–1.10]: "
            "no difference that this run can show.");
  EXPECT_EQ(
      Sentence(AtARate(Ratio(0.98, 0.98, 0.98), Ratio(0.7, 0.7, 0.7)), v1::Cell(), v1::Cell()),
      "At 500 calls/s the p50 of async is 0.98 times that of thread, its p99 0.70 times (one round, or all alike, so "
      "without an error bar).");
}

TEST(SentenceTest, TellsOfEarlierRunsWithoutTakingSides) {
  EXPECT_EQ(
      EarlierRunsSentence(AsyncAgainstThread(1.04, 0.98, 1.1), v1::Cell(), v1::Cell()),
      "At 4,000 in flight the rate is 1.04 times [0.98–1.10] what it was before: no difference that these runs can "
      "show.");
  EXPECT_EQ(EarlierRunsSentence(AsyncAgainstThread(1.2, 1.1, 1.3), v1::Cell(), CellThatTheLoadTesterLimited()),
            "At 4,000 in flight the rate is at most 1.20 times [1.10–1.30] what it was before.");
  EXPECT_EQ(EarlierRunsSentence(AtARate(Ratio(1, 1, 1), Ratio(0.7, 0.6, 0.8)), v1::Cell(), v1::Cell()),
            "At 500 calls/s p99 is 0.70 times [0.60–0.80] what it was before.");
  EXPECT_EQ(EarlierRunsSentence(AsyncAgainstThread(0, 0, 0), v1::Cell(), v1::Cell()),
            "At 4,000 in flight there is nothing to compare: a side served no call.");
}

TEST(SentenceTest, FormatsARatioThatIsNotThereAsADash) { EXPECT_EQ(FormatRatio(v1::Estimate()), "–"); }

TEST(SentenceTest, SetsTheSentencesOfAReportFromItsCells) {
  v1::ComparisonReport report = SampleComparison();
  for (v1::Comparison& comparison : *report.mutable_comparisons()) comparison.clear_sentence();
  SetSentences(report);
  EXPECT_EQ(report.comparisons(0).sentence(),
            "At 100 in flight async serves 1.00 times [0.99–1.01] the calls of thread: no difference that this run can "
            "show, with 13 threads instead of 108.");
  EXPECT_EQ(
      report.comparisons(1).sentence(),
      "At 4,000 in flight async serves 2.7 times [2.5–2.9] the calls of thread, with 13 threads instead of 3,160.");
}

}  // namespace
}  // namespace meanwhile
