#include "loadtest/compare/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A report without rounds yet.
v1::ComparisonReport ReportOf(const std::vector<std::string>& models, const std::vector<uint32_t>& levels) {
  v1::ComparisonReport report;
  for (const std::string& model : models) report.mutable_settings()->add_models(model);
  report.mutable_settings()->mutable_in_flight()->Assign(levels.begin(), levels.end());
  return report;
}

v1::Cell* AddRound(v1::ComparisonReport* report, const std::string& model, uint32_t in_flight, double rate) {
  v1::Cell* round = report->add_rounds();
  round->set_model(model);
  round->set_in_flight(in_flight);
  round->set_achieved_rate(rate);
  return round;
}

std::vector<std::string> ProblemsOf(const v1::ComparisonReport& report) {
  return {report.problems().begin(), report.problems().end()};
}

TEST(PlanRoundsTest, TwoServersTakeTurnsForwardsAndBackwards) {
  EXPECT_THAT(PlanRounds(2, 1, 2), ElementsAre(RoundStep{0, 0, 1}, RoundStep{1, 0, 1},  //
                                               RoundStep{1, 0, 2}, RoundStep{0, 0, 2}));
}

TEST(PlanRoundsTest, ThreeServersTakeTurnsAtEachLevel) {
  EXPECT_THAT(PlanRounds(3, 2, 2), ElementsAre(RoundStep{0, 0, 1}, RoundStep{1, 0, 1}, RoundStep{2, 0, 1},  //
                                               RoundStep{0, 1, 1}, RoundStep{1, 1, 1}, RoundStep{2, 1, 1},  //
                                               RoundStep{2, 0, 2}, RoundStep{1, 0, 2}, RoundStep{0, 0, 2},  //
                                               RoundStep{2, 1, 2}, RoundStep{1, 1, 2}, RoundStep{0, 1, 2}));
}

TEST(SummarizeTest, ACellHoldsMediansSumsAndPeaksOfItsRounds) {
  v1::ComparisonReport report = ReportOf({"async"}, {100});
  for (const double i : {1, 2, 6}) {
    v1::Cell* round = AddRound(&report, "async", 100, 1000 * i);
    round->set_round(static_cast<uint32_t>(i));
    round->set_duration_seconds(0.5);
    round->set_calls(600 * i);
    round->set_errors(100 * i);
    (*round->mutable_statuses())["OK"] = 500 * i;
    (*round->mutable_statuses())["UNAVAILABLE"] = 100 * i;
    round->set_ideal_share(0.1 * i);
    round->mutable_response_time()->set_p50(0.01 * i);
    round->mutable_response_time()->set_max(0.1 * i);
    round->mutable_client()->set_processors_used(0.1 * i);
    round->mutable_client()->set_cpu_micros_per_call(20 * i);
    v1::ServerUsage* server = round->mutable_server();
    server->set_cpu_micros_per_call(10 * i);
    server->set_processors_used(0.2 * i);
    server->set_context_switches_per_call(3 * i);
    server->set_peak_threads(static_cast<uint32_t>(10 * i));
    server->set_peak_rss_bytes(1e6 * i);
  }
  Summarize(&report);
  ASSERT_EQ(report.cells_size(), 1);
  const v1::Cell& cell = report.cells(0);
  EXPECT_EQ(cell.model(), "async");
  EXPECT_EQ(cell.in_flight(), 100u);
  EXPECT_EQ(cell.round(), 0u);
  EXPECT_DOUBLE_EQ(cell.achieved_rate(), 2000);
  EXPECT_DOUBLE_EQ(cell.ideal_share(), 0.2);
  EXPECT_DOUBLE_EQ(cell.response_time().p50(), 0.02);
  EXPECT_DOUBLE_EQ(cell.response_time().max(), 0.2);
  EXPECT_DOUBLE_EQ(cell.client().processors_used(), 0.2);
  EXPECT_DOUBLE_EQ(cell.client().cpu_micros_per_call(), 40);
  EXPECT_DOUBLE_EQ(cell.server().cpu_micros_per_call(), 20);
  EXPECT_DOUBLE_EQ(cell.server().processors_used(), 0.4);
  EXPECT_DOUBLE_EQ(cell.server().context_switches_per_call(), 6);
  EXPECT_DOUBLE_EQ(cell.duration_seconds(), 1.5) << "a sum";
  EXPECT_DOUBLE_EQ(cell.calls(), 5400) << "a sum";
  EXPECT_DOUBLE_EQ(cell.errors(), 900) << "a sum";
  EXPECT_DOUBLE_EQ(cell.statuses().at("OK"), 4500) << "a sum";
  EXPECT_DOUBLE_EQ(cell.statuses().at("UNAVAILABLE"), 900) << "a sum";
  EXPECT_EQ(cell.server().peak_threads(), 60u) << "the highest";
  EXPECT_DOUBLE_EQ(cell.server().peak_rss_bytes(), 6e6) << "the highest";
  EXPECT_FALSE(cell.client_limited());
  EXPECT_TRUE(report.valid());
  EXPECT_THAT(report.problems(), IsEmpty());
  EXPECT_THAT(report.comparisons(), IsEmpty());
}

TEST(SummarizeTest, MessagesOfStreamsAreMediansAndSumsToo) {
  v1::ComparisonReport report = ReportOf({"async"}, {100});
  for (const double i : {1, 2, 6}) {
    v1::StreamFigures* streams = AddRound(&report, "async", 100, 1000)->mutable_streams();
    streams->set_received(100 * i);
    streams->set_sent(10 * i);
    streams->set_received_rate(200 * i);
    streams->set_sent_rate(20 * i);
    streams->mutable_time_to_first_message()->set_p50(0.01 * i);
    streams->mutable_time_to_first_message()->set_p99(0.02 * i);
    if (i < 6) streams->mutable_time_between_messages()->set_max(0.5 * i);
  }
  Summarize(&report);
  const v1::StreamFigures& streams = report.cells(0).streams();
  EXPECT_DOUBLE_EQ(streams.received(), 900) << "a sum";
  EXPECT_DOUBLE_EQ(streams.sent(), 90) << "a sum";
  EXPECT_DOUBLE_EQ(streams.received_rate(), 400);
  EXPECT_DOUBLE_EQ(streams.sent_rate(), 40);
  EXPECT_DOUBLE_EQ(streams.time_to_first_message().p50(), 0.02);
  EXPECT_DOUBLE_EQ(streams.time_to_first_message().p99(), 0.04);
  EXPECT_DOUBLE_EQ(streams.time_between_messages().max(), 0.75) << "of the two rounds that have it";
}

TEST(SummarizeTest, ErrorsAreGroupedOverRoundsTheMostFrequentFirst) {
  v1::ComparisonReport report = ReportOf({"async"}, {100});
  for (int i = 0; i < 2; ++i) {
    v1::Cell* round = AddRound(&report, "async", 100, 1000);
    for (int j = 0; j < 30; ++j) {
      v1::ErrorGroup* group = round->add_error_groups();
      group->set_status("UNAVAILABLE");
      group->set_message("message " + std::to_string(10 + j));
      group->set_count(j == 29 ? 50 : 1);
    }
  }
  Summarize(&report);
  ASSERT_EQ(report.cells(0).error_groups_size(), 30);
  EXPECT_EQ(report.cells(0).error_groups(0).message(), "message 39");
  EXPECT_EQ(report.cells(0).error_groups(0).count(), 100);
  EXPECT_EQ(report.cells(0).error_groups(1).message(), "message 10");
  EXPECT_EQ(report.cells(0).error_groups(1).count(), 2);
}

TEST(SummarizeTest, WhatNobodyToldIsAbsent) {
  v1::ComparisonReport report = ReportOf({"async", "other"}, {100});
  AddRound(&report, "async", 100, 1000)->mutable_server()->set_cpu_micros_per_call(5);
  AddRound(&report, "other", 100, 1000);
  Summarize(&report);
  EXPECT_TRUE(report.cells(0).has_server());
  EXPECT_FALSE(report.cells(0).server().has_context_switches_per_call());
  EXPECT_FALSE(report.cells(0).has_ideal_share());
  EXPECT_FALSE(report.cells(0).has_streams());
  EXPECT_FALSE(report.cells(1).has_server());
}

TEST(SummarizeTest, TheFirstModelIsComparedWithEachOtherAtEachLevel) {
  v1::ComparisonReport report = ReportOf({"a", "b", "c"}, {10, 20});
  for (const uint32_t level : {10u, 20u}) {
    for (const double drift : {0.9, 1.0, 1.1}) {
      AddRound(&report, "a", level, drift * 600)->mutable_server()->set_cpu_micros_per_call(10);
      AddRound(&report, "b", level, drift * 300)->mutable_server()->set_cpu_micros_per_call(40);
      AddRound(&report, "c", level, drift * 200)->mutable_server()->set_cpu_micros_per_call(5);
    }
  }
  Summarize(&report);
  ASSERT_EQ(report.comparisons_size(), 4);
  for (int i = 0; i < 4; ++i) {
    const v1::Comparison& comparison = report.comparisons(i);
    const bool with_b = i % 2 == 0;
    EXPECT_EQ(comparison.subject(), "a");
    EXPECT_EQ(comparison.baseline(), with_b ? "b" : "c");
    EXPECT_EQ(comparison.in_flight(), i < 2 ? 10u : 20u);
    // Both drift alike, so the rounds agree on the ratio.
    EXPECT_NEAR(comparison.throughput_ratio().median(), with_b ? 2 : 3, 1e-9);
    EXPECT_NEAR(comparison.throughput_ratio().low(), with_b ? 2 : 3, 1e-9);
    EXPECT_NEAR(comparison.throughput_ratio().high(), with_b ? 2 : 3, 1e-9);
    EXPECT_NEAR(comparison.cpu_per_call_ratio().median(), with_b ? 0.25 : 2, 1e-9);
    EXPECT_THAT(comparison.sentence(), HasSubstr(with_b ? "2.0 times" : "3.0 times"));
  }
}

TEST(SummarizeTest, TheIntervalSpansWhatTheRoundsSay) {
  v1::ComparisonReport report = ReportOf({"async", "thread"}, {4000});
  for (const double ratio : {2.5, 2.7, 2.9}) {
    AddRound(&report, "async", 4000, 1000 * ratio);
    AddRound(&report, "thread", 4000, 1000);
  }
  Summarize(&report);
  EXPECT_EQ(report.comparisons(0).sentence(),
            "At 4,000 in flight async serves 2.7 times [2.5–2.9] the calls of thread.");
}

// Two rounds of each, of which the load tester was the limit in so many.
v1::ComparisonReport Limited(int limited_rounds_of_async, int limited_rounds_of_thread) {
  v1::ComparisonReport report = ReportOf({"async", "thread"}, {4000});
  for (int i = 0; i < 2; ++i) {
    AddRound(&report, "async", 4000, 3000)->set_client_limited(i < limited_rounds_of_async);
    AddRound(&report, "thread", 4000, 1500)->set_client_limited(i < limited_rounds_of_thread);
  }
  Summarize(&report);
  return report;
}

TEST(SummarizeTest, ALimitOfTheSubjectMakesTheRatioALowerBound) {
  const v1::ComparisonReport report = Limited(2, 0);
  EXPECT_TRUE(report.valid());
  EXPECT_THAT(ProblemsOf(report), ElementsAre("at 4,000 in flight the load tester was the limit of async, which can "
                                              "serve more calls than these"));
  EXPECT_THAT(report.comparisons(0).sentence(), HasSubstr("async serves at least 2.0 times the calls of thread"));
}

TEST(SummarizeTest, ALimitOfTheBaselineMakesTheRatioAnUpperBound) {
  const v1::ComparisonReport report = Limited(0, 2);
  EXPECT_TRUE(report.valid());
  EXPECT_THAT(ProblemsOf(report), ElementsAre(HasSubstr("the limit of thread, which can serve more")));
  EXPECT_THAT(report.comparisons(0).sentence(), HasSubstr("async serves at most 2.0 times the calls of thread"));
}

TEST(SummarizeTest, ALimitOfBothSidesLeavesNothingToCompare) {
  const v1::ComparisonReport report = Limited(2, 2);
  EXPECT_FALSE(report.valid());
  EXPECT_THAT(ProblemsOf(report),
              ElementsAre("client-limited: at 4,000 in flight the load tester was the limit of async and thread; give "
                          "it more processors, or the servers fewer"));
  EXPECT_EQ(report.comparisons(0).sentence(),
            "At 4,000 in flight there is nothing to compare: the load tester was the limit of both async and thread.");
}

TEST(SummarizeTest, HalfOfTheRoundsMakeALimit) {
  EXPECT_TRUE(Limited(1, 0).cells(0).client_limited());
  v1::ComparisonReport report = ReportOf({"async"}, {100});
  for (const bool limited : {true, false, false}) AddRound(&report, "async", 100, 1)->set_client_limited(limited);
  Summarize(&report);
  EXPECT_FALSE(report.cells(0).client_limited());
}

TEST(SummarizeTest, ALimitOfTwoBaselinesIsToldOnce) {
  v1::ComparisonReport report = ReportOf({"a", "b", "c"}, {100});
  AddRound(&report, "a", 100, 1000);
  AddRound(&report, "b", 100, 1000)->set_client_limited(true);
  AddRound(&report, "c", 100, 1000)->set_client_limited(true);
  Summarize(&report);
  EXPECT_TRUE(report.valid());
  EXPECT_THAT(ProblemsOf(report), ElementsAre(HasSubstr("the limit of b and c, which can serve more")));
}

TEST(SummarizeTest, ALimitOfTheSubjectAndOneBaselineIsNotValid) {
  v1::ComparisonReport report = ReportOf({"a", "b", "c"}, {100});
  AddRound(&report, "a", 100, 1000)->set_client_limited(true);
  AddRound(&report, "b", 100, 1000);
  AddRound(&report, "c", 100, 1000)->set_client_limited(true);
  Summarize(&report);
  EXPECT_FALSE(report.valid());
  EXPECT_THAT(ProblemsOf(report), ElementsAre(HasSubstr("client-limited: at 100 in flight")));
}

TEST(SummarizeTest, ALimitOfTheOnlyServerIsNotValid) {
  v1::ComparisonReport report = ReportOf({"async"}, {100});
  AddRound(&report, "async", 100, 1000)->set_client_limited(true);
  Summarize(&report);
  EXPECT_FALSE(report.valid());
  EXPECT_THAT(ProblemsOf(report), ElementsAre(HasSubstr("client-limited: at 100 in flight")));
}

TEST(SummarizeTest, AServerThatServedNoCallIsNotValid) {
  for (const std::string idle : {"async", "thread"}) {
    v1::ComparisonReport report = ReportOf({"async", "thread"}, {100});
    for (int i = 0; i < 2; ++i) {
      AddRound(&report, "async", 100, idle == "async" ? 0 : 1000);
      AddRound(&report, "thread", 100, idle == "thread" ? 0 : 1000);
    }
    Summarize(&report);
    EXPECT_FALSE(report.valid());
    EXPECT_THAT(ProblemsOf(report), ElementsAre("at 100 in flight " + idle + " served no call in 2 of 2 rounds"));
    EXPECT_EQ(report.comparisons(0).sentence(),
              "At 100 in flight there is nothing to compare: async or thread served no call.");
  }
}

TEST(SummarizeTest, ARoundWithoutACallIsNotValid) {
  v1::ComparisonReport report = ReportOf({"async"}, {100});
  for (const double rate : {1000, 0, 1000}) AddRound(&report, "async", 100, rate);
  Summarize(&report);
  EXPECT_FALSE(report.valid());
  EXPECT_THAT(ProblemsOf(report), ElementsAre("at 100 in flight async served no call in 1 of 3 rounds"));
}

TEST(SummarizeTest, NothingMeasuredIsNotValid) {
  v1::ComparisonReport report = ReportOf({"async", "thread"}, {100});
  Summarize(&report);
  EXPECT_FALSE(report.valid());
  EXPECT_THAT(ProblemsOf(report), ElementsAre("nothing was measured"));
  EXPECT_THAT(report.cells(), IsEmpty());
  EXPECT_THAT(report.comparisons(), IsEmpty());
}

TEST(SummarizeTest, AnInterruptLeavesWhatBothSidesHave) {
  // A B | B, at two levels, of which the second was never come to.
  v1::ComparisonReport report = ReportOf({"async", "thread"}, {100, 1000});
  AddRound(&report, "async", 100, 2000);
  AddRound(&report, "thread", 100, 900);
  AddRound(&report, "thread", 100, 1100);
  AddRound(&report, "async", 1000, 2000);
  report.set_interrupted(true);
  Summarize(&report);
  EXPECT_TRUE(report.valid());
  EXPECT_EQ(report.cells_size(), 3);
  ASSERT_EQ(report.comparisons_size(), 1);
  EXPECT_EQ(report.comparisons(0).in_flight(), 100u);
  EXPECT_DOUBLE_EQ(report.comparisons(0).throughput_ratio().median(), 2);
}

// A round at an offered rate.
v1::Cell* AddOpenRound(v1::ComparisonReport* report, const std::string& model, double rate, double p50, double p99) {
  v1::Cell* round = AddRound(report, model, 0, rate);
  round->set_rate(rate);
  round->set_offered_rate(rate);
  round->mutable_response_time()->set_p50(p50);
  round->mutable_response_time()->set_p99(p99);
  return round;
}

TEST(SummarizeTest, QuantilesHaveRatiosWithIntervals) {
  v1::ComparisonReport report = ReportOf({"a", "b"}, {});
  report.mutable_settings()->add_rates(500);
  report.mutable_settings()->add_rates(1000);
  for (const double rate : {500.0, 1000.0}) {
    for (const double noise : {0.9, 1.0, 1.2}) {
      AddOpenRound(&report, "a", rate, 0.05, 0.1 * noise);
      AddOpenRound(&report, "b", rate, 0.1, 0.1);
    }
  }
  Summarize(&report);
  ASSERT_EQ(report.cells_size(), 4);
  EXPECT_EQ(report.cells(0).rate(), 500);
  EXPECT_EQ(report.cells(0).offered_rate(), 500);
  EXPECT_EQ(report.cells(2).rate(), 1000);
  ASSERT_EQ(report.comparisons_size(), 2);
  const v1::Comparison& comparison = report.comparisons(0);
  EXPECT_EQ(comparison.rate(), 500);
  EXPECT_DOUBLE_EQ(comparison.p50_ratio().median(), 0.5);
  EXPECT_DOUBLE_EQ(comparison.p99_ratio().median(), 1);
  EXPECT_DOUBLE_EQ(comparison.p99_ratio().low(), 0.9);
  EXPECT_DOUBLE_EQ(comparison.p99_ratio().high(), 1.2);
  EXPECT_EQ(comparison.sentence(),
            "At 500 calls/s the p50 of a is 0.50 times that of b, its p99 1.00 times [0.90–1.20] (no difference that "
            "this run can show).");
  EXPECT_TRUE(report.valid());
}

TEST(SummarizeTest, AServerThatDoesNotKeepUpIsToldAndTheFiguresAreValid) {
  v1::ComparisonReport report = ReportOf({"a", "b"}, {});
  report.mutable_settings()->add_rates(500);
  for (int round = 1; round <= 3; ++round) {
    AddOpenRound(&report, "a", 500, 0.05, 0.0622);
    v1::Cell* slow = AddOpenRound(&report, "b", 500, 1, 2);
    slow->set_achieved_rate(420);
    slow->set_behind(round > 1);
    slow->set_not_sent(5);
  }
  Summarize(&report);
  EXPECT_TRUE(report.valid());
  EXPECT_THAT(report.problems(), IsEmpty());
  EXPECT_FALSE(report.cells(0).behind());
  EXPECT_TRUE(report.cells(1).behind());
  EXPECT_EQ(report.cells(1).not_sent(), 15);
  EXPECT_EQ(report.comparisons(0).sentence(),
            "At 500 calls/s b does not keep up: it answers 420 calls/s; a does keep up, with a p99 of 62.2 ms.");

  for (v1::Cell& round : *report.mutable_rounds()) round.set_behind(true);
  report.clear_cells();
  report.clear_comparisons();
  Summarize(&report);
  EXPECT_EQ(report.comparisons(0).sentence(),
            "At 500 calls/s neither a nor b keeps up: they answer 500 calls/s and 420 calls/s.");
}

}  // namespace
}  // namespace meanwhile
