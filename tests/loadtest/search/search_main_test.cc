// `loadtest search` as a person runs it: arguments in; stdout, stderr, files and the exit code out.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/client/test_server.h"
#include "tests/loadtest/bad_flags.h"
#include "tests/process.h"
#include "tests/usage_errors.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// On a busy machine calls leave late, which is not what most of these tests are about.
constexpr char kAnyDelay[] = " --max-dispatch-delay=1h";

std::string TempPath(const std::string& name) { return testing::TempDir() + name; }

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> Search(const std::string& words) {
  std::vector<std::string> command = absl::StrSplit(words, ' ', absl::SkipEmpty());
  command.insert(command.begin(), {"loadtest/loadtest", "search"});
  return command;
}

v1::SearchReport ReadReport(const std::string& path) {
  v1::SearchReport report;
  const auto status = google::protobuf::util::JsonStringToMessage(ReadFile(path), &report);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return report;
}

TEST(SearchTest, AReportThatCannotBePrintedIsAnErrorAndIsWrittenToItsFiles) {
  TestServer server;
  const std::string json = TempPath("unprinted.json");
  const Outcome outcome = RunProcess(
      {"sh", "-c",
       "exec loadtest/loadtest search \"$0\" --slo='p50<1m' --from=5 --to=5 --repeats=1 -z 100ms --warmup=0s "
       "--json=\"$1\" 2>&1 >/dev/full",
       server.target(), json});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("loadtest: cannot write to stdout: No space left on device\n"));
  EXPECT_GE(ReadReport(json).probes_size(), 1);
}

// With five calls of 50 ms in flight no more than 100 calls/s are possible, on any machine.
TEST(SearchTest, FindsTheRateAndTellsItEverywhere) {
  TestServer server;
  const std::string json = TempPath("search.json"), csv = TempPath("search.csv"), html = TempPath("search.html");
  const Outcome outcome = RunProcess(
      Search(absl::StrCat(server.target(), kAnyDelay,
                          " --slo=errors<1%,p50<1m --from=5 --precision=50% --repeats=1 -z 300ms --warmup=100ms"
                          " --wait=simulated:50ms --max-in-flight=5 --json=",
                          json, " --csv=", csv, " --html=", html)));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr(server.target() + " holds errors<1% and p50<1m at "));
  EXPECT_THAT(outcome.out, HasSubstr("1 of 1 runs at that rate did."));
  EXPECT_THAT(outcome.out, HasSubstr("calls/s was too much:"));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("calls/s were\\s+answered"));

  const v1::SearchReport report = ReadReport(json);
  EXPECT_TRUE(report.valid());
  EXPECT_FALSE(report.interrupted());
  EXPECT_EQ(report.target(), server.target());
  EXPECT_EQ(report.model(), "test");
  EXPECT_EQ(report.engine(), "http2");
  EXPECT_GT(report.rate(), 0);
  EXPECT_LE(report.rate(), 120) << "1 % may be missing, and the ends of so short a run count";
  EXPECT_EQ(report.rate(), report.highest_held());
  EXPECT_GT(report.lowest_failed(), report.rate());
  EXPECT_LE(report.lowest_failed(), 1.5 * report.rate());
  ASSERT_GE(report.probes_size(), 4);
  EXPECT_EQ(report.probes(0).stage(), "grow");
  EXPECT_EQ(report.probes(0).cell().rate(), 5);
  EXPECT_EQ(report.probes(0).thresholds_size(), 2);
  EXPECT_EQ(report.probes(report.probes_size() - 1).stage(), "confirm");
  EXPECT_TRUE(report.probes(report.probes_size() - 1).held());
  EXPECT_THAT(ReadFile(csv), HasSubstr("\r\nround,"));
  EXPECT_THAT(ReadFile(html), HasSubstr("function searchPage("));
  EXPECT_THAT(ReadFile(html), HasSubstr("\"lowestFailed\""));
}

TEST(SearchTest, EndsAtTheHighestRateThatIsAllowed) {
  TestServer server;
  const std::string json = TempPath("to.json");
  const Outcome outcome = RunProcess(
      Search(absl::StrCat(server.target(), kAnyDelay,
                          " --slo=errors<1% --from=20 --to=30 --repeats=2 -z 200ms --warmup=0s --json=", json)));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("at 30.0 calls/s: 2 of 2 runs at that rate did. No higher rate was tried."));
  EXPECT_FALSE(ReadReport(json).has_lowest_failed());
}

TEST(SearchTest, SaysThatNoRateHolds) {
  TestServer server;
  const std::string json = TempPath("none.json");
  const Outcome outcome = RunProcess(
      Search(absl::StrCat(server.target(), kAnyDelay,
                          " --slo=p50<1us --slo=errors<1% --from=1000 -z 20ms --warmup=0s --loops=1 --json=", json)));
  EXPECT_EQ(outcome.exit_code, 99) << outcome.err << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("does not hold p50<1us and errors<1% at any rate that was tried"));
  const v1::SearchReport report = ReadReport(json);
  EXPECT_TRUE(report.valid());
  EXPECT_FALSE(report.has_rate());
  EXPECT_EQ(report.probes_size(), 14) << "twice each: 1,000, 500, … 15.6 calls/s";
}

TEST(SearchTest, IsNotValidWhereTheLoadTesterWasTheLimit) {
  TestServer server;
  const std::string json = TempPath("limited.json");
  const Outcome outcome = RunProcess(Search(absl::StrCat(
      server.target(), " --max-dispatch-delay=1us --slo=p50<1us --from=1000 -z 50ms --warmup=0s --json=", json)));
  EXPECT_EQ(outcome.exit_code, 106) << outcome.err << outcome.out;
  EXPECT_THAT(outcome.out, StartsWith("INVALID: client-limited: "));
  EXPECT_THAT(outcome.out, HasSubstr("over --max-dispatch-delay"));
  const v1::SearchReport report = ReadReport(json);
  EXPECT_FALSE(report.valid());
  EXPECT_TRUE(report.client_limited());
}

TEST(SearchTest, AnInterruptTellsTheBracketSoFar) {
  TestServer server;
  const std::string json = TempPath("interrupted.json");
  Process search(
      Search(absl::StrCat(server.target(), kAnyDelay,
                          " --slo=errors<1% --from=50 -z 200ms --warmup=0s --wait=simulated:5ms --json=", json)));
  // More than the first rate has in its time.
  EXPECT_TRUE(WaitUntil([&] { return server.fetches() >= 15; }));
  search.Signal(SIGINT);
  EXPECT_EQ(search.Wait(), 105) << search.err();
  EXPECT_THAT(search.out(), HasSubstr("INTERRUPTED"));
  EXPECT_THAT(search.out(), HasSubstr("The search ended before it had an answer: "));
  const v1::SearchReport report = ReadReport(json);
  EXPECT_TRUE(report.interrupted());
  EXPECT_FALSE(report.has_rate());
  EXPECT_GE(report.probes_size(), 1);
}

TEST(SearchTest, SaysWhereTheServerWentAway) {
  auto server = std::make_unique<TestServer>();
  Process search(Search(absl::StrCat(server->target(), kAnyDelay,
                                     " --slo=errors<1% --from=50 -z 500ms --warmup=0s --wait=simulated:5ms")));
  EXPECT_TRUE(WaitUntil([&] { return server->fetches() >= 30; }));
  server.reset();
  EXPECT_EQ(search.Wait(), 1) << search.err();
  EXPECT_THAT(search.out(), HasSubstr("INVALID: the server was gone at "));
}

TEST(SearchTest, SaysWhichTargetItCannotReach) {
  const Outcome outcome = RunProcess(Search("unix:/nobody/listens/here --slo=p99<1s"));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("cannot connect to unix:/nobody/listens/here within 5s: "));
}

// A value of each flag that cannot be, and flags that make no sense together.
std::vector<UsageCase> BadFlags() {
  const std::vector<UsageCase> of_search = {
      {"--slo=p99", "--slo=p99: must be a metric (p99 or any other percentile"},
      {"--slo=p99<1s,", "--slo=: must be a metric"},
      {"--slo=rate>5", "--slo=rate>5: must not be of the rate, which is what is searched\n"},
      {"--slo=p99{a}<1s", "--slo=p99{a}<1s: no method a; only the methods of a mix are told apart\n"},
      {"--from=0", "--from=0: must be a number of calls a second from 0.001 to"},
      {"--to=x", "--to=x: must be a number of calls a second from 0.001 to"},
      {"--from=20 --to=10", "--from=20: must be at most --to, 10\n"},
      {"--precision=5", "--precision=5: must be from 0.1% to 100%\n"},
      {"--precision=101%", "--precision=101%: must be from 0.1% to 100%\n"},
      {"--repeats=0", "--repeats=0: must be from 1 to 100\n"},
      {"-z 0s", "--duration=0s: must be from 1ms to 1h\n"},
      {"--warmup=2h", "--warmup=2h: must be from 0 to 1h\n"},
      {"--arrival=often", "--arrival=often: must be constant, poisson or burst:N with N from 1 to 1000000\n"},
      {"--max-in-flight=0", "--max-in-flight=0: must be from 1 to 100000\n"},
      {"--max-dispatch-delay=0s", "--max-dispatch-delay=0s: must be from 1us to 1h\n"},
      {"--engine=http3", "--engine=http3: must be http2 or grpc\n"},
      {"--connections=0", "--connections=0: must be from 1 to 10000\n"},
      {"--loops=257", "--loops=257: must be from 1 to 256\n"},
      {"--timeout=2h", "--timeout=2h: must be from 1ms to 1h\n"},
      {"--wait=50ms", "--wait=50ms: must be simulated:SPEC"},
      {"--call=a.B/C --wait=simulated:1ms", "--wait=simulated:1ms: cannot be given together with --call"},
  };
  return Together({of_search, BadCallFlags(), BadCredentialFlags(), BadOutputFlags()});
}

TEST(SearchTest, BadUsageExitsWithTwoAndNamesTheFlagAndTheBound) {
  ExpectUsageErrors({"loadtest/loadtest", "search"},
                    {
                        {"localhost:1", "--slo is required"},
                        {"--slo=p99<1s", "TARGET is required"},
                        {"localhost:1,localhost --slo=p99<1s", "target localhost: must be HOST:PORT"},
                    });
  ExpectUsageErrors({"loadtest/loadtest", "search", "localhost:1", "--slo=p99<1s"}, BadFlags());
}

TEST(SearchTest, EachFlagWithAValueIsRefusedWithABadOne) {
  // What the file of --config may hold is in config_main_test.cc.
  EXPECT_THAT(FlagsWithoutCase({"loadtest/loadtest", "search"}, BadFlags()), testing::ElementsAre("--config"));
}

TEST(SearchTest, TakesCallsOfAnyServiceFromItsConfigurationFile) {
  TestServer server;
  const std::string config = TempPath("search.yaml"), json = TempPath("calls.json"), html = TempPath("calls.html");
  std::ofstream(config) << "slo: errors<1%\nfrom: 20\nto: 20\nrepeats: 1\nwarmup: 0s\nduration: 300ms\n"
                           "proto: grpc/health/v1/health.proto\nproto-path: /usr/share/grpc-proto\n"
                           "mix: [{call: grpc.health.v1.Health/Check, expect-json: status=SERVING}]\n";
  const Outcome outcome = RunProcess(
      Search(absl::StrCat(server.target(), kAnyDelay, " --config=", config, " --json=", json, " --html=", html)));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("grpc.health.v1.Health/Check · expected status=SERVING"));
  const v1::SearchReport report = ReadReport(json);
  EXPECT_THAT(report.methods(), testing::ElementsAre("grpc.health.v1.Health/Check"));
  EXPECT_THAT(report.expected(), testing::ElementsAre("status=SERVING"));
  EXPECT_GT(report.probes(0).cell().statuses().at("OK"), 0);
  EXPECT_EQ(report.probes(0).cell().errors(), 0);
  EXPECT_THAT(ReadFile(html), HasSubstr("\"grpc.health.v1.Health/Check\""));
  EXPECT_EQ(server.fetches(), 0u);
}

TEST(SearchTest, AnObjectiveMayBeOfOneMethodOfAMix) {
  TestServer server;
  const std::string config = TempPath("mix.yaml"), json = TempPath("mix.json");
  std::ofstream(config) << "from: 50\nto: 50\nrepeats: 1\nwarmup: 0s\nduration: 300ms\n"
                           "proto: grpc/health/v1/health.proto\nproto-path: /usr/share/grpc-proto\n"
                           "mix:\n- {call: grpc.health.v1.Health/Check, name: good}\n"
                           "- {call: grpc.health.v1.Health/Check, name: bad, expect-status: NOT_FOUND}\n";
  const auto search = [&](const std::string& objectives) {
    return RunProcess(Search(
        absl::StrCat(server.target(), kAnyDelay, " --config=", config, " --json=", json, " --slo=", objectives)));
  };
  const Outcome good = search("errors{good}<1,p50{good}<1m");
  EXPECT_EQ(good.exit_code, 0) << good.err << good.out;
  const Outcome bad = search("errors{good}<1,errors{bad}<1");
  EXPECT_EQ(bad.exit_code, 99) << bad.err << bad.out;
  EXPECT_THAT(ReadReport(json).probes(0).reason(), testing::StartsWith("errors{bad}<1 was "));
  const Outcome unknown = search("p99{ugly}<1s");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_EQ(unknown.err, "loadtest: --slo=p99{ugly}<1s: no method ugly; there are good, bad\n");
}

}  // namespace
}  // namespace meanwhile
