#include "loadtest/report/search_sentence.h"

#include "gtest/gtest.h"
#include "tests/loadtest/report/sample_reports.h"

namespace meanwhile {
namespace {

TEST(SearchSentenceTest, TellsTheRateItsConfirmationAndWhatWasTooMuch) {
  EXPECT_EQ(SearchSentence(SampleSearch()),
            "localhost:50051 holds p99<100ms and errors<0.1% at 100 calls/s: 1 of 1 runs at that rate did. 105 calls/s "
            "was too much: p99<100ms was 123 ms.");
}

TEST(SearchSentenceTest, ClaimsNoLimitWhereTheLoadTesterWasIt) {
  v1::SearchReport report = SampleSearch();
  report.mutable_probes(1)->mutable_cell()->set_client_limited(true);
  report.mutable_probes(1)->set_reason("it was slow");
  EXPECT_EQ(SearchSentence(report),
            "localhost:50051 holds p99<100ms and errors<0.1% at 100 calls/s: 1 of 1 runs at that rate did. At 105 "
            "calls/s the load tester was the limit: it was slow.");
}

TEST(SearchSentenceTest, SaysThatNoHigherRateWasTried) {
  v1::SearchReport report = SampleSearch();
  report.clear_lowest_failed();
  EXPECT_NE(SearchSentence(report).find("No higher rate was tried."), std::string::npos);
}

TEST(SearchSentenceTest, SaysThatNoRateHolds) {
  v1::SearchReport report = SampleSearch();
  report.clear_rate();
  report.clear_highest_held();
  EXPECT_EQ(SearchSentence(report),
            "localhost:50051 does not hold p99<100ms and errors<0.1% at any rate that was tried. 105 calls/s was too "
            "much: p99<100ms was 123 ms.");
}

TEST(SearchSentenceTest, TellsTheBracketOfASearchThatWasCutShort) {
  v1::SearchReport report = SampleSearch();
  report.clear_rate();
  report.set_interrupted(true);
  EXPECT_EQ(
      SearchSentence(report),
      "The search ended before it had an answer: 100 calls/s held in a run. 105 calls/s was too much: p99<100ms was "
      "123 ms.");
  report.clear_probes();
  report.clear_highest_held();
  report.clear_lowest_failed();
  EXPECT_EQ(SearchSentence(report), "The search ended before it had an answer: no run has held.");
}

}  // namespace
}  // namespace meanwhile
