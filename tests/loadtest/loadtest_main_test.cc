// The `loadtest` binary as a person runs it: arguments in; stdout, stderr, files and the exit code out.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/client/test_server.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int exit_code;
  std::string out;
  std::string err;
};

std::string TempPath(const std::string& name) { return testing::TempDir() + name; }

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// A loadtest that runs.
class LoadTest {
 public:
  explicit LoadTest(const std::string& arguments) {
    const std::string command =
        "exec loadtest/loadtest " + arguments + " >" + TempPath("out") + " 2>" + TempPath("err");
    const char* argv[] = {"sh", "-c", command.c_str(), nullptr};
    posix_spawn(&pid_, "/bin/sh", nullptr, nullptr, const_cast<char**>(argv), environ);
  }
  void Signal(int number) const { kill(pid_, number); }
  Outcome Wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), ReadFile(TempPath("out")),
            ReadFile(TempPath("err"))};
  }

 private:
  pid_t pid_ = 0;
};

v1::RunReport ParseReport(const std::string& json) {
  v1::RunReport report;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &report);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return report;
}

TEST(LoadtestTest, RunTellsTheResultOnStdoutAndInFiles) {
  TestServer server;
  const std::string json = TempPath("run.json"), csv = TempPath("run.csv"), html = TempPath("run.html");
  const Outcome outcome = LoadTest("run " + server.target() +
                                   " -c 10 --connections=3 --loops=2 -z 300ms --warmup=100ms --wait=simulated:5ms"
                                   " --payload-size=7 --json " +
                                   json + " --csv=" + csv + " --html " + html)
                              .Wait();
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
  EXPECT_THAT(ReadFile(csv), HasSubstr(","));
  EXPECT_THAT(ReadFile(html), HasSubstr("<html"));
}

TEST(LoadtestTest, RunNamesTheEngineInEveryReport) {
  TestServer server;
  const std::string json = TempPath("engine.json"), csv = TempPath("engine.csv");
  for (const std::string engine : {"http2", "grpc"}) {
    const Outcome outcome =
        LoadTest("run " + server.target() + " -c 2 -n 20 --engine=" + engine + " --json=" + json + " --csv=" + csv)
            .Wait();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("engine " + engine));
    EXPECT_EQ(ParseReport(ReadFile(json)).engine(), engine);
    EXPECT_THAT(ReadFile(csv), HasSubstr("," + engine + "\r\n"));
  }
}

TEST(LoadtestTest, RunCountsExactlyTheTotal) {
  TestServer server;
  const std::string json = TempPath("total.json");
  EXPECT_EQ(LoadTest("run " + server.target() + " -c 10 -n 123 --json=" + json).Wait().exit_code, 0);
  EXPECT_EQ(ParseReport(ReadFile(json)).calls(), 123);
  EXPECT_EQ(server.fetches(), 123u);
}

TEST(LoadtestTest, RunTellsWhatItHasWhenInterrupted) {
  for (const int number : {SIGINT, SIGTERM}) {
    TestServer server;
    const std::string json = TempPath("interrupted.json");
    const LoadTest run("run " + server.target() + " -c 10 -z 1h --warmup=0s --wait=simulated:5ms --json " + json);
    EXPECT_TRUE(WaitUntil([&] { return server.fetches() >= 50; }));
    run.Signal(number);
    const Outcome outcome = run.Wait();
    EXPECT_EQ(outcome.exit_code, 105) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("calls/s"));
    const v1::RunReport report = ParseReport(ReadFile(json));
    EXPECT_TRUE(report.interrupted());
    EXPECT_GE(report.calls(), 30);
  }
}

TEST(LoadtestTest, RunSaysWhichTargetItCannotReach) {
  const Outcome outcome = LoadTest("run unix:/nobody/listens/here").Wait();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "loadtest: cannot connect to unix:/nobody/listens/here within 5s\n");
}

TEST(LoadtestTest, RunFailsWhenTheServerGoesAway) {
  auto server = std::make_unique<TestServer>();
  const LoadTest run("run " + server->target() + " -c 10 -z 3s --warmup=0s --wait=simulated:5ms");
  EXPECT_TRUE(WaitUntil([&] { return server->fetches() >= 50; }));
  server.reset();
  const Outcome outcome = run.Wait();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("the server was gone"));
  EXPECT_THAT(outcome.out, HasSubstr("UNAVAILABLE"));
}

TEST(LoadtestTest, RunFailsWhenNoCallSucceeds) {
  TestServer server;
  const Outcome outcome = LoadTest("run " + server.target() + " -c 5 -n 5 --wait=simulated:60s --timeout=20ms").Wait();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("no call succeeded"));
  EXPECT_THAT(outcome.out, HasSubstr("DEADLINE_EXCEEDED"));
}

TEST(LoadtestTest, BadUsageExitsWithTwoAndNamesTheFlagAndTheBound) {
  const struct {
    const char* arguments;
    const char* message;
  } cases[] = {
      {"run localhost:1 --connections=0", "loadtest: --connections=0: must be from 1 to 10000\n"},
      {"run localhost:1 -c 100001", "loadtest: --concurrency=100001: must be from 1 to 100000\n"},
      {"run localhost:1 -c 10 -n 5", "loadtest: --concurrency=10: must be at most --total, which is 5\n"},
      {"run localhost:1 -z 0s", "loadtest: --duration=0s: must be from 1ms to 24h\n"},
      {"run localhost:1 --payload-size=1048577", "loadtest: --payload-size=1048577: must be from 0 to 1048576\n"},
      {"run localhost:1 --json=/no/such/directory/x",
       "loadtest: --json=/no/such/directory/x: must be a file in a directory that exists\n"},
      {"run localhost:1 --engine=http3", "loadtest: --engine=http3: must be http2 or grpc\n"},
      {"run localhost", "loadtest: target localhost: must be HOST:PORT or unix:PATH\n"},
      {"run", "loadtest: TARGET is required"},
      {"", "loadtest: A subcommand is required"},
  };
  for (const auto& [arguments, message] : cases) {
    const Outcome outcome = LoadTest(arguments).Wait();
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_THAT(outcome.err, StartsWith(message)) << arguments;
  }
}

TEST(LoadtestTest, RelativeOutputPathsStartWhereThePersonStands) {
  TestServer server;
  ASSERT_EQ(setenv("BUILD_WORKING_DIRECTORY", testing::TempDir().c_str(), 1), 0);
  const Outcome outcome = LoadTest("run " + server.target() + " -c 1 -n 1 --json=relative.json").Wait();
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(ParseReport(ReadFile(TempPath("relative.json"))).calls(), 1);
}

}  // namespace
}  // namespace meanwhile
