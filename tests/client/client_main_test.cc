// The `client` binary as a person runs it: arguments in; stdout, stderr and the exit code out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "tests/client/test_server.h"
#include "tests/process.h"
#include "tests/usage_errors.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A command line, out of words with a space between.
Outcome RunClient(const std::string& words) {
  std::vector<std::string> command = absl::StrSplit(words, ' ', absl::SkipEmpty());
  command.insert(command.begin(), "client/client");
  return RunProcess(command);
}

TEST(ClientTest, FetchPrintsTheAnswerAsJson) {
  TestServer server;
  const Outcome outcome = RunClient("fetch " + server.target() + " --wait=simulated:5ms --payload=hello --timeout=10s");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "{\n \"payload\": \"aGVsbG8=\",\n \"value\": \"\",\n \"waited\": \"0.005s\"\n}\n");
}

TEST(ClientTest, GatherSendsEachWaitAndTheMode) {
  TestServer server;
  const Outcome outcome =
      RunClient("gather --wait=simulated:1ms --wait simulated:2ms " + server.target() + " --mode=at-once");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "{\n \"waited\": [\n  \"0.001s\",\n  \"0.002s\"\n ],\n \"values\": [],\n \"first\": 0,\n "
            "\"elapsed\": \"2s\"\n}\n");
}

TEST(ClientTest, ComputeAndStatsAndHealthPrintTheirAnswers) {
  TestServer server;
  EXPECT_EQ(RunClient("compute " + server.target() + " --rounds=40 --seed=2").out, "{\n \"digest\": \"42\"\n}\n");
  EXPECT_THAT(RunClient("stats " + server.target()).out, HasSubstr("\"model\": \"test\""));
  EXPECT_EQ(RunClient("health " + server.target()).out, "{\n \"status\": \"SERVING\"\n}\n");
}

TEST(ClientTest, HealthExitsWithOneWhenTheServiceDoesNotServe) {
  TestServer server;
  const Outcome outcome = RunClient("health " + server.target() + " --service=closed");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "{\n \"status\": \"NOT_SERVING\"\n}\n");
}

TEST(ClientTest, AFailedCallExitsWith64AndItsStatusCode) {
  TestServer server;
  const Outcome failed = RunClient("fetch " + server.target() + " --payload=fail");
  EXPECT_EQ(failed.exit_code, 64 + 14);
  EXPECT_EQ(failed.out, "");
  EXPECT_EQ(failed.err, "UNAVAILABLE: as the test wants it\n");

  const Outcome late = RunClient("fetch " + server.target() + " --wait=simulated:60s --timeout=20ms");
  EXPECT_EQ(late.exit_code, 64 + 4);
  EXPECT_THAT(late.err, StartsWith("DEADLINE_EXCEEDED: "));
}

TEST(ClientTest, AServerThatIsNotThereIsUnavailable) {
  const Outcome outcome = RunClient("fetch unix:/nobody/listens/here");
  EXPECT_EQ(outcome.exit_code, 64 + 14);
  EXPECT_THAT(outcome.err, StartsWith("UNAVAILABLE: "));
}

TEST(ClientTest, BadUsageExitsWithTwoAndNamesTheFlagAndTheBound) {
  // Of every subcommand.
  const std::vector<UsageCase> common = {
      {"localhost", "target localhost: must be HOST:PORT or unix:PATH\n"},
      {"", "TARGET is required"},
      {"localhost:1 --timeout=0s", "--timeout=0s: must be from 1ms to 24h\n"},
      {"localhost:1 --cert=/nowhere", "--cert: needs --key\n"},
      {"localhost:1 --key=/nowhere", "--key: needs --cert\n"},
      {"localhost:1 --cert=/nowhere --key=/k", "--cert: /nowhere: No such file or directory\n"},
      {"localhost:1 --cacert=/nowhere", "--cacert: /nowhere: No such file or directory\n"},
      {"localhost:1 --authority=a/b", "--authority=a/b: must be HOST or HOST:PORT\n"},
      {"localhost:1 --tls --insecure", "--insecure: cannot stand beside --tls, --cacert or --cert\n"},
  };
  const std::map<std::string, std::vector<UsageCase>> own = {
      {"fetch", {{"localhost:1 --wait=50ms", "--wait=50ms: must be simulated:SPEC"}}},
      {"gather",
       {{"localhost:1 --wait=50ms", "--wait=50ms: must be simulated:SPEC"},
        {"localhost:1 --mode=both", "--mode=both: must be in-sequence, at-once or first-of\n"}}},
      {"compute",
       {{"localhost:1 --rounds=0", "--rounds=0: must be from 1 to 1000000000\n"},
        {"localhost:1 --seed=-1", "--seed=-1: must be from 0 to 18446744073709551615\n"}}},
      {"stats", {}},
      {"health", {}},
  };
  // What these hold is any text, or is looked at in config_flag_test.cc.
  const std::set<std::string> without_bound = {"--payload", "--service", "--config"};
  for (const auto& [subcommand, cases] : own) {
    std::vector<UsageCase> all = cases;
    all.insert(all.end(), common.begin(), common.end());
    const std::vector<std::string> command = {"client/client", subcommand};
    ExpectUsageErrors(command, all);
    EXPECT_THAT(without_bound, testing::IsSupersetOf(FlagsWithoutCase(command, all))) << subcommand;
  }
  ExpectUsageErrors({"client/client"},
                    {{"", "A subcommand is required\n"},
                     {"walk", "walk: is no subcommand; there are fetch, gather, compute, stats, health\n"}});
}

TEST(ClientTest, HelpTellsTheExitCodes) {
  const Outcome outcome = RunClient("--help");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("64 + the gRPC status code"));
}

}  // namespace
}  // namespace meanwhile
