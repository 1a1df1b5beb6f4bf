// `loadtest compare` as a person runs it: arguments in; stdout, stderr, files and the exit code out.

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/loadtest/bad_flags.h"
#include "tests/loadtest/compare/compare_line.h"
#include "tests/process.h"
#include "tests/usage_errors.h"

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// The number at a path such as `cells.0.responseTime.p999`; a failure when something else stands there.
double NumberAt(const google::protobuf::Struct& json, const std::string& path) {
  google::protobuf::Value value;
  *value.mutable_struct_value() = json;
  for (const absl::string_view step : absl::StrSplit(path, '.')) {
    const google::protobuf::Value above = value;
    std::size_t index = 0;
    if (absl::SimpleAtoi(step, &index)) {
      if (index < static_cast<std::size_t>(above.list_value().values_size())) {
        value = above.list_value().values(static_cast<int>(index));
        continue;
      }
    } else if (const auto field = above.struct_value().fields().find(std::string(step));
               field != above.struct_value().fields().end()) {
      value = field->second;
      continue;
    }
    ADD_FAILURE() << path << " is not there";
    return 0;
  }
  EXPECT_TRUE(value.has_number_value()) << path;
  return value.number_value();
}

TEST(CompareTest, TellsTheTableAndTheSentencesAndWritesTheFiles) {
  const std::string json = TempPath("compare.json"), csv = TempPath("compare.csv"), html = TempPath("compare.html");
  const Outcome outcome =
      RunProcess(Compare("-c 10,50 --models=async,thread --rounds=2 --warmup=100ms -z 200ms --backend=constant:5ms",
                         {"--json", json, "--csv=" + csv, "--html", html}));
  // 106 where the machine is too small for it.
  EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 106) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("async against thread"));
  EXPECT_THAT(outcome.out, HasSubstr("nothing was pinned (--pin=none)"));
  EXPECT_THAT(outcome.out, HasSubstr("10 in flight, ideal 2,000 calls/s"));
  EXPECT_THAT(outcome.out, HasSubstr("50 in flight, ideal 10,000 calls/s"));
  EXPECT_THAT(outcome.out, HasSubstr("At 10 in flight "));
  EXPECT_THAT(outcome.out, HasSubstr("At 50 in flight "));

  const auto report = FromJson<v1::ComparisonReport>(ReadFile(json));
  EXPECT_EQ(report.valid(), outcome.exit_code == 0);
  EXPECT_FALSE(report.interrupted());
  EXPECT_GT(report.host().processors(), 0u);
  EXPECT_THAT(report.settings().models(), ElementsAre("async", "thread"));
  EXPECT_DOUBLE_EQ(report.settings().mean_wait_seconds(), 0.005);
  std::vector<std::string> order;
  for (const v1::Cell& round : report.rounds()) {
    order.push_back(absl::StrCat(round.round(), " ", round.in_flight(), " ", round.model()));
    EXPECT_DOUBLE_EQ(round.duration_seconds(), 0.2);
  }
  EXPECT_THAT(order, ElementsAre("1 10 async", "1 10 thread", "1 50 async", "1 50 thread",  //
                                 "2 10 thread", "2 10 async", "2 50 thread", "2 50 async"));

  const auto tree = FromJson<google::protobuf::Struct>(ReadFile(json));
  EXPECT_TRUE(tree.fields().at("valid").has_bool_value());
  EXPECT_TRUE(tree.fields().contains("host"));
  for (int i = 0; i < 4; ++i) {
    const std::string cell = absl::StrCat("cells.", i, ".");
    EXPECT_EQ(report.cells(i).model(), i % 2 == 0 ? "async" : "thread");
    EXPECT_EQ(NumberAt(tree, cell + "inFlight"), i < 2 ? 10 : 50);
    EXPECT_GT(NumberAt(tree, cell + "achievedRate"), 0);
    EXPECT_GT(NumberAt(tree, cell + "idealShare"), 0);
    EXPECT_EQ(NumberAt(tree, cell + "errors"), 0);
    EXPECT_GE(NumberAt(tree, cell + "responseTime.p50"), 0.005);
    EXPECT_GE(NumberAt(tree, cell + "responseTime.p999"), NumberAt(tree, cell + "responseTime.p50"));
    EXPECT_GT(NumberAt(tree, cell + "server.cpuMicrosPerCall"), 0);
    EXPECT_GT(NumberAt(tree, cell + "server.peakThreads"), 1);
    EXPECT_GT(NumberAt(tree, cell + "server.peakRssBytes"), 1e6);
    EXPECT_GT(NumberAt(tree, cell + "server.contextSwitchesPerCall"), 0);
  }
  for (int i = 0; i < 2; ++i) {
    const std::string ratio = absl::StrCat("comparisons.", i, ".throughputRatio.");
    EXPECT_LE(NumberAt(tree, ratio + "low"), NumberAt(tree, ratio + "median"));
    EXPECT_LE(NumberAt(tree, ratio + "median"), NumberAt(tree, ratio + "high"));
    EXPECT_THAT(report.comparisons(i).sentence(), StartsWith(i == 0 ? "At 10 in flight" : "At 50 in flight"));
  }
  const std::string table = ReadFile(csv);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 1 + 4 + 8) << "head, summaries, rounds";
  EXPECT_THAT(ReadFile(html), HasSubstr("<html"));
}

// Two threads that wait 20 ms for each call answer 100 calls/s at most, on any machine.
TEST(CompareTest, ServersAreComparedAtEqualRates) {
  const std::string json = TempPath("rates.json"), html = TempPath("rates.html");
  const Outcome outcome =
      RunProcess(Compare("-r 20,400 --arrival=poisson --models=async,pool:threads=2 --rounds=2 --warmup=100ms -z 500ms "
                         "--backend=constant:20ms --max-dispatch-delay=1h --max-in-flight=300",
                         {"--json", json, "--html", html}));
  // 106 where the machine is too small for it.
  EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 106) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("poisson arrivals"));
  EXPECT_THAT(outcome.out, HasSubstr("\n20 calls/s\n"));
  EXPECT_THAT(outcome.out, HasSubstr("\n400 calls/s\n"));
  EXPECT_THAT(outcome.out, HasSubstr("At 20 calls/s "));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("At 400 calls/s .*keep"));

  const auto report = FromJson<v1::ComparisonReport>(ReadFile(json));
  EXPECT_THAT(report.settings().rates(), ElementsAre(20, 400));
  EXPECT_EQ(report.settings().arrival(), "poisson");
  ASSERT_EQ(report.cells_size(), 4);
  const v1::Cell& overloaded = report.cells(3);
  EXPECT_EQ(overloaded.model(), "pool:threads=2");
  EXPECT_EQ(overloaded.rate(), 400);
  EXPECT_EQ(overloaded.in_flight(), 0u);
  EXPECT_GT(overloaded.offered_rate(), 200);
  EXPECT_LE(overloaded.achieved_rate(), 110);
  EXPECT_TRUE(overloaded.behind());
  ASSERT_EQ(report.comparisons_size(), 2);
  EXPECT_GT(report.comparisons(0).p50_ratio().median(), 0);
  EXPECT_LE(report.comparisons(0).p99_ratio().low(), report.comparisons(0).p99_ratio().high());
  EXPECT_GT(report.settings().flags_size(), 10);
  EXPECT_THAT(ReadFile(html), HasSubstr("calls/s offered"));
}

TEST(CompareTest, AScenarioDecidesWhatTheServersDo) {
  for (const std::string scenario : {"computing", "mixed"}) {
    const std::string json = TempPath(scenario + ".json");
    const Outcome outcome = RunProcess(
        Compare("-c 4 --models=async,callback,thread,pool --rounds=1 --warmup=0s -z 200ms --scenario=" + scenario,
                {"--json=" + json}));
    EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 106) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("scenario " + scenario));
    const auto report = FromJson<v1::ComparisonReport>(ReadFile(json));
    EXPECT_EQ(report.settings().scenario(), scenario);
    EXPECT_EQ(report.rounds_size(), 4);
    for (const v1::Cell& round : report.rounds()) {
      EXPECT_GT(round.calls(), 0) << round.model();
      EXPECT_EQ(round.errors(), 0) << round.model();
      EXPECT_FALSE(round.has_ideal_share()) << "nobody knows how long a call has to take";
    }
  }
}

TEST(CompareTest, RelativeOutputPathsStartWhereThePersonStands) {
  std::vector<std::string> line =
      Compare("-c 1 --rounds=1 --warmup=0s -z 50ms --models=none --json=relative_compare.json", {kBareServer});
  line.insert(line.begin(), {"env", "BUILD_WORKING_DIRECTORY=" + testing::TempDir()});
  RunProcess(line);
  EXPECT_EQ(FromJson<v1::ComparisonReport>(ReadFile(TempPath("relative_compare.json"))).cells_size(), 1);
}

// A value of each flag that cannot be, and flags that make no sense together.
std::vector<UsageCase> BadFlags() {
  return {
      {"--models=async,fibers", "--models=fibers: must be one of async, callback, thread, pool"},
      {"--models=async,async", "--models=async: must be given once"},
      {"--models=pool:speed=9", "--models=pool:speed=9: pool has no option speed, only threads, queue, loops"},
      {"--models=none", "--models=none: must name a model when there is no --server and no --target"},
      {"--models=async --tls", "--models=async: this project's server is started without TLS; --server can start it"},
      {"--cacert=x", "--tls, --cacert and --cert: --server or --target must name servers that speak TLS\n"},
      {"--timeout=0s", "--timeout=0s: must be from 1ms to 1h\n"},
      {"--target=x", "--target=x: must be NAME=HOST:PORT or NAME=unix:PATH"},
      {"--target=x=y", "--target=x=y: target y: must be HOST:PORT or unix:PATH"},
      {"--target=x=a:1 --target=x=b:1", "--target=x: this name is taken"},
      {"-r 0", "--rps=0: must be a number of calls a second from 0.001 to 10000000"},
      {"-r 5,10,5", "--rps=5,10,5: must hold each level once"},
      {"-r 5 -c 5", "--concurrency=5: cannot be given together with --rps"},
      {"--arrival=poisson", "--arrival=poisson: needs --rps"},
      {"-r 5 --arrival=often", "--arrival=often: must be constant, poisson or burst:N"},
      {"--max-in-flight=5", "--max-in-flight=5: needs --rps"},
      {"--max-dispatch-delay=5s", "--max-dispatch-delay=5s: needs --rps"},
      {"--force", "--force needs --before and --after"},
      {"--before=/nowhere/x", "--before=/nowhere/x: No such file or directory"},
      {"--after=/proc/version", "--after=/proc/version: must be a file that `loadtest run --json` wrote"},
      {"--server=x", "--server=x: must be NAME=COMMAND"},
      {"--server==x{port}", "--server==x{port}: must be NAME=COMMAND"},
      {"--server=x=y", "--server=x=y: COMMAND must hold {port}, the port that the server shall listen on"},
      {"--server=async=x{port}", "--server=async: this name is taken"},
      {"--server=x=y{port} --server=x=z{port}", "--server=x: this name is taken"},
      {"-c 0", "--concurrency=0: must be from 1 to 100000"},
      {"-c 10,100001", "--concurrency=100001: must be from 1 to 100000"},
      {"-c 10,", "--concurrency=: must be from 1 to 100000"},
      {"--concurrency=10,20,10", "--concurrency=10,20,10: must hold each level once"},
      {"--rounds=0", "--rounds=0: must be from 1 to 100"},
      {"--warmup=2h", "--warmup=2h: must be from 0 to 1h"},
      {"-z 0s", "--duration=0s: must be from 1ms to 1h"},
      {"--duration=soon", "--duration=soon: must be a duration such as 50ms, 1.5s or 2m"},
      {"--connections=10001", "--connections=10001: must be from 1 to 10000"},
      {"--pin=both", "--pin=both: must be auto or none"},
      {"--scenario=idle",
       "--scenario=idle: must be waiting, computing or mixed, or a file: a name with a dot or a slash"},
      {"--call=grpc.health.v1.Health/Check --scenario=mixed", "--scenario=mixed: cannot be given together with --call"},
      {"--call=a.B/C", "this project's server has no service a.B: --server or --target must name servers that have it"},
      {"--call=a.B/C --models=async", "--models=async: this project's server has no service a.B"},
      {"--pin=none --call=grpc.health.v1.Health/Guess",
       "--call=grpc.health.v1.Health/Guess: grpc.health.v1.Health has no method Guess; there are Check, Watch"},
      {"--quick=maybe", "Could not convert: --quick = maybe"},
      {"--no-such-flag", "The following argument was not expected: --no-such-flag"},
      {"--engine=http3", "--engine=http3: must be http2 or grpc\n"},
  };
}

TEST(CompareTest, BadFlagsAreNamedWithTheirBounds) {
  ExpectUsageErrors({"loadtest/loadtest", "compare"}, Together({BadFlags(), BadOutputFlags()}));
  ExpectUsageErrors({"loadtest/loadtest", "compare", "--pin=none", "--target=it=localhost:1"},
                    Together({BadCallFlags(), BadCredentialFlags()}));
}

TEST(CompareTest, EachFlagWithAValueIsRefusedWithABadOne) {
  // What the file of --config may hold is in config_main_test.cc; what a server says of --backend is in
  // compare_servers_test.cc.
  EXPECT_THAT(FlagsWithoutCase({"loadtest/loadtest", "compare"},
                               Together({BadFlags(), BadCallFlags(), BadCredentialFlags(), BadOutputFlags()})),
              testing::ElementsAre("--backend", "--config"));
}

}  // namespace
}  // namespace meanwhile
