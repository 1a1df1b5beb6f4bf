// `loadtest run --config` as a person runs it: files in; what is done, told and written out, and the exit code.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/client/test_server.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;

std::string TempPath(const std::string& name) { return testing::TempDir() + name; }

// Writes the file and runs `loadtest SUBCOMMAND --config=FILE` with further arguments.
Outcome RunWith(const std::string& file, const std::vector<std::string>& more = {}, const char* subcommand = "run") {
  const std::string path = TempPath("load.yaml");
  std::ofstream(path) << file;
  std::vector<std::string> line = {"loadtest/loadtest", subcommand, "--config", path};
  line.insert(line.end(), more.begin(), more.end());
  return RunProcess(line);
}

template <typename Report>
Report ReadReport(const std::string& path) {
  std::ifstream file(path);
  Report report;
  const auto status =
      google::protobuf::util::JsonStringToMessage(std::string(std::istreambuf_iterator<char>(file), {}), &report);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return report;
}

std::map<std::string, std::string> GivenOf(const v1::RunReport& report) {
  std::map<std::string, std::string> given;
  for (const v1::Setting& setting : report.settings()) {
    if (setting.given()) given[setting.name()] = setting.value();
  }
  return given;
}

TEST(ConfigTest, AFileSaysAllThatFlagsSay) {
  TestServer server;
  const std::string json = TempPath("phases.json");
  const Outcome outcome = RunWith(absl::StrCat("target: ", server.target(), R"(
warmup: 0s
max-dispatch-delay: 1h
phases:
  - rps: 100
    duration: 200ms
  - load: ramp:100..300/200ms
threshold:
  - errors<1%
  - max<10m
json: )",
                                               json, "\n"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("step:100/200ms+ramp:100..300/200ms"));
  EXPECT_THAT(outcome.out, HasSubstr("passed  errors<1%"));
  EXPECT_THAT(outcome.out, HasSubstr("passed  max<10m"));
  const auto report = ReadReport<v1::RunReport>(json);
  EXPECT_EQ(report.calls(), 20 + 40);
  EXPECT_EQ(report.load(), "step:100/200ms+ramp:100..300/200ms");
  const std::map<std::string, std::string> given = GivenOf(report);
  EXPECT_EQ(given.at("load"), "step:100/200ms+ramp:100..300/200ms");
  EXPECT_EQ(given.at("threshold"), "errors<1% max<10m");
  EXPECT_EQ(given.at("max-dispatch-delay"), "1h");
  EXPECT_FALSE(given.contains("connections")) << "a default";
  EXPECT_GT(report.settings_size(), static_cast<int>(given.size()));
}

TEST(ConfigTest, TheCommandLineWins) {
  TestServer server;
  const std::string json = TempPath("wins.json");
  const Outcome outcome =
      RunWith("target: localhost:1\nrps: 5\nduration: 1h\nthreshold: [p50<1ns]\njson: /nowhere/at/all\n",
              {server.target(), "-c", "3", "-n", "30", "-z", "1m", "--threshold=p50<1h", "--json", json});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  const auto report = ReadReport<v1::RunReport>(json);
  EXPECT_EQ(report.in_flight(), 3u) << "in place of the rate in the file";
  EXPECT_EQ(report.calls(), 30);
}

// What makes sense only with the load that was replaced goes with it.
TEST(ConfigTest, ALoadOnTheCommandLineReplacesThatOfTheFile) {
  TestServer server;
  constexpr char kOpen[] = "rps: 5\narrival: poisson\nmax-in-flight: 7\nmax-dispatch-delay: 1h\n";
  constexpr char kPhases[] = "phases: [{load: 'ramp:5..6/1h'}]\narrival: poisson\n";
  constexpr char kClosed[] = "concurrency: 3\nthink-time: 1h\n";
  const struct {
    const char* file;
    std::vector<std::string> flags;
    const char* load;
  } cases[] = {
      {kOpen, {"-c", "3", "-n", "30"}, "3 in flight"},
      {kOpen, {"--think-time=1ms", "-n", "1000"}, "1,000 in flight or thinking for 1ms"},
      {kOpen, {"--load=step:200/100ms"}, "step:200/100ms, poisson"},
      {kPhases, {"-c", "3", "-n", "30"}, "3 in flight"},
      {kPhases, {"-r", "200", "-n", "20"}, "200 calls/s, poisson"},
      {kClosed, {"-r", "200", "-n", "20"}, "200 calls/s"},
      {kClosed, {"--load=step:200/100ms"}, "step:200/100ms"},
      {"concurrency: 3\nthink-time: 2ms\n", {"-c", "4", "-n", "8"}, "4 in flight or thinking for 2ms"},
  };
  const std::string json = TempPath("replaced.json");
  for (const auto& [file, flags, load] : cases) {
    std::vector<std::string> more = {server.target(), "--warmup=0s", "--json", json};
    more.insert(more.end(), flags.begin(), flags.end());
    const Outcome outcome = RunWith(file, more);
    EXPECT_EQ(outcome.err, "") << file << flags.front();
    EXPECT_EQ(ReadReport<v1::RunReport>(json).load(), load) << file << flags.front();
  }
}

TEST(ConfigTest, ALevelOnTheCommandLineReplacesThoseOfTheFile) {
  TestServer server;
  const std::string json = TempPath("levels.json");
  const auto levels = [&](const std::string& file, const std::string& flag) {
    const Outcome outcome = RunWith(
        file, {flag, "--target=it=" + server.target(), "--rounds=1", "--warmup=0s", "-z", "50ms", "--json", json},
        "compare");
    EXPECT_EQ(outcome.err, "") << flag;
    return ReadReport<v1::ComparisonReport>(json).settings();
  };
  EXPECT_THAT(levels("rps: 5\narrival: poisson\nmax-in-flight: 7\nmax-dispatch-delay: 1s\n", "-c3").in_flight(),
              testing::ElementsAre(3));
  EXPECT_THAT(levels("concurrency: 3\n", "-r200").rates(), testing::ElementsAre(200));
}

TEST(ConfigTest, AWrongFileEndsWithItsCodeBeforeAnythingIsSent) {
  TestServer server;
  const std::string path = TempPath("load.yaml");
  const struct {
    const char* file;
    const char* message;
  } cases[] = {
      {"conections: 5", ":2: conections: unknown key"},
      {"connections: 0", ":2: connections: 0: must be from 1 to 10000"},
      {"threshold:\n  - p99<1s\n  - p99", ":4: threshold: p99: must be a metric"},
      {"phases:\n  - rps: 5\n    duration: soon", ":4: duration: soon: must be a duration from 1ms to 24h"},
      {"phases:\n  - rps: 5\n    size: 9", ":4: size: unknown key of a phase"},
      {"rps: 5\nrps: 6", ":3: rps: already on line 2"},
      {"load: step:1/1s\nphases: [{load: 'step:1/1s'}]", ":3: phases: cannot stand together with load"},
      {"rps: [5", ":"},
      {"config: other.yaml", ":2: config: unknown key"},
  };
  for (const auto& [file, message] : cases) {
    const Outcome outcome = RunWith(absl::StrCat("target: ", server.target(), "\n", file, "\n"));
    EXPECT_EQ(outcome.exit_code, 104) << file;
    EXPECT_EQ(outcome.out, "") << file;
    EXPECT_THAT(outcome.err, testing::StartsWith(absl::StrCat("loadtest: ", path, message))) << file;
  }
  const Outcome missing = RunProcess({"loadtest/loadtest", "run", "--config=/nowhere.yaml"});
  EXPECT_EQ(missing.exit_code, 104);
  EXPECT_EQ(missing.err, "loadtest: /nowhere.yaml: No such file or directory\n");
  EXPECT_EQ(server.fetches(), 0u);
}

TEST(ConfigTest, FlagsThatMakeNoSenseTogetherAreBadUsageWhereverTheyStand) {
  const Outcome outcome = RunWith("target: localhost:1\nrps: 5\nconcurrency: 3");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.err, "loadtest: --concurrency=3: cannot be given together with --rps or --load\n");
}

TEST(ConfigTest, CompareAndSearchTakeTheirFlagsFromAFile) {
  TestServer server;
  const std::string json = TempPath("from_file.json");
  Outcome outcome = RunWith(absl::StrCat("target: [first=", server.target(), ", second=", server.target(),
                                         "]\nconcurrency: 2,4\nrounds: 1\nwarmup: 0s\nduration: 50ms\n"),
                            {"--json", json}, "compare");
  EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 106) << outcome.err;
  EXPECT_EQ(ReadReport<v1::ComparisonReport>(json).rounds_size(), 4);

  outcome =
      RunWith(absl::StrCat("target: ", server.target(), "\nslo: errors<1%,max<10m\nfrom: 20\nto: 20\nrepeats: 1\n",
                           "warmup: 0s\nduration: 100ms\nmax-dispatch-delay: 1h\n"),
              {"--json", json}, "search");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  const auto report = ReadReport<v1::SearchReport>(json);
  EXPECT_THAT(report.objectives(), testing::ElementsAre("errors<1%", "max<10m"));
  EXPECT_EQ(report.probes_size(), 2);

  EXPECT_EQ(RunWith("rounds: 0", {}, "compare").exit_code, 104);
  EXPECT_EQ(RunWith("repeats: 0", {}, "search").exit_code, 104);
}

// The block of docs/configuration.md that begins with ```yaml run.
TEST(ConfigTest, TheExampleOfTheDocsIsGood) {
  TestServer server;
  std::ifstream page("docs/configuration.md");
  std::string example;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (inside && line == "```") break;
    if (inside) absl::StrAppend(&example, line, "\n");
    inside = inside || line == "```yaml run";
  }
  ASSERT_THAT(example, HasSubstr("phases:"));
  const std::string json = TempPath("example.json");
  const Outcome outcome = RunWith(example, {server.target(), "-n", "20", "--warmup=0s", "--max-dispatch-delay=1h",
                                            "--threshold=max<10m", "--json", json});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err << outcome.out;
  EXPECT_EQ(ReadReport<v1::RunReport>(json).load(), "step:200/30s+ramp:200..1000/1m+step:1000/1m, poisson");
}

}  // namespace
}  // namespace meanwhile
