// What the `server` binary says on stderr, as lines for people and as JSON.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "meanwhile/v1/log.pb.h"
#include "tests/process.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/prometheus_text.h"
#include "tests/server/server_process.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

v1::LogEntry Parsed(const std::string& line) {
  v1::LogEntry entry;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &entry).ok()) << line;
  return entry;
}

std::vector<std::string> Lines(const std::string& text) { return absl::StrSplit(text, '\n', absl::SkipEmpty()); }

// The next entry of an event; others may come in between.
v1::LogEntry NextOf(Process& server, const std::string& event) {
  while (const std::optional<std::string> line = server.ReadErrorLine()) {
    v1::LogEntry entry = Parsed(*line);
    if (entry.event() == event) return entry;
  }
  ADD_FAILURE() << "no event " << event << " in " << server.err();
  return v1::LogEntry();
}

std::string Text(const v1::LogEntry& entry, const std::string& field) {
  return entry.fields().fields().at(field).string_value();
}
double Number(const v1::LogEntry& entry, const std::string& field) {
  return entry.fields().fields().at(field).number_value();
}

TEST(LogMainTest, JsonHasAnObjectForEachEvent) {
  Process server({"server/server", "--listen=127.0.0.1:0", "--log=json", "--backend=constant:1ms", "--slow-call=20ms"});
  const v1::LogEntry serving = NextOf(server, "serving");
  EXPECT_EQ(serving.level(), v1::LogEntry::INFO);
  EXPECT_GT(serving.time().seconds(), 0);
  const std::string address = Text(serving, "address");
  EXPECT_EQ(serving.message(), absl::StrCat("serving on ", address, ": model async, backend constant:1ms"));
  EXPECT_EQ(Text(serving, "model"), "async");
  EXPECT_EQ(Text(serving, "backend"), "constant:1ms");

  FetchesInFlight fetches(address, 1, absl::Milliseconds(30));
  const v1::LogEntry slow = NextOf(server, "slow_call");
  EXPECT_EQ(slow.level(), v1::LogEntry::WARNING);
  EXPECT_THAT(slow.message(), StartsWith("slow call: Fetch OK took "));
  EXPECT_EQ(Text(slow, "method"), "Fetch");
  EXPECT_EQ(Text(slow, "status"), "OK");
  EXPECT_GE(Number(slow, "total"), 0.030);
  EXPECT_GT(Number(slow, "waiting"), 0);
  EXPECT_GT(Number(slow, "running"), 0);
  EXPECT_EQ(Number(slow, "queued"), 0);

  server.Signal(SIGTERM);
  const v1::LogEntry stopped = NextOf(server, "stopped");
  EXPECT_THAT(stopped.message(), HasSubstr(": 1 calls (1 OK), 0 shed"));
  EXPECT_EQ(Number(stopped, "started"), 1);
  EXPECT_EQ(server.Wait(), 0) << server.err();
  for (const std::string& line : Lines(server.err())) Parsed(line);
}

TEST(LogMainTest, AServerThatCannotServeSaysSoAsJson) {
  ServerProcess first({});
  const Outcome second = RunProcess({"server/server", "--listen=" + first.target(), "--log=json"});
  EXPECT_EQ(second.exit_code, 1);
  const v1::LogEntry entry = Parsed(second.err);
  EXPECT_EQ(entry.event(), "cannot_serve");
  EXPECT_EQ(entry.level(), v1::LogEntry::ERROR);
  EXPECT_EQ(entry.message(), "server: --listen=" + first.target() + ": cannot bind: Address already in use");
}

TEST(LogMainTest, SlowCallsAreToldUpToTenASecondAndTheRestIsCounted) {
  constexpr int kCalls = 100;
  ServerProcess server({"--slow-call=1ms"});
  FetchesInFlight fetches(server.target(), kCalls, absl::Milliseconds(2));
  EXPECT_EQ(fetches.Ended()[grpc::StatusCode::OK], std::size_t{kCalls});
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
  int told = 0;
  int left_out = 0;
  for (const std::string& line : Lines(server.err())) {
    if (absl::StartsWith(line, "slow call: ")) {
      EXPECT_THAT(line, MatchesRegex("slow call: Fetch OK took [0-9.mus]+: queued 0, waiting [0-9.mus]+, running "
                                     "[0-9.mus]+"));
      ++told;
    }
    if (absl::StrContains(line, " more of the event slow_call were left out")) {
      int count = 0;
      EXPECT_TRUE(absl::SimpleAtoi(line.substr(0, line.find(' ')), &count)) << line;
      left_out += count;
    }
  }
  EXPECT_GE(told, 10);
  EXPECT_EQ(told + left_out, kCalls) << server.err();
}

TEST(LogMainTest, FastCallsAreNotTold) {
  ServerProcess server({"--slow-call=1h"});
  FetchesInFlight fetches(server.target(), 3, absl::Milliseconds(1));
  EXPECT_EQ(fetches.Ended()[grpc::StatusCode::OK], 3u);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
  EXPECT_THAT(server.err(), testing::Not(HasSubstr("slow call")));
}

TEST(LogMainTest, TheLevelSaysWhatIsToldAtAll) {
  const std::string path = absl::StrCat("log_main_test.", getpid());  // The path of a unix socket has little room.
  Process server({"server/server", "--listen=unix:" + path, "--log-level=error"});
  EXPECT_TRUE(WaitUntil([&] { return access(path.c_str(), F_OK) == 0; }));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0);
  EXPECT_EQ(server.err(), "");
}

TEST(LogMainTest, WhatGrpcSaysIsALineLikeOthers) {
  Process server({"env", "GRPC_VERBOSITY=info", "GRPC_TRACE=api", "server/server", "--listen=127.0.0.1:0"});
  while (const std::optional<std::string> line = server.ReadErrorLine()) {
    if (!absl::StartsWith(*line, "gRPC: ")) continue;  // Before its flags are read, gRPC speaks for itself.
    EXPECT_THAT(*line, MatchesRegex("gRPC: [a-z0-9_]+\\.[a-z]+:[0-9]+: .+"));
    return;
  }
  ADD_FAILURE() << server.err();
}

TEST(LogMainTest, SaysWhereTheMetricsAre) {
  ServerProcess server({"--metrics=:0"});
  std::optional<std::string> line;
  do {
    line = server.ReadErrorLine();
  } while (line && !absl::StartsWith(*line, "metrics on "));
  ASSERT_TRUE(line.has_value()) << server.err();
  const PrometheusText metrics = PrometheusText::Fetch(line->substr(std::string("metrics on ").size()));
  EXPECT_EQ(metrics.Value("meanwhile_calls_in_flight{method=\"Fetch\"}"), 0);
}

}  // namespace
}  // namespace meanwhile
