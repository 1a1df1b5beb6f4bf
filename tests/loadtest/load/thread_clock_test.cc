#include "loadtest/load/thread_clock.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/synchronization/notification.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

TEST(ThreadClockTest, TellsWhatAThreadHasUsedWhileItRunsAndAfter) {
  ThreadClock clock;
  EXPECT_EQ(clock.Read(), absl::ZeroDuration());
  absl::Notification used, read, ended;
  std::thread thread([&] {
    clock.Begin();
    EXPECT_TRUE(WaitUntil([&] { return clock.Read() > absl::Milliseconds(2); }));
    used.Notify();
    read.WaitForNotification();
    clock.End();
    ended.Notify();
  });
  used.WaitForNotification();
  const absl::Duration running = clock.Read();
  EXPECT_GT(running, absl::Milliseconds(2));
  read.Notify();
  ended.WaitForNotification();
  EXPECT_GE(clock.Read(), running);
  thread.join();
  EXPECT_GE(clock.Read(), running);
}

TEST(ThreadClockTest, IsOfItsOwnThreadAlone) {
  ThreadClock idle;
  absl::Notification begun, done;
  std::thread thread([&] {
    idle.Begin();
    begun.Notify();
    done.WaitForNotification();
    idle.End();
  });
  begun.WaitForNotification();
  const absl::Duration before = idle.Read();
  ThreadClock own;
  own.Begin();
  EXPECT_TRUE(WaitUntil([&, start = own.Read()] { return own.Read() - start > absl::Milliseconds(5); }));
  EXPECT_LT(idle.Read() - before, absl::Milliseconds(5));
  done.Notify();
  thread.join();
}

}  // namespace
}  // namespace meanwhile
