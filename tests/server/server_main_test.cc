// The `server` binary as a person runs it: flags in; stdout, stderr, signals and the exit code out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/process.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/server_process.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::MatchesRegex;

using Counts = std::map<StatusCode, std::size_t>;

std::size_t Sum(const Counts& counts) {
  std::size_t sum = 0;
  for (const auto& [status, count] : counts) sum += count;
  return sum;
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
  EXPECT_EQ(Sum(fetches.Ended()), 500u) << "a call was left without a status";
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
  EXPECT_EQ(Sum(fetches.Ended()), 500u) << "a call was left without a status";
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
    {"--grace", {"-1s", "must be from 0 to 1h"}},
    {"--loops", {"0", "must be from 1 to 256"}},
    {"--armed", {"100001", "must be from 1 to 100000"}},
    {"--pool-queue", {"-1", "must be from 0 to 1000000"}},
    {"--pool-threads", {"many", "must be from 1 to 10000"}},
    {"--sync-max-pollers", {"0", "must be from 1 to 10000"}},
    {"--reflection", {"maybe", "must be true or false"}},
    {"--metrics", {"9464", "must be HOST:PORT or :PORT"}},
    {"--metrics", {"unix:path", "must be HOST:PORT or :PORT"}},
    {"--slow-call", {"2h", "must be from 0 to 1h"}},
    {"--log", {"xml", "must be text or json"}},
    {"--log-level", {"all", "must be debug, info, warning or error"}},
};

TEST(ServerFlagsTest, ABadFlagExitsWithTwoAndIsNamedWithItsBound) {
  for (const auto& [flag, bad] : kBadFlags) {
    const auto& [value, message] = bad;
    const Outcome outcome = RunProcess({"server/server", absl::StrCat(flag, "=", value)});
    EXPECT_EQ(outcome.exit_code, 2) << flag;
    EXPECT_EQ(outcome.out, "") << flag;
    EXPECT_EQ(outcome.err, absl::StrCat("server: ", flag, "=", value, ": ", message, "\n"));
  }
}

// What is opened when the server starts: the flag, a value that cannot be, the exit code and what it says.
const std::map<std::string, std::tuple<std::string, int, std::string>> kBadPlaces = {
    {"--data-dir", {"/nowhere", 1, "/nowhere: No such file or directory"}},
    {"--database",
     {"/nowhere/file", 1, "/nowhere/file: sqlite file: unable to open database file: No such file or directory"}},
    {"--postgres",
     {"postgres://127.0.0.1:99999/x", 2,
      "port: must be from 1 to 65535; must be like postgresql://USER:PASSWORD@HOST:PORT/DATABASE"}},
};

TEST(ServerFlagsTest, APlaceThatCannotBeOpenedEndsTheStartAndTheFlagIsNamed) {
  for (const auto& [flag, bad] : kBadPlaces) {
    const auto& [value, exit_code, message] = bad;
    const Outcome outcome = RunProcess({"server/server", "--listen=127.0.0.1:0", absl::StrCat(flag, "=", value)});
    EXPECT_EQ(outcome.exit_code, exit_code) << flag;
    EXPECT_EQ(outcome.err, absl::StrCat("server: ", flag, ": ", message, "\n"));
  }
}

TEST(ServerFlagsTest, AnUnknownFlagExitsWithTwo) {
  const Outcome outcome = RunProcess({"server/server", "--modle=async"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--modle=async"));
}

TEST(ServerFlagsTest, HelpTellsEachFlagAndTheTableAboveHasEachOfThem) {
  const Outcome outcome = RunProcess({"server/server", "--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  std::set<std::string> told;
  std::istringstream help(outcome.out);
  for (std::string word; help >> word;) {
    if (absl::StartsWith(word, "--")) told.insert(word);
    if (absl::StartsWith(word, "-h,")) told.insert(word.substr(3));
  }
  std::set<std::string> tested = {"--help"};
  for (const auto& [flag, bad] : kBadFlags) tested.insert(flag);
  for (const auto& [flag, bad] : kBadPlaces) tested.insert(flag);
  EXPECT_EQ(told, tested);
}

}  // namespace
}  // namespace meanwhile
