// The `client` binary as a person runs it: arguments in; stdout, stderr and the exit code out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/client/test_server.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int exit_code;
  std::string out;
  std::string err;
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Outcome RunClient(const std::string& arguments) {
  const std::string out = testing::TempDir() + "client.out";
  const std::string err = testing::TempDir() + "client.err";
  const int status = std::system(("client/client " + arguments + " >" + out + " 2>" + err).c_str());
  return {WEXITSTATUS(status), ReadFile(out), ReadFile(err)};
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
  const struct {
    const char* arguments;
    const char* message;
  } cases[] = {
      {"fetch localhost:1 --timeout=0s", "client: --timeout=0s: must be from 1ms to 24h\n"},
      {"fetch localhost:1 --wait=50ms", "client: --wait=50ms: must be simulated:SPEC"},
      {"fetch localhost", "client: target localhost: must be HOST:PORT or unix:PATH\n"},
      {"compute localhost:1 --rounds=0", "client: --rounds=0: must be from 1 to 1000000000\n"},
      {"gather localhost:1 --mode=both", "client: --mode=both: must be in-sequence, at-once or first-of\n"},
      {"fetch localhost:1 --cert=/nowhere", "client: --cert: needs --key\n"},
      {"fetch localhost:1 --key=/nowhere", "client: --key: needs --cert\n"},
      {"stats localhost:1 --cert=/nowhere --key=/k", "client: --cert: /nowhere: No such file or directory\n"},
      {"health localhost:1 --cacert=/nowhere", "client: --cacert: /nowhere: No such file or directory\n"},
      {"fetch localhost:1 --tls --insecure", "client: --insecure: cannot stand beside --tls, --cacert or --cert\n"},
      {"fetch", "client: TARGET is required"},
      {"", "client: A subcommand is required"},
  };
  for (const auto& [arguments, message] : cases) {
    const Outcome outcome = RunClient(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_THAT(outcome.err, StartsWith(message)) << arguments;
  }
}

TEST(ClientTest, HelpTellsTheExitCodes) {
  const Outcome outcome = RunClient("--help");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("64 + the gRPC status code"));
}

}  // namespace
}  // namespace meanwhile
