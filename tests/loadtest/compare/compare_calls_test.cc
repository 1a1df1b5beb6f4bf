// What calls `loadtest compare` sends: those of --call, with all that goes with them, and those of a file.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/client/test_server.h"
#include "tests/loadtest/compare/compare_line.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr char kShort[] = "-c 4 --rounds=1 --warmup=0s -z 100ms ";
constexpr char kCheck[] = "--call=grpc.health.v1.Health/Check ";

std::string FileOf(const std::string& text) {
  std::string path = TempPath("calls.yaml");
  std::ofstream(path) << text;
  return path;
}

struct Compared {
  Outcome outcome;
  v1::ComparisonReport report;
};

Compared RunCompare(const std::string& words, std::vector<std::string> arguments = {}) {
  const std::string json = TempPath("compare_calls.json");
  std::ofstream(json) << "{}";
  arguments.push_back("--json=" + json);
  Compared compared;
  compared.outcome = RunProcess(Compare(kShort + words, arguments));
  EXPECT_THAT(compared.outcome.exit_code, testing::AnyOf(0, 106)) << compared.outcome.err;
  compared.report = FromJson<v1::ComparisonReport>(ReadFile(json));
  return compared;
}

void ExpectNoErrors(const v1::ComparisonReport& report) {
  for (const v1::Cell& cell : report.cells()) {
    EXPECT_GT(cell.calls(), 0) << cell.model();
    EXPECT_EQ(cell.errors(), 0) << cell.model();
  }
}

// Nobody is asked for the schema: the servers that compare starts have no reflection.
TEST(CompareCallsTest, ModelsAreComparedByAnyOfTheirMethods) {
  const auto [outcome, report] =
      RunCompare(absl::StrCat(kCheck, "--models=async,callback,thread,pool --expect-json=status=SERVING"));
  EXPECT_THAT(outcome.out, HasSubstr("grpc.health.v1.Health/Check · expected status=SERVING"));
  EXPECT_THAT(report.settings().methods(), ElementsAre("grpc.health.v1.Health/Check"));
  EXPECT_THAT(report.settings().expected(), ElementsAre("status=SERVING"));
  EXPECT_EQ(report.settings().scenario(), "");
  EXPECT_EQ(report.settings().payload_bytes(), 0u);
  ASSERT_EQ(report.cells_size(), 4);
  ExpectNoErrors(report);
  for (const v1::Cell& cell : report.cells()) {
    EXPECT_FALSE(cell.has_ideal_share()) << "nobody knows how long such a call has to take";
  }
}

TEST(CompareCallsTest, CallsThatComputeFindRoomInThePool) {
  const auto [outcome, report] =
      RunCompare("--call=meanwhile.v1.Meanwhile/Compute --models=async,callback,pool", {"--data={\"rounds\": 1000}"});
  ASSERT_EQ(report.cells_size(), 3);
  ExpectNoErrors(report);
}

TEST(CompareCallsTest, WhatIsExpectedOfFetchHoldsForScenarios) {
  for (const std::string scenario : {"waiting", "mixed"}) {
    const auto [outcome, report] =
        RunCompare("--models=async --backend=constant:1ms --expect-status=OK --scenario=" + scenario);
    EXPECT_THAT(report.settings().expected(), ElementsAre("status OK"));
    EXPECT_EQ(report.settings().scenario(), scenario);
    ExpectNoErrors(report);
  }
}

TEST(CompareCallsTest, AFileSaysWhatOneCallIs) {
  TestServer server;
  const std::string file = FileOf(
      "call: meanwhile.v1.Meanwhile/Fetch\n"
      "data: '{\"payload\": \"ZmFpbA==\"}'  # fail\n"
      "expect-status: [UNAVAILABLE, OK]\n"
      "metadata: [tenant:a, trace:none]\n");
  const auto [outcome, report] = RunCompare("", {"--target=it=" + server.target(), "--scenario=" + file});
  EXPECT_THAT(outcome.out, HasSubstr("scenario " + file));
  EXPECT_EQ(report.settings().scenario(), file);
  EXPECT_THAT(report.settings().methods(), ElementsAre("meanwhile.v1.Meanwhile/Fetch"));
  EXPECT_THAT(report.settings().expected(), ElementsAre("status OK or UNAVAILABLE"));
  ASSERT_EQ(report.cells_size(), 1);
  EXPECT_EQ(report.cells(0).statuses().count("OK"), 0u);
  EXPECT_GT(report.cells(0).statuses().at("UNAVAILABLE"), 0);
  ExpectNoErrors(report);
  EXPECT_FALSE(report.cells(0).has_ideal_share());
}

TEST(CompareCallsTest, TheCommandLineWinsOverTheFile) {
  TestServer server;
  const std::string file = FileOf("call: meanwhile.v1.Meanwhile/Fetch\ndata: {payload: ZmFpbA==}  # fail\n");
  const auto [outcome, report] =
      RunCompare("", {"--target=it=" + server.target(), "--scenario=" + file, "--data={\"payload\": \"aGVsbG8=\"}"});
  ExpectNoErrors(report);
}

TEST(CompareCallsTest, AFileSaysWhatAMixIs) {
  const std::string file = FileOf(
      "mix:\n"
      "  - call: meanwhile.v1.Meanwhile/Fetch\n"
      "    weight: 3\n"
      "    data: {payload: aGVsbG8=, wait: {simulated: {constant: 0.001s}}}\n"
      "    expect-json: payload=aGVsbG8=\n"
      "  - call: grpc.health.v1.Health/Check\n"
      "    expect-json: status=SERVING\n");
  const auto [outcome, report] = RunCompare("--models=async,pool", {"--scenario", file});
  EXPECT_THAT(outcome.out, HasSubstr("grpc.health.v1.Health/Check"));
  EXPECT_EQ(report.settings().methods_size(), 2);
  EXPECT_THAT(report.settings().methods(0), HasSubstr("meanwhile.v1.Meanwhile/Fetch"));
  EXPECT_THAT(report.settings().methods(1), HasSubstr("grpc.health.v1.Health/Check"));
  EXPECT_EQ(report.settings().expected_size(), 2);
  ExpectNoErrors(report);
}

TEST(CompareCallsTest, WrongAnswersMakeNoRate) {
  const std::string file = FileOf("call: grpc.health.v1.Health/Check\nexpect-json: status=NOT_SERVING\n");
  const Outcome outcome = RunProcess(Compare(kShort, {"--models=async,pool", "--scenario=" + file}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("wrong-answer: expected status=NOT_SERVING, was SERVING"));
  EXPECT_THAT(outcome.out, HasSubstr("async served no call in 1 of 1 rounds"));
}

TEST(CompareCallsTest, AWrongFileEndsWithItsCode) {
  const struct {
    const char* file;
    const char* message;
  } cases[] = {
      {"call: a", ":1: call: a: must be a method such as grpc.health.v1.Health/Check"},
      {"rounds: 3", ":1: rounds: unknown key"},
      {"scenario: mixed", ":1: scenario: unknown key"},
      {"calls: 5", ":1: calls: unknown key"},
      {"call: a.B/C\nseed: x", ":2: seed: x: must be from 0 to"},
      {"call: a.B/C\npick: some", ":2: pick: some: must be round-robin or random"},
      {"call: a.B/C\nexpect-status: FINE", ":2: expect-status: FINE: must be a status such as OK or NOT_FOUND"},
      {"call: a.B/C\nstream-messages: 0", ":2: stream-messages: 0: must be from 1 to"},
      {"call: a.B/C\nmix: []", ":2: mix: cannot stand together with call"},
      {"mix: []", ":1: mix: must be a list"},
      {"mix: [{call: a.B/C, weight: 0}]", ":1: weight: 0: must be a number over 0"},
      {"mix: [", ":"},
  };
  for (const auto& [file, message] : cases) {
    const std::string path = FileOf(file);
    const Outcome outcome = RunProcess(Compare(kShort, {"--scenario=" + path}));
    EXPECT_EQ(outcome.exit_code, 104) << file;
    EXPECT_EQ(outcome.out, "") << file;
    EXPECT_THAT(outcome.err, StartsWith(absl::StrCat("loadtest: ", path, message))) << file;
  }
  const Outcome missing = RunProcess(Compare(kShort, {"--scenario=no/such/file"}));
  EXPECT_EQ(missing.exit_code, 104);
  EXPECT_EQ(missing.err, "loadtest: no/such/file: No such file or directory\n");
}

TEST(CompareCallsTest, AFileThatDoesNotFitIsBadUsage) {
  const struct {
    const char* file;
    const char* flags;
    const char* message;
  } cases[] = {
      {"call: grpc.health.v1.Health/Check", kCheck, ": cannot be given together with --call"},
      {"call: grpc.health.v1.Health/Check", "--payload-size=3", "--payload-size=3: cannot be given together with"},
      {"call: grpc.health.v1.Health/Check\nprotoset: x", "", "--protoset=x: No such file or directory"},
      {"call: grpc.health.v1.Health/Check\ndata: 5", "", "--data: "},
      {"call: grpc.health.v1.Health/Check\nstream-messages: 3", "", "--stream-messages"},
      {"call: a.B/C", "--models=async", "--models=async: this project's server has no service a.B"},
      {"mix: [{call: a.B/C}]", "", "this project's server has no service a.B: --server or --target must name servers"},
      {"data: '{}'", "", "--data={}: needs --call"},
  };
  for (const auto& [file, flags, message] : cases) {
    const Outcome outcome = RunProcess(Compare(absl::StrCat(kShort, flags), {"--scenario=" + FileOf(file)}));
    EXPECT_EQ(outcome.exit_code, 2) << file;
    EXPECT_EQ(outcome.out, "") << file;
    EXPECT_THAT(outcome.err, StartsWith("loadtest: ")) << file;
    EXPECT_THAT(outcome.err, HasSubstr(message)) << file;
  }
}

// A configuration file may name the file, and the command line wins over both.
TEST(CompareCallsTest, AConfigurationFileTakesAScenario) {
  const std::string config = TempPath("compare.yaml");
  std::ofstream(config) << "models: async\nscenario: "
                        << FileOf("call: grpc.health.v1.Health/Check\nexpect-json: status=SERVING\n") << "\n";
  Compared compared = RunCompare("", {"--config=" + config});
  EXPECT_THAT(compared.report.settings().methods(), ElementsAre("grpc.health.v1.Health/Check"));
  compared = RunCompare("", {"--config=" + config, "--scenario=waiting", "--backend=constant:1ms"});
  EXPECT_EQ(compared.report.settings().scenario(), "waiting");
  EXPECT_THAT(compared.report.settings().methods(), IsEmpty());
  compared = RunCompare("", {"--config=" + config, "--call=meanwhile.v1.Meanwhile/Fetch", "--backend=constant:1ms"});
  EXPECT_EQ(compared.report.settings().scenario(), "");
  EXPECT_THAT(compared.report.settings().methods(), ElementsAre("meanwhile.v1.Meanwhile/Fetch"));
}

}  // namespace
}  // namespace meanwhile
