#include "loadtest/compare/earlier_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

EarlierRun RunOf(const std::string& file, double rate) {
  EarlierRun run{.file = file, .report = {}};
  v1::RunReport& report = run.report;
  report.mutable_host()->set_name("box");
  report.mutable_host()->set_processor("Fast CPU");
  report.mutable_host()->set_processors(4);
  report.set_load("100 in flight");
  report.set_in_flight(100);
  report.set_engine("http2");
  report.set_connections(8);
  report.set_valid(true);
  report.set_duration_seconds(10);
  report.set_calls(10 * rate);
  report.set_achieved_rate(rate);
  report.mutable_response_time()->set_p50(50 / rate);
  report.mutable_response_time()->set_p90(90 / rate);
  report.mutable_response_time()->set_p99(99 / rate);
  report.mutable_server()->set_cpu_micros_per_call(1e6 / rate);
  return run;
}

void SetFlag(const std::string& name, const std::string& value, EarlierRun* run) {
  v1::Setting* setting = run->report.add_settings();
  setting->set_name(name);
  setting->set_value(value);
}

std::string ErrorOf(const EarlierRun& before, const EarlierRun& after, bool force = false) {
  return std::string(CompareRuns({before}, {after}, force).status().message());
}

TEST(EarlierRunsTest, ARunOnEachSideHasNoIntervalAndTheSentenceSaysSo) {
  const absl::StatusOr<v1::ComparisonReport> report = CompareRuns({RunOf("a", 1000)}, {RunOf("b", 1200)}, false);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->valid());
  EXPECT_THAT(report->problems(), IsEmpty());
  EXPECT_THAT(report->settings().models(), ElementsAre("after", "before"));
  EXPECT_THAT(report->settings().before_files(), ElementsAre("a"));
  EXPECT_THAT(report->settings().after_files(), ElementsAre("b"));
  ASSERT_EQ(report->comparisons_size(), 1);
  const v1::Comparison& comparison = report->comparisons(0);
  EXPECT_DOUBLE_EQ(comparison.throughput_ratio().median(), 1.2);
  EXPECT_DOUBLE_EQ(comparison.throughput_ratio().low(), comparison.throughput_ratio().high());
  EXPECT_NEAR(comparison.p50_ratio().median(), 1 / 1.2, 1e-9);
  EXPECT_NEAR(comparison.p90_ratio().median(), 1 / 1.2, 1e-9);
  EXPECT_NEAR(comparison.p99_ratio().median(), 1 / 1.2, 1e-9);
  EXPECT_NEAR(comparison.cpu_per_call_ratio().median(), 1 / 1.2, 1e-9);
  EXPECT_THAT(comparison.sentence(), StartsWith("At 100 in flight the rate is 1.20 times what it was before. With a "
                                                "single run on a side there is no interval"));
}

TEST(EarlierRunsTest, RepeatsGiveAnInterval) {
  const absl::StatusOr<v1::ComparisonReport> apart =
      CompareRuns({RunOf("a", 1000), RunOf("b", 1010), RunOf("c", 990)},
                  {RunOf("d", 1200), RunOf("e", 1190), RunOf("f", 1210)}, false);
  ASSERT_TRUE(apart.ok()) << apart.status();
  EXPECT_GT(apart->comparisons(0).throughput_ratio().low(), 1.1);
  EXPECT_LT(apart->comparisons(0).throughput_ratio().high(), 1.3);
  EXPECT_LT(apart->comparisons(0).throughput_ratio().low(), apart->comparisons(0).throughput_ratio().high());

  const absl::StatusOr<v1::ComparisonReport> alike =
      CompareRuns({RunOf("a", 1000), RunOf("b", 1100)}, {RunOf("c", 1010), RunOf("d", 1090)}, false);
  ASSERT_TRUE(alike.ok()) << alike.status();
  EXPECT_THAT(alike->comparisons(0).sentence(), HasSubstr("no difference that these runs can show"));
}

// They were not measured next to each other: that both sides happen to drift alike says nothing.
TEST(EarlierRunsTest, RunsOfBothSidesAreNotPaired) {
  const absl::StatusOr<v1::ComparisonReport> report =
      CompareRuns({RunOf("a", 1000), RunOf("b", 2000)}, {RunOf("c", 1100), RunOf("d", 2200)}, false);
  ASSERT_TRUE(report.ok()) << report.status();
  // Paired, both rounds would agree on 1.1.
  EXPECT_LT(report->comparisons(0).throughput_ratio().low(), 0.7);
  EXPECT_GT(report->comparisons(0).throughput_ratio().high(), 1.9);
}

TEST(EarlierRunsTest, OtherHostsAreRefusedUnlessForced) {
  EarlierRun other = RunOf("b.json", 1200);
  other.report.mutable_host()->set_name("crate");
  EXPECT_EQ(
      ErrorOf(RunOf("a.json", 1000), other),
      "b.json was measured on crate (4 × Fast CPU) and a.json on box (4 × Fast CPU): give --force to compare them "
      "all the same");
  const absl::StatusOr<v1::ComparisonReport> report = CompareRuns({RunOf("a.json", 1000)}, {other}, true);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->valid());
  EXPECT_THAT(report->problems(),
              ElementsAre("the files are of different hosts, box (4 × Fast CPU) and crate (4 × Fast "
                          "CPU): the difference may be theirs"));
}

TEST(EarlierRunsTest, OtherLoadsAreRefusedAlsoWhenForced) {
  EarlierRun other = RunOf("b.json", 1200);
  other.report.set_load("200 in flight");
  EXPECT_EQ(ErrorOf(RunOf("a.json", 1000), other, true),
            "b.json cannot be compared with a.json: load is 200 in flight in the one and 100 in flight in the other");
  other = RunOf("b.json", 1200);
  other.report.set_engine("grpc");
  EXPECT_THAT(ErrorOf(RunOf("a.json", 1000), other, true),
              HasSubstr("engine is grpc in the one and http2 in the other"));
  other = RunOf("b.json", 1200);
  other.report.set_connections(1);
  EXPECT_THAT(ErrorOf(RunOf("a.json", 1000), other, true), HasSubstr("connections is 1 in the one and 8 in the other"));
}

TEST(EarlierRunsTest, RunsOverTlsAndInPlaintextAreRefused) {
  const EarlierRun plain = RunOf("a.json", 1000);
  const std::pair<const char*, const char*> on[] = {{"tls", "true"}, {"cacert", "ca.pem"}, {"cert", "me.pem"}};
  for (const auto& [flag, value] : on) {
    EarlierRun over_tls = RunOf("b.json", 1000);
    SetFlag(flag, value, &over_tls);
    EXPECT_EQ(ErrorOf(plain, over_tls, true),
              "b.json cannot be compared with a.json: transport is TLS in the one and plaintext in the other")
        << flag;
    EXPECT_EQ(ErrorOf(over_tls, over_tls), "");
  }
  EarlierRun off = RunOf("b.json", 1000);
  SetFlag("tls", "false", &off);
  SetFlag("insecure", "true", &off);
  EXPECT_EQ(ErrorOf(plain, off), "");
}

TEST(EarlierRunsTest, OtherBoundsOfWhatIsInFlightAreRefused) {
  EarlierRun other = RunOf("b.json", 1000);
  other.report.set_max_in_flight(10);
  EXPECT_THAT(ErrorOf(RunOf("a.json", 1000), other, true), HasSubstr("max-in-flight is 10 in the one and 0 in the"));
}

std::vector<std::string> ProblemsOf(const std::vector<EarlierRun>& before, const std::vector<EarlierRun>& after) {
  const absl::StatusOr<v1::ComparisonReport> report = CompareRuns(before, after, false);
  if (!report.ok()) return {report.status().ToString()};
  EXPECT_TRUE(report->valid());
  return {report->problems().begin(), report->problems().end()};
}

TEST(EarlierRunsTest, RunsOfVeryDifferentLengthAreTold) {
  EarlierRun longer = RunOf("long.json", 1000);
  longer.report.set_duration_seconds(20);
  EXPECT_THAT(ProblemsOf({RunOf("a.json", 1000)}, {longer}), IsEmpty()) << "twice as long";
  longer.report.set_duration_seconds(60);
  const std::string problem = "a.json was measured for 10.0 s and long.json for 60.0 s: the difference may be theirs";
  EXPECT_THAT(ProblemsOf({RunOf("a.json", 1000)}, {longer}), ElementsAre(problem));
  EXPECT_THAT(ProblemsOf({RunOf("a.json", 1000), longer}, {RunOf("c.json", 1000)}), ElementsAre(problem));
}

// A server that is faster has answered as many calls sooner.
TEST(EarlierRunsTest, RunsOfAsManyCallsMayTakeAnyTime) {
  EarlierRun slow = RunOf("a.json", 100);
  EarlierRun fast = RunOf("b.json", 1000);
  slow.report.set_duration_seconds(100);
  SetFlag("total", "10000", &slow);
  SetFlag("total", "10000", &fast);
  slow.report.set_calls(9000);
  fast.report.set_calls(10'000);
  EXPECT_THAT(ProblemsOf({slow}, {fast}), testing::Not(IsEmpty())) << "the time has ended one of them";
  slow.report.set_not_sent(1000);
  EXPECT_THAT(ProblemsOf({slow}, {fast}), IsEmpty());
  fast.report.mutable_settings(0)->set_value("1000");
  EXPECT_THAT(ProblemsOf({slow}, {fast}),
              ElementsAre(StartsWith("b.json was measured for 10.0 s and a.json for 100 s")));
  for (EarlierRun* run : {&slow, &fast}) {
    run->report.clear_settings();
    run->report.set_load("replay:arrivals");
  }
  EXPECT_THAT(ProblemsOf({slow}, {fast}), IsEmpty());
}

TEST(EarlierRunsTest, RunsWithVeryDifferentWarmUpsAreTold) {
  EarlierRun cold = RunOf("cold.json", 1000);
  EarlierRun warm = RunOf("warm.json", 1000);
  SetFlag("warmup", "2s", &cold);
  SetFlag("warmup", "2s", &warm);
  EXPECT_THAT(ProblemsOf({cold}, {warm}), IsEmpty());
  EXPECT_THAT(ProblemsOf({RunOf("a.json", 1000)}, {warm}), IsEmpty()) << "not told";
  cold.report.mutable_settings(0)->set_value("500ms");
  EXPECT_THAT(ProblemsOf({cold}, {warm}),
              ElementsAre("cold.json was warmed up for 500 ms and warm.json for 2.00 s: the difference may be theirs"));
  // With a total there is none unless it was given.
  cold.report.mutable_settings(0)->set_value("2s");
  SetFlag("total", "10000", &cold);
  EXPECT_THAT(ProblemsOf({cold}, {warm}), ElementsAre(StartsWith("cold.json was warmed up for 0")));
  cold.report.mutable_settings(0)->set_given(true);
  EXPECT_THAT(ProblemsOf({cold}, {warm}), IsEmpty());
}

TEST(EarlierRunsTest, CallsOfAnotherKindAreRefused) {
  EarlierRun before = RunOf("a.json", 1000);
  EarlierRun after = RunOf("b.json", 1000);
  SetFlag("wait", "simulated:5ms", &before);
  SetFlag("wait", "simulated:5ms", &after);
  // Not of a call.
  SetFlag("json", "a.json", &before);
  SetFlag("json", "b.json", &after);
  EXPECT_EQ(ErrorOf(before, after), "");
  // Nor is how the schema became known.
  SetFlag("protoset", "b.protoset", &after);
  EXPECT_EQ(ErrorOf(before, after), "");
  SetFlag("call", "my.Service/Get", &after);
  EXPECT_THAT(ErrorOf(before, after), HasSubstr("call is my.Service/Get in the one and not told in the other"));
}

TEST(EarlierRunsTest, EveryFlagThatSaysWhatCallsAreMustBeTheSame) {
  for (const std::string flag :
       {"call", "data", "data-file", "binary-file", "pick", "mix", "expect-status", "expect-json", "metadata", "gzip",
        "timeout", "wait-for-ready", "stream-messages", "stream-interval", "payload-size", "wait"}) {
    EarlierRun before = RunOf("a.json", 1000);
    EarlierRun after = RunOf("b.json", 1000);
    SetFlag(flag, "x", &before);
    EXPECT_EQ(ErrorOf(before, after, true),
              "b.json cannot be compared with a.json: " + flag + " is not told in the one and x in the other");
    SetFlag(flag, "x", &after);
    EXPECT_EQ(ErrorOf(before, after), "");
  }
}

TEST(EarlierRunsTest, WhatWasCalledMustBeTheSameAndIsTold) {
  EarlierRun before = RunOf("a.json", 1000);
  EarlierRun after = RunOf("b.json", 1000);
  before.report.add_methods("my.Service/Get");
  after.report.add_methods("my.Service/List");
  EXPECT_EQ(
      ErrorOf(before, after, true),
      "b.json cannot be compared with a.json: what was called is my.Service/List in the one and my.Service/Get in "
      "the other");
  after.report.set_methods(0, "my.Service/Get");
  before.report.add_expected("status OK");
  const absl::StatusOr<v1::ComparisonReport> report = CompareRuns({before}, {after}, false);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->settings().methods(), ElementsAre("my.Service/Get"));
  EXPECT_THAT(report->settings().expected(), ElementsAre("status OK"));
}

TEST(EarlierRunsTest, AnyFileOfASideMustFit) {
  EarlierRun odd = RunOf("odd.json", 1000);
  odd.report.set_load("1 in flight");
  EXPECT_FALSE(CompareRuns({RunOf("a", 1), odd}, {RunOf("b", 1)}, true).ok());
  EXPECT_FALSE(CompareRuns({RunOf("a", 1)}, {RunOf("b", 1), odd}, true).ok());
}

TEST(EarlierRunsTest, RunsByScheduleAreComparedByTheirTimes) {
  std::vector<EarlierRun> before = {RunOf("a", 500), RunOf("b", 500)};
  std::vector<EarlierRun> after = {RunOf("c", 500), RunOf("d", 500)};
  for (std::vector<EarlierRun>* side : {&before, &after}) {
    for (EarlierRun& run : *side) {
      run.report.set_load("500 calls/s");
      run.report.set_in_flight(0);
      run.report.set_offered_rate(side == &before ? 500 : 499.9);
      run.report.mutable_response_time()->set_p99(side == &before ? 0.1 : 0.07);
    }
  }
  before[0].report.mutable_response_time()->set_p99(0.11);
  const absl::StatusOr<v1::ComparisonReport> report = CompareRuns(before, after, false);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->comparisons(0).sentence(),
              StartsWith("At 500 calls/s p99 is 0.67 times [0.64–0.70] what it was"));
}

TEST(EarlierRunsTest, WhatIsWrongWithAFileIsTold) {
  EarlierRun interrupted = RunOf("a.json", 1000);
  interrupted.report.set_interrupted(true);
  EarlierRun invalid = RunOf("b.json", 1000);
  invalid.report.set_valid(false);
  const absl::StatusOr<v1::ComparisonReport> report = CompareRuns({interrupted}, {invalid}, false);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems(),
              ElementsAre("b.json is of a run that was not valid", "a.json is of a run that was interrupted"));

  interrupted.report.set_client_limited(true);
  invalid.report.set_client_limited(true);
  EXPECT_FALSE(CompareRuns({interrupted}, {invalid}, false)->valid());
}

TEST(EarlierRunsTest, OnlyReportsOfRunsAreRead) {
  const std::string path = testing::TempDir() + "run.json";
  const auto error_of = [&path](const std::string& text) {
    std::ofstream(path) << text;
    return std::string(ReadEarlierRun("--before", "run.json", path).status().message());
  };
  EXPECT_EQ(error_of(R"({"load": "5 in flight", "achievedRate": 7, "ofALaterVersion": [1, {"x": 2}]})"), "");
  EXPECT_EQ(ReadEarlierRun("--before", "run.json", path)->report.achieved_rate(), 7);
  const std::string refusal = "--before=run.json: must be a file that `loadtest run --json` wrote";
  EXPECT_EQ(error_of("{\"settings\": {\"models\": [\"a\"]}, \"cells\": []}"), refusal);
  EXPECT_EQ(error_of("no JSON"), refusal);
  EXPECT_EQ(error_of(""), refusal);
  EXPECT_EQ(ReadEarlierRun("--after", "x.json", "/nowhere/x.json").status().message(),
            "--after=x.json: No such file or directory");
  EXPECT_FALSE(ReadEarlierRun("--after", "proc", "/proc").ok());
}

}  // namespace
}  // namespace meanwhile
