// The `loadtest` binary as a person runs it: arguments in; stdout, stderr, files and the exit code out.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "loadtest/load/schedule.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/client/test_server.h"
#include "tests/process.h"
#include "tests/usage_errors.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string TempPath(const std::string& name) { return testing::TempDir() + name; }

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// A command line, out of words with a space between.
std::vector<std::string> LoadTest(const std::string& words) {
  std::vector<std::string> command = absl::StrSplit(words, ' ', absl::SkipEmpty());
  command.insert(command.begin(), "loadtest/loadtest");
  return command;
}

v1::RunReport ParseReport(const std::string& json) {
  v1::RunReport report;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &report);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return report;
}

TEST(LoadtestTest, RunTellsTheResultOnStdoutAndInFiles) {
  TestServer server;
  const std::string json = TempPath("run.json"), csv = TempPath("run.csv"), html = TempPath("run.html");
  const Outcome outcome =
      RunProcess(LoadTest("run " + server.target() +
                          " -c 10 --connections=3 --loops=2 -z 300ms --warmup=100ms --wait=simulated:5ms"
                          " --payload-size=7 --json " +
                          json + " --csv=" + csv + " --html " + html));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("calls/s"));
  EXPECT_THAT(outcome.out, HasSubstr("p99.99"));
  EXPECT_EQ(server.peers(), 3u);

  const v1::RunReport report = ParseReport(ReadFile(json));
  EXPECT_TRUE(report.valid());
  EXPECT_EQ(report.model(), "test");
  EXPECT_EQ(report.target(), server.target());
  EXPECT_EQ(report.in_flight(), 10u);
  EXPECT_EQ(report.connections(), 3u);
  EXPECT_EQ(report.loops(), 2u);
  EXPECT_DOUBLE_EQ(report.duration_seconds(), 0.3);
  EXPECT_GT(report.calls(), 0);
  EXPECT_EQ(report.errors(), 0);
  EXPECT_GE(report.response_time().min(), 0.005);
  EXPECT_GT(report.ideal_share(), 0);
  EXPECT_LE(report.ideal_share(), 1.01);
  EXPECT_GT(report.host().processors(), 0u);
  ASSERT_GT(report.time_series_size(), 0);
  EXPECT_GT(report.time_series(0).achieved_rate(), 0);
  EXPECT_GE(report.time_series(0).p50(), 0.0049);
  EXPECT_THAT(ReadFile(csv), HasSubstr(","));
  EXPECT_THAT(ReadFile(html), HasSubstr("<html"));
}

TEST(LoadtestTest, RunNamesTheEngineInEveryReport) {
  TestServer server;
  const std::string json = TempPath("engine.json"), csv = TempPath("engine.csv");
  for (const std::string engine : {"http2", "grpc"}) {
    const Outcome outcome = RunProcess(LoadTest(
        absl::StrCat("run ", server.target(), " -c 2 -n 20 --engine=", engine, " --json=", json, " --csv=", csv)));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("engine " + engine));
    EXPECT_EQ(ParseReport(ReadFile(json)).engine(), engine);
    EXPECT_THAT(ReadFile(csv), HasSubstr("," + engine + ",\r\n"));
  }
}

TEST(LoadtestTest, RunCountsExactlyTheTotal) {
  TestServer server;
  const std::string json = TempPath("total.json");
  EXPECT_EQ(RunProcess(LoadTest("run " + server.target() + " -c 10 -n 123 --json=" + json)).exit_code, 0);
  EXPECT_EQ(ParseReport(ReadFile(json)).calls(), 123);
  EXPECT_EQ(server.fetches(), 123u);
}

// On a busy machine calls leave late, which is not what these tests are about.
constexpr char kAnyDelay[] = " --max-dispatch-delay=1h";

TEST(LoadtestTest, RunSendsByAScheduleAndTellsTheThreeTimes) {
  TestServer server;
  const std::string json = TempPath("open.json");
  const Outcome outcome =
      RunProcess(LoadTest("run " + server.target() + kAnyDelay +
                          " -r 200 --arrival=burst:10 -z 1s --warmup=100ms --wait=simulated:5ms --json " + json +
                          " --hlog=" + TempPath("open.hlog")));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("200 calls/s, burst:10"));
  const v1::RunReport report = ParseReport(ReadFile(json));
  EXPECT_TRUE(report.valid());
  EXPECT_EQ(report.calls(), 200);
  EXPECT_EQ(report.offered_rate(), 200);
  EXPECT_EQ(report.in_flight(), 0u);
  EXPECT_EQ(report.max_in_flight(), 10'000u);
  EXPECT_EQ(report.not_sent(), 0);
  EXPECT_GE(report.service_time().min(), 0.005);
  EXPECT_GE(report.response_time().mean(), report.service_time().mean());
  EXPECT_TRUE(report.has_dispatch_delay());
  EXPECT_EQ(report.status_times().size(), 1u);
  EXPECT_GT(report.spectrum_size(), 20);
  EXPECT_GT(report.histogram_size(), 0);
  EXPECT_GT(report.connect_seconds(), 0);
  const std::string log = ReadFile(TempPath("open.hlog"));
  EXPECT_THAT(log, StartsWith("#[Logged by Meanwhile"));
  EXPECT_THAT(log, HasSubstr("\n0.000,1.000,"));
  EXPECT_THAT(log, HasSubstr("\nTag=service,0.000,1.000,"));
  EXPECT_THAT(log, HasSubstr("\nTag=delay,0.000,1.000,"));
}

TEST(LoadtestTest, RunDrawsPoissonArrivalsByItsSeed) {
  TestServer server;
  const std::string json = TempPath("poisson.json");
  for (const uint64_t seed : {7, 8, 9}) {
    const Outcome outcome = RunProcess(
        LoadTest(absl::StrCat("run ", server.target(), kAnyDelay,
                              " -r 1000 -z 300ms --warmup=0s --arrival=poisson --seed=", seed, " --json=", json)));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
    const LoadShape shape{{{1000, 1000, absl::Milliseconds(300)}}, nullptr, {Arrival::Kind::kPoisson, 1, seed}};
    Schedule schedule(&shape);
    double calls = 0;
    while (schedule.Next()) ++calls;
    EXPECT_EQ(ParseReport(ReadFile(json)).calls(), calls) << seed;
  }
}

TEST(LoadtestTest, RunFollowsAShapeToItsEnd) {
  TestServer server;
  std::ofstream(TempPath("arrivals")) << "0\n50ms\n50ms\n0.1\n";
  const struct {
    std::string shape;
    double calls;
  } cases[] = {
      {"ramp:0..200/500ms", 50},
      {"step:100,200/250ms", 75},
      {"spike:100..1000/100ms,100ms", 120},
      {"replay:" + TempPath("arrivals"), 4},
  };
  for (const auto& [shape, calls] : cases) {
    const std::string json = TempPath("shape.json");
    const Outcome outcome = RunProcess(
        LoadTest(absl::StrCat("run ", server.target(), kAnyDelay, " --warmup=0s --load=", shape, " --json=", json)));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
    EXPECT_EQ(ParseReport(ReadFile(json)).calls(), calls) << shape;
    EXPECT_EQ(ParseReport(ReadFile(json)).load(), shape);
  }
}

TEST(LoadtestTest, RunIsInvalidWhenItCouldNotSendWhatWasDue) {
  TestServer server;
  const std::string json = TempPath("notsent.json");
  const Outcome outcome =
      RunProcess(LoadTest("run " + server.target() + kAnyDelay +
                          " -r 500 -z 300ms --warmup=0s --max-in-flight=4 --wait=simulated:100ms --json=" + json));
  EXPECT_EQ(outcome.exit_code, 106) << outcome.out;
  EXPECT_THAT(outcome.out, StartsWith("INVALID: client-limited: "));
  EXPECT_THAT(outcome.out, HasSubstr("calls that were due were never sent, as 4 were in flight"));
  const v1::RunReport report = ParseReport(ReadFile(json));
  EXPECT_FALSE(report.valid());
  EXPECT_EQ(report.calls() + report.not_sent(), 150);
  EXPECT_GT(report.not_sent(), 100);
  EXPECT_EQ(report.errors(), 0);
}

// Each answer takes as long as half the run, so half of them come after it.
TEST(LoadtestTest, RunSaysThatAServerDoesNotKeepUp) {
  TestServer server;
  const Outcome outcome = RunProcess(
      LoadTest("run " + server.target() + kAnyDelay + " -r 200 -z 600ms --warmup=0s --wait=simulated:300ms"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_THAT(outcome.out, StartsWith("Problem: "));
  EXPECT_THAT(outcome.out, HasSubstr("of the 120 calls that were due in the measured time had no answer in it: "));
}

TEST(LoadtestTest, RunIsInvalidWhenCallsLeaveLate) {
  TestServer server;
  const Outcome outcome =
      RunProcess(LoadTest("run " + server.target() + " -r 100 -z 300ms --warmup=0s --max-dispatch-delay=1us"));
  EXPECT_EQ(outcome.exit_code, 106) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("late or later, over --max-dispatch-delay"));
}

TEST(LoadtestTest, RunJudgesEachThreshold) {
  TestServer server;
  const std::string json = TempPath("thresholds.json");
  const std::string run = "run " + server.target() + " -c 10 -n 100 --wait=simulated:5ms --json=" + json;
  Outcome outcome = RunProcess(LoadTest(run + " --threshold errors<1% --threshold=p99<10m"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("passed  errors<1%"));
  outcome = RunProcess(LoadTest(run + " --threshold errors<1% --threshold=p50<5ms"));
  EXPECT_EQ(outcome.exit_code, 99) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("passed  errors<1%"));
  EXPECT_THAT(outcome.out, HasSubstr("FAILED  p50<5ms"));
  const v1::RunReport report = ParseReport(ReadFile(json));
  ASSERT_EQ(report.thresholds_size(), 2);
  EXPECT_TRUE(report.thresholds(0).passed());
  EXPECT_FALSE(report.thresholds(1).passed());
  EXPECT_GE(report.thresholds(1).actual(), 0.005);
}

TEST(LoadtestTest, RunAbortsWhenItIsToldTo) {
  TestServer server;
  const std::string json = TempPath("aborted.json");
  const Outcome outcome = RunProcess(LoadTest("run " + server.target() +
                                              " -c 10 -z 1h --warmup=0s --wait=simulated:60s --timeout=5ms"
                                              " --abort-when=errors>5% --json=" +
                                              json));
  EXPECT_EQ(outcome.exit_code, 99) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("ABORTED: errors>5%: "));
  const v1::RunReport report = ParseReport(ReadFile(json));
  EXPECT_THAT(report.aborted(), StartsWith("errors>5%: "));
  EXPECT_FALSE(report.interrupted());
}

TEST(LoadtestTest, RunTellsWhatItHasWhenInterrupted) {
  for (const int number : {SIGINT, SIGTERM}) {
    TestServer server;
    const std::string json = TempPath("interrupted.json");
    Process run(LoadTest("run " + server.target() + " -c 10 -z 1h --warmup=0s --wait=simulated:5ms --json " + json));
    EXPECT_TRUE(WaitUntil([&] { return server.fetches() >= 50; }));
    run.Signal(number);
    EXPECT_EQ(run.Wait(), 105) << run.err();
    EXPECT_THAT(run.out(), HasSubstr("calls/s"));
    const v1::RunReport report = ParseReport(ReadFile(json));
    EXPECT_TRUE(report.interrupted());
    EXPECT_GE(report.calls(), 30);
  }
}

TEST(LoadtestTest, RunSaysWhichTargetItCannotReach) {
  const Outcome outcome = RunProcess(LoadTest("run unix:/nobody/listens/here"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "loadtest: cannot connect to unix:/nobody/listens/here within 5s: No such file or directory\n");
}

TEST(LoadtestTest, RunFailsWhenTheServerGoesAway) {
  auto server = std::make_unique<TestServer>();
  Process run(LoadTest("run " + server->target() + " -c 10 -z 3s --warmup=0s --wait=simulated:5ms"));
  EXPECT_TRUE(WaitUntil([&] { return server->fetches() >= 50; }));
  server.reset();
  EXPECT_EQ(run.Wait(), 1) << run.err();
  EXPECT_THAT(run.out(), HasSubstr("the server was gone"));
  EXPECT_THAT(run.out(), HasSubstr("UNAVAILABLE"));
}

TEST(LoadtestTest, RunFailsWhenNoCallSucceeds) {
  TestServer server;
  const Outcome outcome =
      RunProcess(LoadTest("run " + server.target() + " -c 5 -n 5 --wait=simulated:60s --timeout=20ms"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("no call succeeded"));
  EXPECT_THAT(outcome.out, HasSubstr("DEADLINE_EXCEEDED"));
}

TEST(LoadtestTest, WithoutACommandItIsBadUsage) {
  ExpectUsageErrors({"loadtest/loadtest"}, {{"", "A subcommand is required\n"},
                                            {"walk", "walk: is no subcommand; there are run, compare, search\n"}});
}

TEST(LoadtestTest, RunTakesNoMoreCallersThanCallsUnlessItIsTold) {
  TestServer server;
  const std::string json = TempPath("few.json");
  const Outcome outcome = RunProcess(LoadTest("run " + server.target() + " -n=7 --json=" + json));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(ParseReport(ReadFile(json)).in_flight(), 7u);
  EXPECT_EQ(ParseReport(ReadFile(json)).calls(), 7);
}

TEST(LoadtestTest, AReportThatCannotBePrintedIsAnErrorAndTheFilesAreWritten) {
  TestServer server;
  const std::string json = TempPath("full.json");
  const Outcome outcome = RunProcess(
      {"sh", "-c", "exec loadtest/loadtest run \"$0\" -c 1 -n 1 --json=\"$1\" >/dev/full", server.target(), json});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "loadtest: cannot write to stdout: No space left on device\n");
  EXPECT_EQ(ParseReport(ReadFile(json)).calls(), 1);
}

TEST(LoadtestTest, RelativeOutputPathsStartWhereThePersonStands) {
  TestServer server;
  ASSERT_EQ(setenv("BUILD_WORKING_DIRECTORY", testing::TempDir().c_str(), 1), 0);
  const Outcome outcome = RunProcess(LoadTest("run " + server.target() + " -c 1 -n 1 --json=relative.json"));
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(ParseReport(ReadFile(TempPath("relative.json"))).calls(), 1);
}

}  // namespace
}  // namespace meanwhile
