// Whom `loadtest compare` compares: models of this project's server, servers of other people, servers that run already.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/certificates.h"
#include "tests/client/test_server.h"
#include "tests/loadtest/compare/compare_line.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(CompareServersTest, TheFourModelsAndVariantsOfThemCanBeCompared) {
  const std::string json = TempPath("variants.json");
  const Outcome outcome =
      RunProcess(Compare("-c 20 --rounds=1 --warmup=0s -z 100ms --backend=constant:5ms "
                         "--models=async,callback,thread,pool,thread:max_pollers=64,pool:threads=2:queue=3",
                         {"--json=" + json}));
  EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 106) << outcome.err;
  const auto report = FromJson<v1::ComparisonReport>(ReadFile(json));
  EXPECT_THAT(report.settings().models(),
              ElementsAre("async", "callback", "thread", "pool", "thread:max_pollers=64", "pool:threads=2:queue=3"));
  ASSERT_EQ(report.cells_size(), 6);
  for (int i = 0; i < 5; ++i) {
    EXPECT_GT(report.cells(i).achieved_rate(), 0);
    EXPECT_EQ(report.cells(i).errors(), 0) << report.cells(i).model();
  }
  // Of 20 callers 2 are served and 3 queue; the others are refused, and the report says so.
  EXPECT_GT(report.cells(5).errors(), 0);
  EXPECT_THAT(outcome.out, HasSubstr("the server's thread pool is full"));
}

TEST(CompareServersTest, TheFourModelsAreComparedUnlessOthersAreNamed) {
  const Outcome outcome = RunProcess(Compare("-c 2 --rounds=1 --warmup=0s -z 50ms --backend=constant:1ms"));
  EXPECT_THAT(outcome.out, testing::StartsWith("async, callback, thread, pool ")) << outcome.err;
}

TEST(CompareServersTest, AnOptionOutOfTheServersBoundsIsBadUsage) {
  const Outcome outcome = RunProcess(Compare("--models=pool:threads=0"));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--pool-threads=0: must be from 1 to 10000"));
}

TEST(CompareServersTest, ASpecificationThatTheServerRefusesIsBadUsage) {
  const Outcome outcome = RunProcess(Compare("--backend=constant:x"));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("loadtest: server async exited with 2; its last lines:\n"));
  EXPECT_THAT(outcome.err, HasSubstr("--backend=constant:x: LATENCY=x: must be a time such as 50ms"));
}

TEST(CompareServersTest, AnyServerOfTheProtoCanBeCompared) {
  const std::string json = TempPath("other.json");
  const Outcome outcome = RunProcess(Compare(
      "-c 5 --rounds=1 --warmup=0s -z 100ms --models=async --backend=constant:5ms", {kBareServer, "--json=" + json}));
  EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 106) << outcome.err;
  const auto report = FromJson<v1::ComparisonReport>(ReadFile(json));
  EXPECT_THAT(report.settings().models(), ElementsAre("async", "bare"));
  ASSERT_EQ(report.cells_size(), 2);
  EXPECT_GT(report.cells(1).achieved_rate(), 0);
  EXPECT_GT(report.cells(1).server().cpu_micros_per_call(), 0);
  EXPECT_FALSE(report.cells(1).server().has_context_switches_per_call()) << "it has no Admin service";
  EXPECT_EQ(report.comparisons(0).baseline(), "bare");
}

TEST(CompareServersTest, AServerOfOtherPeopleCanStandAlone) {
  const Outcome outcome = RunProcess(Compare("-c 5 --rounds=1 --warmup=0s -z 100ms --models=none", {kBareServer}));
  EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 106) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("  bare "));
  EXPECT_THAT(outcome.out, Not(HasSubstr("backend")));
}

TEST(CompareServersTest, AServerThatExitsAtOnceFailsWithItsLastLines) {
  const Outcome outcome =
      RunProcess(Compare("--models=none", {"--server=broken=sh -c \"echo out of {port}s >&2; exit 2\""}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, testing::MatchesRegex("loadtest: server broken exited with 2; its last lines:\n"
                                                 "  out of [0-9]+s\n"));
}

TEST(CompareServersTest, ServersThatRunAlreadyAreCompared) {
  TestServer first;
  TestServer second;
  const std::string json = TempPath("targets.json");
  const Outcome outcome = RunProcess(Compare("-c 4 --rounds=2 --warmup=0s -z 100ms --pin=auto",
                                             {"--target=first=" + first.target(), "--target=second=" + second.target(),
                                              "--target=again=" + first.target(), "--json=" + json}));
  EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 106) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("nothing was pinned: first runs already"));
  const auto report = FromJson<v1::ComparisonReport>(ReadFile(json));
  EXPECT_THAT(report.settings().models(), ElementsAre("first", "second", "again")) << "no model unless it is named";
  EXPECT_EQ(report.comparisons_size(), 2);
  EXPECT_GT(first.fetches(), 0u);
  EXPECT_GT(second.fetches(), 0u);
}

// What calls cost is no matter here: that they are made over TLS with the client's certificate is.
TEST(CompareServersTest, ServersAreComparedOverTls) {
  const TestAuthority authority;
  const KeyPair of_server = authority.Issue({.name = "the.server"});
  const KeyPair of_client = authority.Issue({.name = "client"});
  const std::string ca = WriteFile("ca.pem", authority.certificate());
  const std::string server =
      absl::StrCat("server/server --listen=127.0.0.1:{port} --backend=constant:1ms --tls-client-ca=", ca,
                   " --tls-cert=", WriteFile("server.pem", of_server.certificate),
                   " --tls-key=", WriteFile("server.key", of_server.key), " --model=");
  const std::string cert = WriteFile("client.pem", of_client.certificate);
  const std::string key = WriteFile("client.key", of_client.key), json = TempPath("tls.json");
  for (const char* engine : {"http2", "grpc"}) {
    const Outcome outcome =
        RunProcess(Compare("-c 4 --rounds=1 --warmup=0s -z 100ms --timeout=5s --authority=the.server",
                           {absl::StrCat("--engine=", engine), "--server=first=" + server + "async",
                            "--server=second=" + server + "thread", "--cacert=" + ca, "--cert=" + cert, "--key=" + key,
                            "--json=" + json}));
    EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 106) << outcome.err;
    const auto report = FromJson<v1::ComparisonReport>(ReadFile(json));
    EXPECT_THAT(report.settings().models(), ElementsAre("first", "second")) << "no model unless it is named";
    ASSERT_EQ(report.cells_size(), 2);
    for (const v1::Cell& cell : report.cells()) {
      EXPECT_GT(cell.achieved_rate(), 0) << cell.model();
      EXPECT_EQ(cell.errors(), 0) << cell.model();
      EXPECT_TRUE(cell.server().has_context_switches_per_call()) << "the Admin service is asked over TLS, too";
    }
  }
}

TEST(CompareServersTest, AServerWhoseCertificateIsNotTrustedIsNotCompared) {
  const TestAuthority authority("one"), other("another");
  const KeyPair of_server = authority.Issue();
  const std::string server = absl::StrCat(
      "--server=mine=server/server --listen=127.0.0.1:{port} --tls-cert=", WriteFile("mine.pem", of_server.certificate),
      " --tls-key=", WriteFile("mine.key", of_server.key));
  const Outcome outcome = RunProcess(
      Compare("-c 1 --rounds=1 -z 100ms", {server, "--cacert=" + WriteFile("other.pem", other.certificate())}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, StartsWith("loadtest: server mine did not serve on 127.0.0.1:"));
}

TEST(CompareServersTest, ACallThatTakesLongerThanTheTimeoutFails) {
  const std::string json = TempPath("timeout.json");
  RunProcess(Compare("-c 2 --rounds=1 --warmup=0s -z 200ms --models=async --backend=constant:1m --timeout=20ms",
                     {"--json=" + json}));
  const auto report = FromJson<v1::ComparisonReport>(ReadFile(json));
  ASSERT_EQ(report.cells_size(), 1);
  EXPECT_EQ(report.cells(0).achieved_rate(), 0);
  EXPECT_GT(report.cells(0).statuses().at("DEADLINE_EXCEEDED"), 0);
}

TEST(CompareServersTest, ATargetThatCannotBeReachedIsNamed) {
  const Outcome outcome = RunProcess(Compare("-c 1", {"--target=mine=unix:/nobody/listens/here"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("server mine: cannot connect to unix:/nobody/listens/here within 5s"));
}

}  // namespace
}  // namespace meanwhile
