#include "loadtest/run/run_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "loadtest/measure/live_stats.h"
#include "loadtest/measure/verdict.h"
#include "tests/client/test_server.h"
#include "tests/process.h"
#include "tests/server/prometheus_text.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(RunMetricsTest, TellsSeveralMethodsApart) {
  const auto metrics = RunMetrics::Listen("127.0.0.1:0");
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  LoadProgress progress;
  progress.methods = {{"a.B/C", LiveCounts()}, {"two", LiveCounts()}};
  progress.methods[0].second.succeeded_with[0] = 3;
  progress.methods[1].second.failed_with[14] = 4;
  progress.methods[1].second.times[TimeBuckets::IndexOf(std::chrono::milliseconds(3))] = 4;
  (*metrics)->Update(progress);
  const PrometheusText text = PrometheusText::Fetch((*metrics)->url());
  EXPECT_EQ(text.Value(R"(meanwhile_loadtest_calls_total{code="OK",method="a.B/C"})"), 3);
  EXPECT_EQ(text.Value(R"(meanwhile_loadtest_calls_total{code="OK",method="two"})"), 0);
  EXPECT_EQ(text.Value(R"(meanwhile_loadtest_calls_total{code="UNAVAILABLE",method="two"})"), 4);
  EXPECT_EQ(text.Value(R"(meanwhile_loadtest_calls_failed_total{method="a.B/C"})"), 0);
  EXPECT_EQ(text.Value(R"(meanwhile_loadtest_calls_failed_total{method="two"})"), 4);
  EXPECT_FALSE(text.Has(R"(meanwhile_loadtest_calls_total{code="OK"})")) << "a sum over all would count calls twice";
  EXPECT_EQ(text.Value(R"(meanwhile_loadtest_call_seconds_count{time="response",method="a.B/C"})"), 0);
  EXPECT_EQ(text.Value(R"(meanwhile_loadtest_call_seconds_bucket{time="response",method="two",le="0.005"})"), 4);
}

TEST(RunMetricsTest, ShowsTheNewestProgress) {
  const auto metrics = RunMetrics::Listen("127.0.0.1:0");
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  const std::string url = (*metrics)->url();
  EXPECT_EQ(PrometheusText::Fetch(url).Value("meanwhile_loadtest_calls_total{code=\"OK\"}"), 0);

  LoadProgress progress;
  LiveStats stats;
  for (int i = 0; i < 10; ++i) stats.OnDue();
  stats.OnNotSent();
  stats.OnSent();
  for (const int time : {3, 4, 30, 40, 70'000}) {
    stats.OnSent();
    stats.OnEnded(std::chrono::milliseconds(time), absl::StatusCode::kOk);
  }
  stats.OnSent();
  stats.OnEnded(std::chrono::milliseconds(3), absl::StatusCode::kUnavailable);
  stats.AddTo(&progress.totals);
  progress.recent = progress.totals;
  progress.recent_length = absl::Milliseconds(500);
  progress.warming_up = true;
  (*metrics)->Update(progress);

  const PrometheusText text = PrometheusText::Fetch(url);
  EXPECT_EQ(text.Value("meanwhile_loadtest_calls_total{code=\"OK\"}"), 5);
  EXPECT_EQ(text.Value("meanwhile_loadtest_calls_total{code=\"UNAVAILABLE\"}"), 1);
  EXPECT_FALSE(text.Has("meanwhile_loadtest_calls_total{code=\"CANCELLED\"}"));
  EXPECT_EQ(text.Value("meanwhile_loadtest_calls_failed_total"), 1);
  EXPECT_EQ(text.Value("meanwhile_loadtest_calls_due_total"), 10);
  EXPECT_EQ(text.Value("meanwhile_loadtest_calls_not_sent_total"), 1);
  EXPECT_EQ(text.Value("meanwhile_loadtest_calls_in_flight"), 1);
  EXPECT_EQ(text.Value("meanwhile_loadtest_offered_rate"), 20);
  EXPECT_EQ(text.Value("meanwhile_loadtest_achieved_rate"), 10);
  EXPECT_EQ(text.Value("meanwhile_loadtest_warming_up"), 1);
  const auto bucket = [&text](const std::string& bound) {
    return text.Value(absl::StrCat("meanwhile_loadtest_call_seconds_bucket{time=\"response\",le=\"", bound, "\"}"));
  };
  EXPECT_EQ(bucket("0.0025"), 0);
  EXPECT_EQ(bucket("0.005"), 3);
  EXPECT_EQ(bucket("0.05"), 5);
  EXPECT_EQ(bucket("60"), 5);
  EXPECT_EQ(bucket("+Inf"), 6);
  EXPECT_NEAR(text.Value("meanwhile_loadtest_call_seconds_sum{time=\"response\"}"), 70.08, 1.4);
}

TEST(RunMetricsTest, TellsTheStatusAlsoWhereItDoesNotDecideWhetherACallFailed) {
  const auto metrics = RunMetrics::Listen("127.0.0.1:0");
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  LoadProgress progress;
  LiveStats stats;
  const std::chrono::milliseconds time(3);
  stats.OnEnded(time, absl::StatusCode::kOk);
  for (int i = 0; i < 2; ++i) stats.OnEnded(time, absl::StatusCode::kOk, Verdict::kWrongAnswer);
  for (int i = 0; i < 4; ++i) stats.OnEnded(time, absl::StatusCode::kNotFound, Verdict::kSucceeded);
  stats.AddTo(&progress.totals);
  progress.recent = progress.totals;
  progress.recent_length = absl::Milliseconds(500);
  (*metrics)->Update(progress);
  const PrometheusText text = PrometheusText::Fetch((*metrics)->url());
  EXPECT_EQ(text.Value("meanwhile_loadtest_calls_total{code=\"OK\"}"), 3);
  EXPECT_EQ(text.Value("meanwhile_loadtest_calls_total{code=\"NOT_FOUND\"}"), 4);
  EXPECT_EQ(text.Value("meanwhile_loadtest_calls_failed_total"), 2);
  EXPECT_EQ(text.Value("meanwhile_loadtest_achieved_rate"), 10);
}

TEST(RunMetricsTest, ThePageNamesEachAndNoOther) {
  const auto metrics = RunMetrics::Listen("127.0.0.1:0");
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  const PrometheusText text = PrometheusText::Fetch((*metrics)->url());
  std::set<std::string> shown;
  for (const std::string& name : text.names()) {
    if (!absl::StartsWith(name, "exposer_")) shown.insert(name);
  }
  std::set<std::string> told;
  std::ifstream page("docs/read-the-report.md");
  for (std::string line; std::getline(page, line);) {
    const std::vector<std::string> parts = absl::StrSplit(line, '`');
    if (absl::StartsWith(line, "| `meanwhile_")) told.insert(parts[1]);
  }
  EXPECT_EQ(told, shown);
}

TEST(RunMetricsTest, AnAddressInUseIsNamed) {
  const auto one = RunMetrics::Listen("127.0.0.1:0");
  ASSERT_TRUE(one.ok()) << one.status();
  const std::string url = (*one)->url();
  const std::string address(absl::StripSuffix(absl::StripPrefix(url, "http://"), "/metrics"));
  EXPECT_EQ(RunMetrics::Listen(address).status().message(),
            absl::StrCat("--metrics=", address, ": cannot bind: Address already in use"));
}

TEST(RunMetricsTest, TheBinaryShowsThemWhileItRuns) {
  TestServer server;
  Process run({"loadtest/loadtest", "run", server.target(), "-c", "10", "-z", "1h", "--warmup=0s",
               "--wait=simulated:5ms", "--metrics=:0"});
  const std::optional<std::string> line = run.ReadErrorLine();
  ASSERT_TRUE(line.has_value());
  ASSERT_THAT(*line, StartsWith("loadtest: metrics at http://127.0.0.1:"));
  const std::string url(absl::StripPrefix(*line, "loadtest: metrics at "));
  EXPECT_TRUE(
      WaitUntil([&] { return PrometheusText::Fetch(url).Value("meanwhile_loadtest_calls_total{code=\"OK\"}") > 0; }));
  const PrometheusText text = PrometheusText::Fetch(url);
  EXPECT_GT(text.Value("meanwhile_loadtest_call_seconds_count{time=\"response\"}"), 0);
  EXPECT_LE(text.Value("meanwhile_loadtest_calls_in_flight"), 10);
  EXPECT_EQ(text.Value("meanwhile_loadtest_calls_due_total"), 0);
  run.Signal(SIGINT);
  EXPECT_EQ(run.Wait(), 105) << run.err();
}

TEST(RunMetricsTest, TheBinaryTellsCallsThatFailByTheirStatus) {
  TestServer server;
  Process run({"loadtest/loadtest", "run", server.target(), "-c", "10", "-z", "1h", "--warmup=0s",
               "--wait=simulated:100ms", "--timeout=10ms", "--metrics=:0"});
  const std::optional<std::string> line = run.ReadErrorLine();
  ASSERT_TRUE(line.has_value());
  ASSERT_THAT(*line, StartsWith("loadtest: metrics at http://127.0.0.1:"));
  const std::string url(absl::StripPrefix(*line, "loadtest: metrics at "));
  const std::string timed_out = "meanwhile_loadtest_calls_total{code=\"DEADLINE_EXCEEDED\"}";
  EXPECT_TRUE(WaitUntil([&] { return PrometheusText::Fetch(url).Has(timed_out); }));
  const PrometheusText text = PrometheusText::Fetch(url);
  EXPECT_GT(text.Value(timed_out), 0);
  EXPECT_FALSE(text.Has("meanwhile_loadtest_calls_total{code=\"UNKNOWN\"}"));
  EXPECT_GE(text.Value("meanwhile_loadtest_calls_failed_total"), text.Value(timed_out));
  run.Signal(SIGINT);
  EXPECT_EQ(run.Wait(), 105) << run.err();
}

TEST(RunMetricsTest, ABadAddressEndsTheBinary) {
  for (const auto& [address, why] :
       {std::pair("9464", "must be HOST:PORT or :PORT"), std::pair("unix:path", "must be HOST:PORT or :PORT"),
        std::pair("127.0.0.1:65536", "the port must be from 0 to 65535"),
        std::pair("[::1:9464", "the bracket is not closed"),
        std::pair("::1:9464", "an IPv6 address stands in brackets")}) {
    const std::string flag = absl::StrCat("--metrics=", address);
    const Outcome outcome = RunProcess({"loadtest/loadtest", "run", "localhost:1", flag});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.err, absl::StrCat("loadtest: ", flag, ": ", why, "\n"));
  }
}

TEST(RunMetricsTest, AnAddressThatCannotBeTakenEndsTheBinary) {
  const Outcome outcome = RunProcess({"loadtest/loadtest", "run", "localhost:1", "--metrics=192.0.2.1:1"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("loadtest: --metrics=192.0.2.1:1: cannot bind: "));
}

}  // namespace
}  // namespace meanwhile
