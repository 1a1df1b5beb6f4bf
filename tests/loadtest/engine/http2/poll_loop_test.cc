#include "loadtest/engine/http2/poll_loop.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <system_error>
#include <thread>

#include "async/timer_queue.h"

namespace meanwhile::http2 {
namespace {

// From here on epoll_pwait2 fails with `error` on this thread, as on an old kernel or under somebody's filter of system
// calls.
bool FailPwait2With(int error) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

void WherePwait2FailsWith(int error, const std::function<void()>& check) {
  std::thread([&] {
    ASSERT_TRUE(FailPwait2With(error)) << std::generic_category().message(errno);
    epoll_event event;
    ASSERT_EQ(epoll_pwait2(-1, &event, 1, nullptr, nullptr), -1);
    ASSERT_EQ(errno, error);
    check();
  }).join();
}

class CountingTimer final : public async::Timer {
 public:
  int fired() const { return fired_; }

 private:
  void OnTimer() override { ++fired_; }

  int fired_ = 0;
};

class CountingWatcher final : public FdWatcher {
 public:
  void OnEvents(uint32_t /*events*/) override { ++told_; }
  int told() const { return told_; }

 private:
  int told_ = 0;
};

// Due again as soon as it has fired.
class Restless final : public async::Timer {
 public:
  explicit Restless(PollLoop* loop) : loop_(loop) { Add(); }
  ~Restless() { loop_->timers().Remove(this); }
  int fired() const { return fired_; }

 private:
  void Add() { loop_->timers().Add(this, std::chrono::steady_clock::now()); }
  void OnTimer() override {
    ++fired_;
    Add();
  }

  PollLoop* const loop_;
  int fired_ = 0;
};

TEST(PollLoopTest, ATimerThatIsDueAtOnceKeepsNoSocketWaiting) {
  PollLoop loop;
  const int fd = eventfd(1, EFD_CLOEXEC);
  ASSERT_GE(fd, 0);
  CountingWatcher watcher;
  loop.Add(fd, EPOLLIN, &watcher);
  Restless timer(&loop);
  for (int turn = 1; turn <= 3; ++turn) {
    loop.Turn();
    EXPECT_EQ(timer.fired(), turn);
    EXPECT_EQ(watcher.told(), turn);
  }
  loop.Remove(fd);
  close(fd);
}

TEST(PollLoopTest, WithoutPwait2ItWaitsUntilATimerIsDueAndNotLess) {
  for (const int error : {ENOSYS, EPERM}) {
    WherePwait2FailsWith(error, [error] {
      PollLoop loop;
      CountingTimer timer;
      for (int turn = 1; turn <= 3; ++turn) {
        // Less than the millisecond that epoll_wait counts in.
        loop.timers().Add(&timer, std::chrono::steady_clock::now() + std::chrono::microseconds(900));
        loop.Turn();
        EXPECT_EQ(timer.fired(), turn) << error;
      }
    });
  }
}

TEST(PollLoopTest, WithoutPwait2ItTellsWatchersHoweverLongItMayWait) {
  for (const int error : {ENOSYS, EPERM}) {
    WherePwait2FailsWith(error, [error] {
      const int fd = eventfd(1, EFD_CLOEXEC);
      ASSERT_GE(fd, 0);
      PollLoop loop;
      CountingWatcher watcher;
      loop.Add(fd, EPOLLIN, &watcher);
      const LoadTime now = std::chrono::steady_clock::now();
      loop.Turn(LoadTime());
      EXPECT_EQ(watcher.told(), 1) << error;
      loop.Turn(now + std::chrono::hours(10'000));  // More milliseconds than an int holds.
      EXPECT_EQ(watcher.told(), 2) << error;
      loop.Turn();
      EXPECT_EQ(watcher.told(), 3) << error;
      loop.Remove(fd);
      loop.Turn(LoadTime());
      EXPECT_EQ(watcher.told(), 3) << error;
      close(fd);
    });
  }
}

TEST(PollLoopTest, GoesOnAfterASignalAndFailsOtherwise) {
  WherePwait2FailsWith(EINTR, [] {
    PollLoop loop;
    EXPECT_NO_THROW(loop.Turn());
  });
  WherePwait2FailsWith(EFAULT, [] {
    PollLoop loop;
    EXPECT_THROW(loop.Turn(), std::system_error);
  });
}

}  // namespace
}  // namespace meanwhile::http2
