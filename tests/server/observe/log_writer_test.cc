#include "server/observe/log_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr seconds kFlushPatience(30);

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(fds_.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    for (const int fd : fds_) close(fd);
  }
  int write_end() const { return fds_[1]; }

  // Takes what is there.
  std::string Read() {
    std::string text;
    std::array<char, 65536> buffer;
    for (pollfd watched{fds_[0], POLLIN, 0}; poll(&watched, 1, 0) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(read(fds_[0], buffer.data(), buffer.size())));
    }
    return text;
  }
  std::vector<std::string> ReadLines() { return absl::StrSplit(Read(), '\n', absl::SkipEmpty()); }

  // Leaves no room, as when nobody reads. What it holds are lines of `x`.
  void Fill() const {
    const int flags = fcntl(write_end(), F_GETFL);
    fcntl(write_end(), F_SETFL, flags | O_NONBLOCK);
    while (write(write_end(), "x\n", 2) > 0) {
    }
    fcntl(write_end(), F_SETFL, flags);
  }

 private:
  std::array<int, 2> fds_{};
};

void Say(LogWriter& writer, LogLevel level, const std::string& event, const std::string& message) {
  if (writer.Admits(level, event)) writer.Write({absl::Now(), level, event, LogLine{message, {}}});
}

TEST(LogWriterTest, WritesALineForEachEventInOrder) {
  Pipe pipe;
  LogWriter writer({}, pipe.write_end());
  Say(writer, LogLevel::kInfo, "a", "first");
  Say(writer, LogLevel::kError, "b", "second");
  Say(writer, LogLevel::kWarning, "a", "third");
  EXPECT_TRUE(writer.Flush(kFlushPatience));
  EXPECT_THAT(pipe.ReadLines(), ElementsAre("first", "second", "third"));
}

TEST(LogWriterTest, LeavesOutWhatIsBelowItsLevel) {
  Pipe pipe;
  LogWriter writer({.level = LogLevel::kWarning}, pipe.write_end());
  Say(writer, LogLevel::kDebug, "a", "debug");
  Say(writer, LogLevel::kInfo, "a", "info");
  Say(writer, LogLevel::kWarning, "a", "warning");
  Say(writer, LogLevel::kError, "a", "error");
  EXPECT_TRUE(writer.Flush(kFlushPatience));
  EXPECT_THAT(pipe.ReadLines(), ElementsAre("warning", "error"));
}

TEST(LogWriterTest, WritesSoManyLinesOfAnEventAndTellsHowManyMoreThereWere) {
  Pipe pipe;
  LogWriter writer({}, pipe.write_end(), {.queue = 100, .lines = 2, .window = hours(1)});
  for (int i = 0; i < 5; ++i) Say(writer, LogLevel::kWarning, "often", absl::StrCat("often ", i));
  Say(writer, LogLevel::kInfo, "seldom", "seldom");
  EXPECT_TRUE(writer.Flush(kFlushPatience));
  EXPECT_THAT(pipe.ReadLines(), ElementsAre("often 0", "often 1", "seldom", "3 more of the event often were left out"));
}

TEST(LogWriterTest, TellsWhatWasLeftOutWhenTheWindowIsOverWhoeverSaysSomethingElse) {
  Pipe pipe;
  LogWriter writer({}, pipe.write_end(), {.queue = 100, .lines = 1, .window = milliseconds(20)});
  std::string said;
  EXPECT_TRUE(WaitUntil([&] {  // On a busy machine a window may be over between two lines.
    Say(writer, LogLevel::kInfo, "often", "line");
    Say(writer, LogLevel::kInfo, "often", "line");
    said += pipe.Read();
    return absl::StrContains(said, " more of the event often were left out\n");
  }));
}

TEST(LogWriterTest, ThoseWhoLogDoNotWaitForAReaderAndLearnWhatWasDropped) {
  Pipe pipe;
  pipe.Fill();
  LogWriter writer({}, pipe.write_end(), {.queue = 3, .lines = 1000, .window = hours(1)});
  Say(writer, LogLevel::kError, "a", "an error, which is waited for in vain");
  // Not one of these can be written; if they waited for it, this test would not end.
  for (int i = 0; i < 500; ++i) Say(writer, LogLevel::kWarning, "a", absl::StrCat("line ", i));
  EXPECT_FALSE(writer.Flush(milliseconds(1)));
  std::string said;
  EXPECT_TRUE(WaitUntil([&] {
    said += pipe.Read();
    return writer.Flush(milliseconds(1));
  }));
  said += pipe.Read();
  // The thread holds one, the queue three.
  int lines = 0;
  int dropped = 0;
  for (const absl::string_view line : absl::StrSplit(said, '\n', absl::SkipEmpty())) {
    if (absl::StartsWith(line, "line ")) ++lines;
    if (absl::StrContains(line, "lines of the log were dropped")) {
      int more = 0;
      EXPECT_TRUE(absl::SimpleAtoi(line.substr(0, line.find(' ')), &more));
      dropped += more;
    }
  }
  EXPECT_EQ(lines + dropped, 500);
  EXPECT_GE(lines, 3);
  EXPECT_GT(dropped, 400);
}

TEST(LogWriterTest, EndsWhenNobodyReads) {
  Pipe pipe;
  pipe.Fill();
  LogWriter writer({}, pipe.write_end());
  Say(writer, LogLevel::kInfo, "a", "line");
  EXPECT_FALSE(writer.Flush(milliseconds(1)));
}

TEST(LogWriterTest, EndsWhenTheReaderIsGone) {
  signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> fds{};
  ASSERT_EQ(pipe2(fds.data(), O_CLOEXEC), 0);
  close(fds[0]);
  {
    LogWriter writer({}, fds[1]);
    Say(writer, LogLevel::kInfo, "a", "line");
    EXPECT_TRUE(writer.Flush(kFlushPatience));
  }
  close(fds[1]);
}

TEST(LogWriterTest, NoLineIsTornWhenManyThreadsLog) {
  constexpr int kThreads = 8;
  constexpr int kLines = 200;
  Pipe pipe;
  LogWriter writer({}, pipe.write_end(), {.queue = kThreads * kLines, .lines = kThreads * kLines, .window = hours(1)});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      // Some are longer than what a pipe takes at once.
      for (int i = 0; i < kLines; ++i) {
        Say(writer, LogLevel::kInfo, "a", std::string(i % 50 == 0 ? 10'000 : 100, static_cast<char>('a' + t)));
      }
    });
  }
  std::string said;
  EXPECT_TRUE(WaitUntil([&] {
    said += pipe.Read();
    return std::count(said.begin(), said.end(), '\n') == kThreads * kLines;
  }));
  for (std::thread& thread : threads) thread.join();
  std::map<char, int> lines;
  for (const absl::string_view line : absl::StrSplit(said, '\n', absl::SkipEmpty())) {
    EXPECT_EQ(line.find_first_not_of(line.front()), absl::string_view::npos) << line;
    EXPECT_TRUE(line.size() == 100 || line.size() == 10'000) << line.size();
    ++lines[line.front()];
  }
  EXPECT_EQ(lines.size(), std::size_t{kThreads});
  for (const auto& [letter, count] : lines) EXPECT_EQ(count, kLines) << letter;
}

}  // namespace
}  // namespace meanwhile
