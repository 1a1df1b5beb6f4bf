// `loadtest run` of a mix of methods against the real server: how often each is called, what is expected of whom, and
// what is told of each.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/process.h"
#include "tests/server/server_process.h"

namespace meanwhile {
namespace {

using testing::AllOf;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr char kFetch[] = "meanwhile.v1.Meanwhile/Fetch";
constexpr char kCompute[] = "meanwhile.v1.Meanwhile/Compute";
constexpr char kCheck[] = "grpc.health.v1.Health/Check";

class MixRunTest : public testing::Test {
 protected:
  // 1,000 calls of what the file says, with further flags.
  Outcome Run(const std::string& file, const std::vector<std::string>& more = {}) {
    std::ofstream(path_) << file;
    std::remove(json_.c_str());
    std::vector<std::string> line = {"loadtest/loadtest",
                                     "run",
                                     server_.target(),
                                     "--config",
                                     path_,
                                     "--concurrency=20",
                                     "--total=1000",
                                     "--duration=10m",
                                     "--warmup=0s",
                                     "--timeout=10m",
                                     "--loops=2",
                                     "--json",
                                     json_};
    line.insert(line.end(), more.begin(), more.end());
    return RunProcess(line);
  }

  v1::RunReport Report() const {
    std::ifstream file(json_);
    v1::RunReport report;
    const auto status =
        google::protobuf::util::JsonStringToMessage(std::string(std::istreambuf_iterator<char>(file), {}), &report);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return report;
  }

  std::map<std::string, v1::MethodFigures> Methods() const {
    const v1::RunReport report = Report();
    std::map<std::string, v1::MethodFigures> methods;
    for (const v1::MethodFigures& figures : report.method_figures()) methods[figures.name()] = figures;
    return methods;
  }

  ServerProcess server_{{"--backend=constant:0ms", "--grace=0s"}};
  const std::string path_ = testing::TempDir() + "/mix.yaml";
  const std::string json_ = testing::TempDir() + "/mix.json";
};

TEST_F(MixRunTest, CallsEachMethodAsOftenAsItsWeightSays) {
  const Outcome outcome = Run(absl::StrCat("mix:\n- {call: ", kFetch, ", weight: 7}\n- {call: ", kCompute,
                                           ", weight: 2, data: {rounds: 10}}\n- {call: ", kCheck, "}\n"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  const v1::RunReport report = Report();
  EXPECT_TRUE(report.valid());
  EXPECT_EQ(report.calls(), 1000);
  EXPECT_THAT(report.methods(), ElementsAre(kFetch, kCompute, kCheck));
  std::map<std::string, v1::MethodFigures> methods = Methods();
  ASSERT_EQ(methods.size(), 3u);
  double calls = 0;
  double rate = 0;
  for (const auto& [name, weight] : std::map<std::string, int>{{kFetch, 7}, {kCompute, 2}, {kCheck, 1}}) {
    const v1::MethodFigures& figures = methods[name];
    EXPECT_THAT(figures.methods(), ElementsAre(name));
    // Each of the two loops keeps to the weights by itself.
    EXPECT_THAT(figures.calls(), DoubleNear(100 * weight, 6)) << name;
    EXPECT_DOUBLE_EQ(figures.share(), figures.calls() / 1000);
    EXPECT_EQ(figures.errors(), 0) << name;
    EXPECT_EQ(figures.statuses().at("OK"), figures.calls());
    EXPECT_GT(figures.response_time().p50(), 0);
    EXPECT_LE(figures.response_time().p99(), figures.response_time().max());
    EXPECT_LE(figures.response_time().max(), report.response_time().max());
    calls += figures.calls();
    rate += figures.achieved_rate();
  }
  EXPECT_EQ(calls, 1000);
  EXPECT_NEAR(rate, report.achieved_rate(), 1e-6 * rate);
  for (const char* name : {kFetch, kCompute, kCheck}) EXPECT_THAT(outcome.out, HasSubstr(absl::StrCat("  ", name)));
}

TEST_F(MixRunTest, TimesOfOneMethodAreNoneOfAnother) {
  const Outcome outcome = Run(absl::StrCat("engine: grpc\nmix:\n- call: ", kFetch, R"(
  name: slow
  data: {wait: {simulated: {constant: 0.2s}}}
- call: )",
                                           kFetch, "\n  name: fast\n  weight: 19\n"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  std::map<std::string, v1::MethodFigures> methods = Methods();
  ASSERT_EQ(methods.size(), 2u);
  EXPECT_THAT(methods["slow"].calls(), DoubleNear(50, 4));
  EXPECT_GE(methods["slow"].response_time().min(), 0.2);
  EXPECT_LT(methods["fast"].response_time().min(), 0.2);
  EXPECT_THAT(methods["fast"].methods(), ElementsAre(kFetch));
}

TEST_F(MixRunTest, AnEntryIsJudgedByItsOwnExpectationsAlone) {
  const Outcome outcome = Run(absl::StrCat("mix:\n- call: ", kCheck, R"(
  expect-json: status=SERVING
- call: )",
                                           kCheck, R"(
  name: unknown
  data: '{"service": "unknown"}'
  expect-status: [NOT_FOUND]
- call: )",
                                           kCheck, R"(
  name: wrong
  expect-json: [status=NOT_SERVING]
- call: )",
                                           kFetch, "\n  name: refused\n  expect-status: NOT_FOUND\n"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  std::map<std::string, v1::MethodFigures> methods = Methods();
  ASSERT_EQ(methods.size(), 4u);
  EXPECT_EQ(methods[kCheck].errors(), 0);
  EXPECT_EQ(methods["unknown"].errors(), 0);
  EXPECT_EQ(methods["unknown"].statuses().at("NOT_FOUND"), methods["unknown"].calls());
  EXPECT_EQ(methods["wrong"].errors(), methods["wrong"].calls());
  EXPECT_EQ(methods["wrong"].statuses().at("wrong-answer"), methods["wrong"].calls());
  ASSERT_EQ(methods["wrong"].error_groups_size(), 1);
  EXPECT_EQ(methods["wrong"].error_groups(0).message(), "expected status=NOT_SERVING, was SERVING");
  EXPECT_EQ(methods["refused"].errors(), methods["refused"].calls());
  for (const auto& [name, figures] : methods) EXPECT_THAT(figures.calls(), DoubleNear(250, 10)) << name;
  EXPECT_EQ(Report().errors(), methods["wrong"].errors() + methods["refused"].errors());
  EXPECT_THAT(Report().expected(), ElementsAre(absl::StrCat(kCheck, ": status=SERVING"), "unknown: status NOT_FOUND",
                                               "wrong: status=NOT_SERVING", "refused: status NOT_FOUND"));
}

TEST_F(MixRunTest, EntriesOfOneNameAreToldAsOneAndOneNameAloneNotAtAll) {
  const std::string both = absl::StrCat("mix:\n- {call: ", kFetch, ", name: all}\n- {call: ", kCheck, ", name: all}\n");
  EXPECT_EQ(Run(absl::StrCat(both, "- {call: ", kCompute, "}\n")).exit_code, 0);
  std::map<std::string, v1::MethodFigures> methods = Methods();
  ASSERT_EQ(methods.size(), 2u);
  EXPECT_THAT(methods["all"].methods(), ElementsAre(kCheck, kFetch));
  EXPECT_THAT(methods["all"].calls(), DoubleNear(667, 6));

  const Outcome alone = Run(both);
  EXPECT_EQ(alone.exit_code, 0) << alone.err;
  EXPECT_EQ(Report().method_figures_size(), 0);
  EXPECT_THAT(Report().methods(), ElementsAre("all"));
  EXPECT_THAT(alone.out, Not(HasSubstr("\nMethods\n")));
}

TEST_F(MixRunTest, AMethodOnTheCommandLineReplacesTheMix) {
  const std::string mix = absl::StrCat("mix:\n- {call: ", kFetch, "}\n- {call: ", kCompute, "}\n");
  const Outcome outcome = Run(mix, {"--call", kCheck, "--expect-json=status=SERVING"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(Report().methods(), ElementsAre(kCheck));
  EXPECT_EQ(Report().errors(), 0);
}

TEST_F(MixRunTest, AThresholdMayBeOfOneMethod) {
  const std::string mix = absl::StrCat("mix:\n- call: ", kFetch, "\n- call: ", kCheck,
                                       "\n  name: unknown\n  data: {service: unknown}\nthreshold:\n");
  const Outcome outcome = Run(absl::StrCat(mix, "- errors{", kFetch, "}<1\n- errors{unknown}>=100%\n"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  EXPECT_EQ(Run(absl::StrCat(mix, "- errors{unknown}<1\n")).exit_code, 99);
  const Outcome missing = Run(absl::StrCat(mix, "- errors{Fetch}<1\n"));
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_EQ(missing.err,
            absl::StrCat("loadtest: --threshold=errors{Fetch}<1: no method Fetch; there are ", kFetch, ", unknown\n"));
}

TEST_F(MixRunTest, RefusesWhatDoesNotGoTogetherOrDoesNotFitTheSchema) {
  const std::string mix = absl::StrCat("mix:\n- call: ", kFetch, "\n");
  const struct {
    std::string file;
    std::vector<std::string> flags;
    int exit_code;
    std::string message;
  } cases[] = {
      {mix + "call: a.B/C\n", {}, 104, absl::StrCat(path_, ":3: call: cannot stand together with mix")},
      {mix + "  weight: 0\n", {}, 104, absl::StrCat(path_, ":3: weight: 0: must be a number over 0, up to 1000000")},
      {mix + "  wieght: 1\n", {}, 104, absl::StrCat(path_, ":3: wieght: unknown key; an entry has call")},
      {mix + "data: '{}'\n", {}, 2, "--data={}: cannot be given together with a mix, whose entries say it"},
      {mix, {"--data-file=x"}, 2, "--data-file=x: cannot be given together with a mix"},
      {mix, {"--binary-file=x"}, 2, "--binary-file=x: cannot be given together with a mix"},
      {mix, {"--pick=random"}, 2, "--pick=random: cannot be given together with a mix"},
      {mix, {"--expect-status=OK"}, 2, "--expect-status=OK: cannot be given together with a mix"},
      {mix, {"--expect-json=a=b"}, 2, "--expect-json=a=b: cannot be given together with a mix"},
      {mix, {"--payload-size=3"}, 2, "--payload-size=3: cannot be given together with a mix"},
      {mix, {"--wait=simulated:1ms"}, 2, "--wait=simulated:1ms: cannot be given together with a mix"},
      {mix + "- call: a.B/C\n", {}, 2, "mix line 3: call=a.B/C: the server has no service a.B"},
      {mix + "  data: {wiat: 1}\n", {}, 2, "mix line 2: data: entry 1, line 1: is no meanwhile.v1.FetchRequest"},
      {mix + "  data: '@'\n", {}, 2, "mix line 2: data: "},
      {mix + "  data-file: /nowhere\n", {}, 2, "mix line 2: data-file=/nowhere: No such file or directory"},
      {mix + "  binary-file: /nowhere\n", {}, 2, "mix line 2: binary-file=/nowhere: No such file or directory"},
      {mix + "  expect-json: x=1\n", {}, 2, "mix line 2: expect-json=x=1: meanwhile.v1.FetchResponse has no field x"},
  };
  for (const auto& [file, flags, exit_code, message] : cases) {
    const Outcome outcome = Run(file, flags);
    EXPECT_EQ(outcome.exit_code, exit_code) << message;
    EXPECT_EQ(outcome.out, "") << message;
    EXPECT_THAT(outcome.err, StartsWith(absl::StrCat("loadtest: ", message)));
  }
}

TEST_F(MixRunTest, ARunWhoseTemplatesFailIsNotValid) {
  // From the tenth call on the number is too large for the field.
  const Outcome outcome =
      Run(absl::StrCat("mix:\n- call: ", kCompute, "\n  data: '{\"rounds\": \"",
                       "1844674407370955161{{.CallNumber}}\"}'\n  expect-status: INVALID_ARGUMENT\n"));
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err << outcome.out;
  EXPECT_THAT(outcome.out, StartsWith("INVALID: the templates of 99"));
  const v1::RunReport report = Report();
  EXPECT_FALSE(report.valid());
  ASSERT_EQ(report.problems_size(), 1);
  EXPECT_THAT(report.problems(0), AllOf(HasSubstr("messages came out as none"), HasSubstr("1844674407370955161")));
}

// The block of docs/any-service.md that begins with ```yaml mix.
TEST_F(MixRunTest, TheExampleOfTheDocsIsGood) {
  std::ifstream page("docs/any-service.md");
  std::string example;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (inside && line == "```") break;
    if (inside) absl::StrAppend(&example, line, "\n");
    inside = inside || line == "```yaml mix";
  }
  ASSERT_THAT(example, HasSubstr("mix:"));
  const std::string csv = testing::TempDir() + "/mix.csv";
  const Outcome outcome = Run(example, {"--csv", csv});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  std::map<std::string, v1::MethodFigures> methods = Methods();
  ASSERT_EQ(methods.size(), 3u);
  EXPECT_THAT(methods[kFetch].calls(), DoubleNear(700, 6));
  EXPECT_GE(methods[kFetch].response_time().min(), 0.005);
  EXPECT_THAT(methods["health of nothing"].calls(), DoubleNear(100, 6));
  EXPECT_EQ(methods["health of nothing"].errors(), 0);
  std::ifstream file(csv);
  const std::string table{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(table, AllOf(HasSubstr(",http2,\r\n"), HasSubstr(",http2,health of nothing\r\n")));
}

}  // namespace
}  // namespace meanwhile
