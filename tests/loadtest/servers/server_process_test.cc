#include "loadtest/servers/server_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <memory>
#include <string>

#include "tests/loadtest/process_table.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

constexpr char kBareServer[] = "tests/bench/bare_server --listen=127.0.0.1:{port}";

bool Never() { return false; }

// A server whose command is run by a shell that remains.
ServerCommand Shell(const std::string& script) { return {"shell", "sh -c '" + script + "'", {}}; }

absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const ServerCommand& command, ServerPatience patience = {}) {
  return ServerProcess::Start(command, "", Never, Credentials(), patience);
}

// Not even a zombie is left.
bool IsGone(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

TEST(ServerProcessTest, AServerIsStartedOnItsPortAndEndsWhenAskedTo) {
  auto server = Start({"bare", kBareServer, {}});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT((*server)->target(), MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
  EXPECT_FALSE((*server)->has_ended());
  const pid_t pid = (*server)->pid();
  EXPECT_FALSE(IsGone(pid));
  EXPECT_TRUE((*server)->Stop().ok());
  EXPECT_TRUE(IsGone(pid));
}

TEST(ServerProcessTest, NoServerOutlivesItsObject) {
  pid_t pid = 0;
  {
    const auto server = Start({"bare", kBareServer, {}});
    ASSERT_TRUE(server.ok()) << server.status();
    pid = (*server)->pid();
  }
  EXPECT_TRUE(IsGone(pid));
}

TEST(ServerProcessTest, AServerThatExitsAtOnceIsAnErrorWithItsLastLines) {
  const auto server = Start(Shell("echo one; echo two >&2; exit 3"));
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(server.status().message(), "server shell exited with 3; its last lines:\n  one\n  two");
}

TEST(ServerProcessTest, OnlyTheLastLinesAreTold) {
  const auto server = Start(Shell("seq 1000; exit 1"));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("last lines:\n  981\n"));
  EXPECT_THAT(std::string(server.status().message()), EndsWith("\n  1000"));
}

TEST(ServerProcessTest, AServerThatIsKilledIsAnErrorWithTheSignal) {
  const auto server = Start(Shell("kill -SEGV $$"));
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(server.status().message(), "server shell was ended by signal 11 (Segmentation fault); it wrote nothing");
}

TEST(ServerProcessTest, ACommandThatIsNotThereIsAnErrorThatNamesIt) {
  const auto server = Start({"missing", "no/such/program {port}", {}});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("server missing exited with 127"));
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("no/such/program"));
}

TEST(ServerProcessTest, FlagsThatTheServerRefusesAreAnInvalidArgument) {
  ServerCommand command = Shell("echo --backend=x: must be good; exit 2");
  EXPECT_EQ(Start(command).status().code(), absl::StatusCode::kUnavailable) << "nobody knows what 2 means";
  command.usage_exit_code = 2;
  const absl::Status status = Start(command).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--backend=x: must be good"));
}

TEST(ServerProcessTest, EveryPortInTheCommandIsReplaced) {
  const std::string message(Start(Shell("echo {port} and {port}; exit 1")).status().message());
  EXPECT_THAT(message, MatchesRegex("(.|\n)*  [0-9]+ and [0-9]+"));
}

TEST(ServerProcessTest, AServerIsConfinedToItsProcessors) {
  const auto server = ServerProcess::Start(Shell("grep Cpus_allowed_list /proc/self/status; exit 1"), "0", Never);
  EXPECT_THAT(std::string(server.status().message()), EndsWith("Cpus_allowed_list:\t0"));
}

TEST(ServerProcessTest, AServerThatNeverServesIsGivenUpAndEnded) {
  const auto server = Start(Shell("echo $$; exec sleep 1000"), {.start = absl::Milliseconds(300)});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
  const std::string message(server.status().message());
  EXPECT_THAT(message,
              MatchesRegex("server shell did not serve on 127\\.0\\.0\\.1:[0-9]+ within 300ms; server shell is "
                           "still running; its last lines:\n  [0-9]+"));
  EXPECT_TRUE(IsGone(std::stoi(message.substr(message.rfind(' ')))));
}

TEST(ServerProcessTest, WaitingForAServerCanBeStopped) {
  const auto server = ServerProcess::Start(Shell("exec sleep 1000"), "", [] { return true; });
  EXPECT_EQ(server.status().code(), absl::StatusCode::kCancelled);
}

TEST(ServerProcessTest, AServerThatDiesLaterIsNoticedAndItsStopIsAnError) {
  auto server = Start({"bare", kBareServer, {}});
  ASSERT_TRUE(server.ok()) << server.status();
  kill((*server)->pid(), SIGKILL);
  EXPECT_TRUE(WaitUntil([&] { return (*server)->has_ended(); }));
  const absl::Status status = (*server)->Stop();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("server bare was ended by signal 9 (Killed)"));
}

// Serves, and does on SIGTERM what `script` says.
ServerCommand ServesAndThen(const std::string& script) {
  return Shell("trap \"" + script + "\" TERM; " + kBareServer + " & while :; do wait; done");
}

TEST(ServerProcessTest, AServerThatIgnoresTheSignalIsKilled) {
  auto server = Start(ServesAndThen(":"), {.stop = absl::Milliseconds(100)});
  ASSERT_TRUE(server.ok()) << server.status();
  const pid_t pid = (*server)->pid();
  EXPECT_TRUE((*server)->Stop().ok()) << "what was measured stands";
  EXPECT_TRUE(IsGone(pid));
}

TEST(ServerProcessTest, AServerThatEndsByTheSignalHasDoneWhatItWasAskedFor) {
  for (const char* script : {"exit 0", "exit 143", "trap - TERM; kill -TERM $$"}) {
    auto server = Start(ServesAndThen(script));
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_TRUE((*server)->Stop().ok()) << script;
  }
}

TEST(ServerProcessTest, AServerThatFallsOverWhileEndingIsAnError) {
  auto server = Start(ServesAndThen("echo ouch; exit 5"));
  ASSERT_TRUE(server.ok()) << server.status();
  const absl::Status status = (*server)->Stop();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), StartsWith("server shell exited with 5; its last lines:\n"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\n  ouch"));
}

TEST(ServerProcessTest, WhatTheServerHasStartedEndsWithIt) {
  const std::string message(Start(Shell("sleep 1000 & echo $!; exit 1")).status().message());
  const pid_t grandchild = std::stoi(message.substr(message.rfind(' ')));
  EXPECT_TRUE(WaitUntil([&] { return !Lives(grandchild); }));
}

TEST(ServerProcessTest, AServerThatClosesItsOutputIsStillAttendedTo) {
  auto server = Start({"quiet", std::string(kBareServer) + " >&- 2>&-", {}});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_FALSE((*server)->has_ended());
  EXPECT_TRUE((*server)->Stop().ok());
}

}  // namespace
}  // namespace meanwhile
