// `loadtest run` at a terminal: the live view and Ctrl-C.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/client/test_server.h"
#include "tests/process.h"
#include "tests/terminal.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kCtrlC[] = "\x03";
constexpr char kInterrupted[] = "interrupted, waiting for calls in flight";

// `environment`: words such as `TERM=dumb`.
std::vector<std::string> CommandOf(const std::string& environment, const TestServer& server, const std::string& words) {
  return absl::StrSplit(absl::StrCat("env ", environment, " loadtest/loadtest run ", server.target(), " ", words), ' ',
                        absl::SkipEmpty());
}

TEST(RunTerminalTest, RedrawsInPlaceAndCtrlCEndsItWithAReport) {
  TestServer server;
  Terminal terminal(CommandOf("TERM=xterm", server, "-c 10 -z 1h --warmup=0s --wait=simulated:5ms"));
  EXPECT_TRUE(terminal.WaitFor("achieved "));
  EXPECT_TRUE(terminal.WaitFor("A\x1b[J"));  // Up, and away with what was there.
  EXPECT_TRUE(terminal.WaitFor("server "));
  EXPECT_TRUE(terminal.WaitFor("p99 of the last minute"));
  EXPECT_TRUE(terminal.WaitFor("left"));
  EXPECT_THAT(terminal.out(), HasSubstr("\x1b[1m"));
  terminal.Type(kCtrlC);
  EXPECT_EQ(terminal.Wait(), 105) << terminal.out();
  EXPECT_THAT(terminal.out(), HasSubstr(kInterrupted));
  // The view is gone when the report comes.
  const std::size_t summary = terminal.out().find("Summary");
  ASSERT_NE(summary, std::string::npos) << terminal.out();
  EXPECT_EQ(terminal.out().find('\x1b', summary), std::string::npos);
  EXPECT_GT(terminal.out().rfind("\x1b[J"), terminal.out().rfind("achieved "));
}

TEST(RunTerminalTest, HasNoColourWhenToldSo) {
  TestServer server;
  Terminal terminal(CommandOf("TERM=xterm NO_COLOR=1", server, "-c 1 -z 1h --warmup=0s"));
  EXPECT_TRUE(terminal.WaitFor("A\x1b[J"));
  terminal.Type(kCtrlC);
  EXPECT_EQ(terminal.Wait(), 105);
  EXPECT_THAT(terminal.out(), Not(HasSubstr("\x1b[1m")));
  EXPECT_THAT(terminal.out(), Not(HasSubstr("\x1b[0m")));
}

TEST(RunTerminalTest, MovesNoCursorThatCannotBeMoved) {
  TestServer server;
  Terminal terminal(CommandOf("TERM=dumb", server, "-c 1 -z 1200ms --warmup=0s"));
  EXPECT_EQ(terminal.Wait(), 0) << terminal.out();
  EXPECT_THAT(terminal.out(), HasSubstr("Summary"));
  EXPECT_THAT(terminal.out(), Not(HasSubstr("\x1b")));
}

TEST(RunTerminalTest, FitsANarrowTerminal) {
  TestServer server;
  Terminal terminal(CommandOf("TERM=xterm NO_COLOR=1", server, "-c 1 -z 1h --warmup=0s"), 20, 6);
  EXPECT_TRUE(terminal.WaitFor("A\x1b[J"));
  // No more lines than can be taken back.
  EXPECT_TRUE(terminal.WaitFor("\x1b[5A"));
  terminal.Type(kCtrlC);
  EXPECT_EQ(terminal.Wait(), 105);
}

TEST(RunTerminalTest, ASecondCtrlCEndsItAtOnce) {
  TestServer server;
  Terminal terminal(CommandOf("TERM=xterm", server, "-c 1 -z 1h --warmup=0s --wait=simulated:60s --timeout=1h"));
  EXPECT_TRUE(WaitUntil([&] { return server.fetches() == 1; }));
  terminal.Type(kCtrlC);
  EXPECT_TRUE(terminal.WaitFor(kInterrupted));
  terminal.Type(kCtrlC);
  EXPECT_EQ(terminal.Wait(), -SIGINT) << terminal.out();
  EXPECT_THAT(terminal.out(), Not(HasSubstr("Summary")));
}

TEST(RunTerminalTest, ASecondSignalEndsItAtOnceWithoutATerminalToo) {
  TestServer server;
  Process run(CommandOf("", server, "-c 1 -z 1h --warmup=0s --wait=simulated:60s --timeout=1h"));
  EXPECT_TRUE(WaitUntil([&] { return server.fetches() == 1; }));
  run.Signal(SIGINT);
  const std::optional<std::string> line = run.ReadErrorLine();
  ASSERT_TRUE(line.has_value());
  EXPECT_THAT(*line, HasSubstr(kInterrupted));
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait(), -SIGTERM);
  EXPECT_EQ(run.out(), "");
}

}  // namespace
}  // namespace meanwhile
