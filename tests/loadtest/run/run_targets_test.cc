// Whom `loadtest run` calls: several targets, and those that cannot be reached or go away, with both engines.

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "loadtest/engine/engine_set.h"
#include "meanwhile/v1/report.pb.h"
#include "tests/client/test_server.h"
#include "tests/loadtest/engine/http2/scripted_server.h"
#include "tests/process.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class RunTargetsTest : public testing::TestWithParam<EngineKind> {
 protected:
  std::vector<std::string> Command(const std::vector<std::string>& words) {
    std::vector<std::string> command = {"loadtest/loadtest", "run", absl::StrCat("--engine=", NameOf(GetParam())),
                                        "--json", json_};
    command.insert(command.end(), words.begin(), words.end());
    return command;
  }

  v1::RunReport ReadReport() {
    std::ostringstream json;
    json << std::ifstream(json_).rdbuf();
    v1::RunReport report;
    const auto status = google::protobuf::util::JsonStringToMessage(json.str(), &report);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return report;
  }

  const std::string json_ = testing::TempDir() + "targets.json";
};

TEST_P(RunTargetsTest, ConnectionsGoToSeveralTargetsInTurn) {
  TestServer first;
  TestServer second;
  for (const std::vector<std::string>& targets :
       {std::vector<std::string>{absl::StrCat(first.target(), ",", second.target())},
        std::vector<std::string>{first.target(), second.target()}}) {
    const uint64_t first_before = first.fetches();
    const uint64_t second_before = second.fetches();
    // Before flags and between them.
    std::vector<std::string> words = {targets.front(), "-c4", "-n40", "--connections=3", "--loops=2"};
    words.insert(words.end(), targets.begin() + 1, targets.end());
    const Outcome outcome = RunProcess(Command(words));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(first.fetches() - first_before + second.fetches() - second_before, 40u);
    EXPECT_GT(first.fetches(), first_before);
    EXPECT_GT(second.fetches(), second_before);
    EXPECT_THAT(outcome.out, AllOf(HasSubstr(absl::StrCat(first.target(), ": 2 connections\n")),
                                   HasSubstr(absl::StrCat(second.target(), ": 1 connection\n"))));
    const v1::RunReport report = ReadReport();
    EXPECT_EQ(report.target(), absl::StrCat(first.target(), ",", second.target()));
    ASSERT_EQ(report.targets_size(), 2);
    EXPECT_EQ(report.targets(0).target(), first.target());
    EXPECT_EQ(report.targets(0).opened(), 2u);
    EXPECT_EQ(report.targets(0).standing(), 2u);
    EXPECT_EQ(report.targets(1).opened(), 1u);
  }
  EXPECT_EQ(first.peers(), 4u);
  EXPECT_EQ(second.peers(), 2u);
}

TEST_P(RunTargetsTest, AFileMayNameThemInAList) {
  const TestServer first;
  const TestServer second;
  const std::string file = testing::TempDir() + "targets.yaml";
  std::ofstream(file) << "target: [\"" << first.target() << "\", \"" << second.target() << "\"]\n";
  const Outcome outcome = RunProcess(Command({"--config", file, "-c4", "-n40"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(ReadReport().targets_size(), 2);
  EXPECT_GT(second.fetches(), 0u);
}

TEST_P(RunTargetsTest, SaysWhichOfSeveralTargetsItCannotReach) {
  const TestServer server;
  Outcome outcome = RunProcess(Command({server.target(), "unix:/nobody/is/here", "-c4", "-n4"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "loadtest: cannot connect to unix:/nobody/is/here within 5s: No such file or directory\n");

  outcome = RunProcess(Command({server.target(), "nobody.invalid:1", "-c4", "-n4"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("nobody.invalid:1"), Not(HasSubstr(server.target()))));
}

TEST_P(RunTargetsTest, SaysWhichOfSeveralTargetsWentAway) {
  const TestServer stays;
  auto goes = std::make_unique<TestServer>();
  const std::string gone = goes->target();
  Process run(Command({stays.target(), gone, "-c4", "-z3s", "--warmup=0s", "--wait=simulated:5ms", "--connections=4"}));
  EXPECT_TRUE(WaitUntil([&] { return goes->fetches() >= 20; }));
  goes.reset();
  EXPECT_EQ(run.Wait(), 1) << run.err();
  EXPECT_THAT(run.out(), AllOf(HasSubstr(gone + " was gone when the measured time ended"),
                               HasSubstr(gone + ": 2 connections, 0 at the end\n"),
                               HasSubstr(stays.target() + ": 2 connections\n")));
  const v1::RunReport report = ReadReport();
  EXPECT_FALSE(report.valid());
  ASSERT_EQ(report.targets_size(), 2);
  EXPECT_EQ(report.targets(0).standing(), 2u);
  EXPECT_EQ(report.targets(1).standing(), 0u);
}

TEST_P(RunTargetsTest, SaysThatATargetGotNothing) {
  const TestServer first;
  const TestServer second;
  const Outcome outcome = RunProcess(Command({first.target(), second.target(), "-c1", "-n4"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr(absl::StrCat("nothing was sent to ", second.target(),
                                                  ": there are more targets than connections")));
}

TEST_P(RunTargetsTest, SaysWhyAServerCannotBeCalled) {
  const TestServer plaintext;
  Outcome outcome = RunProcess(Command({plaintext.target(), "--tls", "-c1", "-n1"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(absl::StrCat("loadtest: cannot connect to ", plaintext.target())),
                                 HasSubstr("wrong version number")));
  EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;

  const http2::ScriptedServer http1(
      {.on_connect = [](http2::Peer& peer) { peer.Send("HTTP/1.1 400 Bad Request\r\n\r\n"); },
       .on_request = [](http2::Peer&, const http2::Request&) {}});
  outcome = RunProcess(Command({http1.target(), "-c1", "-n1"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(absl::StrCat("loadtest: cannot connect to ", http1.target())));
  if (GetParam() == EngineKind::kHttp2) {
    EXPECT_THAT(outcome.err, HasSubstr("HTTP/2"));
  }
}

INSTANTIATE_TEST_SUITE_P(Both, RunTargetsTest, testing::Values(EngineKind::kHttp2, EngineKind::kGrpc),
                         [](const auto& info) { return std::string(NameOf(info.param)); });

}  // namespace
}  // namespace meanwhile
