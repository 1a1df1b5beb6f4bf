// The `server` binary as a person runs it: flags in; stdout, stderr, signals and the exit code out.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <ios>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "client/channel_pool.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/process.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/server_process.h"
#include "tests/usage_errors.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::MatchesRegex;

// Whether a process has blocked a signal: see proc(5).
bool BlocksSignal(pid_t pid, int signal) {
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string word; status >> word;) {
    std::uint64_t blocked = 0;
    if (word == "SigBlk:" && status >> std::hex >> blocked) return (blocked >> (signal - 1) & 1) != 0;
  }
  return false;
}

class ServerMainTest : public testing::TestWithParam<const char*> {
 protected:
  static std::string model() { return absl::StrCat("--model=", GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Models, ServerMainTest, testing::Values("async", "callback", "thread", "pool"),
                         [](const testing::TestParamInfo<const char*>& info) { return info.param; });

TEST_P(ServerMainTest, SaysOneLineWhenItServesAndOneWhenItStops) {
  for (const int signal : {SIGTERM, SIGINT}) {
    ServerProcess server({model(), "--backend=constant:1ms,seed=7"});
    EXPECT_EQ(server.first_line(),
              absl::StrCat("serving on ", server.target(), ": model ", GetParam(), ", backend constant:1ms,seed=7"));
    FetchesInFlight fetches(server.target(), 3, absl::Milliseconds(1));
    EXPECT_EQ(fetches.Ended(), (Counts{{StatusCode::OK, 3}}));
    server.Signal(signal);
    EXPECT_EQ(server.Wait(), 0) << server.err();
    EXPECT_EQ(server.out(), "");
    // A build with assertions may say in between that a loop was blocked: a busy machine is enough for that.
    const std::vector<std::string> lines = absl::StrSplit(server.err(), '\n', absl::SkipEmpty());
    EXPECT_THAT(lines.back(), MatchesRegex("stopped after [0-9.ms]+: 3 calls \\(3 OK\\), 0 shed, at most [0-3] in "
                                           "flight on [0-9]+ threads, 1 connections"));
  }
}

TEST_P(ServerMainTest, CallsInFlightFinishWithinTheGrace) {
  ServerProcess server({model(), "--grace=30s", "--pool-threads=500"});
  FetchesInFlight fetches(server.target(), 500, absl::Seconds(3), {.connections = 4});
  ASSERT_TRUE(server.HasInFlight(500));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
  EXPECT_EQ(fetches.Ended(), (Counts{{StatusCode::OK, 500}})) << "a response was lost on its way";
  EXPECT_THAT(server.err(), HasSubstr("\nTerminated: finishing 500 calls in flight within 30s\n"));
  EXPECT_THAT(server.err(), HasSubstr("\nstopped after "));
  EXPECT_THAT(server.err(), HasSubstr(" 500 calls (500 OK), ")) << "nothing was cancelled";
}

TEST_P(ServerMainTest, CallsLongerThanTheGraceAreCancelled) {
  ServerProcess server({model(), "--grace=100ms", "--backend=constant:1ms"});
  FetchesInFlight fetches(server.target(), 500, absl::Seconds(60), {.connections = 4});
  ASSERT_TRUE(server.HasInFlight(500));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
  EXPECT_EQ(Sum(fetches.Ended()), 500u) << "a call was left without a status";
  EXPECT_EQ(fetches.Ended().count(StatusCode::OK), 0u);
  EXPECT_THAT(server.err(), HasSubstr(" 500 calls (500 CANCELLED), "));
}

TEST_P(ServerMainTest, ASecondSignalCancelsAtOnce) {
  ServerProcess server({model(), "--grace=1h"});
  FetchesInFlight fetches(server.target(), 500, absl::Seconds(60), {.connections = 4});
  ASSERT_TRUE(server.HasInFlight(500));
  server.Signal(SIGINT);
  std::optional<std::string> line;
  do {
    line = server.ReadErrorLine();
  } while (line && absl::StartsWith(*line, "a loop was blocked"));
  EXPECT_EQ(line, "Interrupt: finishing 500 calls in flight within 1h");
  server.Signal(SIGINT);
  EXPECT_EQ(server.Wait(), 0) << server.err();
  EXPECT_THAT(server.err(), HasSubstr("\na second signal: cancelling 500 calls\n"));
  EXPECT_EQ(Sum(fetches.Ended()), 500u) << "a call was left without a status";
}

TEST_P(ServerMainTest, DrawsItsLastCallsInAFile) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", GetParam(), ".json");
  ServerProcess server({model(), "--backend=constant:1ms", "--trace=" + path, "--trace-calls=20"});
  FetchesInFlight fetches(server.target(), 30, absl::Milliseconds(5));
  EXPECT_EQ(fetches.Ended(), (Counts{{StatusCode::OK, 30}}));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
  std::ifstream file(path);
  std::map<std::string, int> drawn;
  for (std::string line; std::getline(file, line);) {
    for (const char* what : {"\"loop\"", "waiting", "holding a thread", "\"status\":\"OK\""}) {
      if (absl::StrContains(line, what)) ++drawn[what];
    }
  }
  EXPECT_EQ(drawn["\"status\":\"OK\""], 20);
  const bool on_loops = absl::string_view(GetParam()) == "async" || absl::string_view(GetParam()) == "callback";
  EXPECT_EQ(drawn["\"loop\""] > 0, absl::string_view(GetParam()) != "thread");
  EXPECT_EQ(drawn["holding a thread"], on_loops ? 0 : 20);
  EXPECT_GE(drawn["waiting"], on_loops ? 20 : 0);
}

grpc::health::v1::HealthCheckResponse::ServingStatus HealthOf(const std::string& target) {
  ChannelPool channels({.target = target});
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
  grpc::health::v1::HealthCheckResponse response;
  const auto stub = grpc::health::v1::Health::NewStub(channels.channel(0));
  const grpc::Status status = stub->Check(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.status();
}

TEST_P(ServerMainTest, DuringTheDrainDelayItIsNotHealthyAndServes) {
  using grpc::health::v1::HealthCheckResponse;
  ServerProcess server({model(), "--drain-delay=1h", "--grace=1h"});
  EXPECT_EQ(HealthOf(server.target()), HealthCheckResponse::SERVING);
  server.Signal(SIGTERM);
  EXPECT_TRUE(WaitUntil([&] { return HealthOf(server.target()) == HealthCheckResponse::NOT_SERVING; }));
  FetchesInFlight served(server.target(), 3, absl::Milliseconds(1));  // Over a connection of its own.
  EXPECT_EQ(served.Ended(), (Counts{{StatusCode::OK, 3}}));
  FetchesInFlight cancelled(server.target(), 3, absl::Seconds(60));
  ASSERT_TRUE(server.HasInFlight(3));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
  EXPECT_EQ(Sum(cancelled.Ended()), 3u) << "a call was left without a status";
  EXPECT_THAT(server.err(), HasSubstr("\nTerminated: not healthy any more, serving on for 1h\n"));
  EXPECT_THAT(server.err(), HasSubstr("\na second signal: cancelling 3 calls\n"));
  EXPECT_THAT(server.err(), HasSubstr(": 6 calls (3 CANCELLED, 3 OK), "));
}

TEST_P(ServerMainTest, ASignalBeforeItsFirstInstructionStopsIt) {
  // The program that replaces the shell inherits the signal, which is blocked and waits.
  const std::string start = "kill -TERM $$; exec \"$0\" \"$@\"";
  for (const char* flag : {"--grace=10s", "--drain-delay=1h"}) {
    const Outcome outcome = RunProcess(
        {"env", "--block-signal=TERM", "sh", "-c", start, "server/server", model(), "--listen=127.0.0.1:0", flag});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "Terminated: stopped before it served\n");
  }
}

// Writes a trace of one latency to a pipe as soon as a server opens it.
void WriteTrace(const std::string& pipe) {
  int fd = -1;
  ASSERT_TRUE(WaitUntil([&] { return (fd = open(pipe.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0; }));
  EXPECT_EQ(write(fd, "1ms\n", 4), 4);
  close(fd);
}

TEST_P(ServerMainTest, ASignalWhileItStartsStopsIt) {
  const std::string pipe = absl::StrCat(testing::TempDir(), "/trace_", GetParam());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  Process server({"server/server", model(), "--listen=127.0.0.1:0", "--backend=trace:" + pipe});
  // It blocks the signals, and then waits for somebody to write to the pipe.
  ASSERT_TRUE(WaitUntil([&] { return BlocksSignal(server.pid(), SIGINT); }));
  server.Signal(SIGINT);
  WriteTrace(pipe);
  EXPECT_EQ(server.Wait(), 0) << server.err();
  EXPECT_EQ(server.err(), "Interrupt: stopped before it served\n");
}

TEST_P(ServerMainTest, APortInUseIsAnErrorThatNamesIt) {
  ServerProcess first({model()});
  const Outcome second = RunProcess({"server/server", model(), "--listen=" + first.target()});
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_EQ(second.err, "server: --listen=" + first.target() + ": cannot bind: Address already in use\n");
}

// A value out of bounds of each flag, and what it is told.
const std::multimap<std::string, std::pair<std::string, std::string>> kBadFlags = {
    {"--model", {"both", "must be async, callback, thread or pool"}},
    {"--listen", {"localhost", "must be HOST:PORT or unix:PATH"}},
    {"--listen", {"localhost:65536", "the port must be from 0 to 65535"}},
    {"--backend", {"constant", "needs LATENCY"}},
    {"--backend", {"constant:1ms,fail=2", "fail=2: must be from 0 to 1"}},
    {"--remote", {"localhost", "must be HOST:PORT or unix:PATH"}},
    {"--max-wait", {"2h", "must be from 0 to 1h"}},
    {"--max-wait", {"5", "must be a duration such as 50ms, 1.5s or 2m"}},
    {"--drain-delay", {"2h", "must be from 0 to 1h"}},
    {"--grace", {"-1s", "must be from 0 to 1h"}},
    {"--loops", {"0", "must be from 1 to 256"}},
    {"--armed", {"100001", "must be from 1 to 100000"}},
    {"--pool-queue", {"-1", "must be from 0 to 1000000"}},
    {"--pool-threads", {"many", "must be from 1 to 10000"}},
    {"--max-in-flight", {"10000001", "must be from 0 to 10000000"}},
    {"--sync-max-pollers", {"0", "must be from 1 to 10000"}},
    {"--trace-calls", {"0", "must be from 1 to 1000000"}},
    {"--reflection", {"maybe", "must be true or false"}},
    {"--channelz", {"1", "must be true or false"}},
    {"--max-message-size", {"4", "must be a size such as 512B, 8KiB or 4MiB"}},
    {"--max-message-size", {"2GiB", "must be from 1B to 1GiB"}},
    {"--max-metadata-size", {"1B", "must be from 1KiB to 1MiB"}},
    {"--max-streams", {"0", "must be from 1 to 1000000"}},
    {"--max-connections", {"0", "must be from 1 to 1000000"}},
    {"--max-connections-per-peer", {"0", "must be from 1 to 1000000"}},
    {"--handshake-timeout", {"0", "must be from 1ms to 10m"}},
    {"--max-connection-age", {"0", "must be from 1ms to 480h"}},
    {"--max-connection-age-grace", {"25h", "must be from 1ms to 24h"}},
    {"--max-connection-idle", {"inf", "must be from 1ms to 480h"}},
    {"--keepalive-time", {"0", "must be from 1ms to 24h"}},
    {"--keepalive-timeout", {"0", "must be from 1ms to 1h"}},
    {"--min-ping-interval", {"-1s", "must be from 0 to 24h"}},
    {"--keepalive-without-calls", {"1", "must be true or false"}},
    {"--metrics", {"9464", "must be HOST:PORT or :PORT"}},
    {"--metrics", {"unix:path", "must be HOST:PORT or :PORT"}},
    {"--metrics", {"127.0.0.1:65536", "the port must be from 0 to 65535"}},
    {"--metrics", {"[::1:9464", "the bracket is not closed"}},
    {"--slow-call", {"2h", "must be from 0 to 1h"}},
    {"--log", {"xml", "must be text or json"}},
    {"--log-level", {"all", "must be debug, info, warning or error"}},
};

std::vector<UsageCase> BadFlags() {
  std::vector<UsageCase> cases;
  for (const auto& [flag, bad] : kBadFlags) {
    const std::string argument = absl::StrCat(flag, "=", bad.first);
    cases.push_back({argument, absl::StrCat(argument, ": ", bad.second, "\n")});
  }
  return cases;
}

TEST(ServerFlagsTest, ABadFlagExitsWithTwoAndIsNamedWithItsBound) {
  ExpectUsageErrors({"server/server"}, BadFlags());
  ExpectUsageErrors({"server/server"}, {{"--modle=async", "The following argument was not expected: --modle=async\n"}});
}

// What is opened when the server starts: the flag, a value that cannot be, the exit code and what it says.
const std::map<std::string, std::tuple<std::string, int, std::string>> kBadPlaces = {
    {"--data-dir", {"/nowhere", 1, "/nowhere: No such file or directory"}},
    {"--trace", {"/nowhere/file", 1, "/nowhere/file: No such file or directory"}},
    {"--database",
     {"/nowhere/file", 1, "/nowhere/file: sqlite file: unable to open database file: No such file or directory"}},
    {"--postgres",
     {"postgres://127.0.0.1:99999/x", 2,
      "port: must be from 1 to 65535; must be like postgresql://USER:PASSWORD@HOST:PORT/DATABASE"}},
    {"--tls-cert", {"/nowhere", 2, "needs --tls-key"}},
    {"--tls-key", {"/nowhere", 2, "needs --tls-cert"}},
    {"--tls-client-ca", {"/nowhere", 2, "needs --tls-cert"}},
    {"--remote-cacert", {"/nowhere", 2, "needs --remote"}},
    {"--remote-cert", {"/nowhere", 2, "needs --remote"}},
    {"--remote-key", {"/nowhere", 2, "needs --remote"}},
    {"--remote-authority", {"other", 2, "needs --remote"}},
};

TEST(ServerFlagsTest, APlaceThatCannotBeOpenedEndsTheStartAndTheFlagIsNamed) {
  for (const auto& [flag, bad] : kBadPlaces) {
    const auto& [value, exit_code, message] = bad;
    const Outcome outcome = RunProcess({"server/server", "--listen=127.0.0.1:0", absl::StrCat(flag, "=", value)});
    EXPECT_EQ(outcome.exit_code, exit_code) << flag;
    EXPECT_EQ(outcome.err, absl::StrCat("server: ", flag, ": ", message, "\n"));
  }
}

TEST(ServerFlagsTest, AFileOfTlsThatIsNotThereEndsTheStart) {
  const Outcome outcome = RunProcess({"server/server", "--listen=127.0.0.1:0", "--tls-cert=/nowhere", "--tls-key=/k"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "server: --tls-cert: /nowhere: No such file or directory\n");
}

TEST(ServerFlagsTest, WhatIsWrongWithTheCredentialsForAnotherServerEndsTheStart) {
  const std::tuple<std::string, int, std::string> cases[] = {
      {"--remote-cacert=/nowhere", 1, "--remote-cacert: /nowhere: No such file or directory"},
      {"--remote-cert=/nowhere", 2, "--remote-cert: needs --remote-key"},
      {"--remote-key=/nowhere", 2, "--remote-key: needs --remote-cert"},
      {"--remote-authority=a/b", 2, "--remote-authority=a/b: must be HOST or HOST:PORT"},
  };
  for (const auto& [flag, exit_code, message] : cases) {
    const Outcome outcome = RunProcess({"server/server", "--listen=127.0.0.1:0", "--remote=localhost:1", flag});
    EXPECT_EQ(outcome.exit_code, exit_code) << flag;
    EXPECT_EQ(outcome.err, absl::StrCat("server: ", message, "\n"));
  }
}

TEST(ServerFlagsTest, TheTablesAboveHaveEachFlag) {
  std::set<std::string> opened = {"--config"};  // See config_file_test.cc.
  for (const auto& [flag, bad] : kBadPlaces) opened.insert(flag);
  EXPECT_EQ(FlagsWithoutCase({"server/server"}, BadFlags()), opened);
}

}  // namespace
}  // namespace meanwhile
