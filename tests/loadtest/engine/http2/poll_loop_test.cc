#include "loadtest/engine/http2/poll_loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>

#include "async/timer_queue.h"

namespace meanwhile::http2 {
namespace {

// Due again as soon as it has fired.
class Restless final : public async::Timer {
 public:
  explicit Restless(PollLoop* loop) : loop_(loop) { OnTimer(); }
  ~Restless() { loop_->timers().Remove(this); }
  int fired() const { return fired_; }

 private:
  void OnTimer() override {
    ++fired_;
    loop_->timers().Add(this, std::chrono::steady_clock::now());
  }

  PollLoop* const loop_;
  int fired_ = -1;  // It is added by the first.
};

class Counter final : public FdWatcher {
 public:
  void OnEvents(uint32_t /*events*/) override { ++told_; }
  int told() const { return told_; }

 private:
  int told_ = 0;
};

TEST(PollLoopTest, ATimerThatIsDueAtOnceKeepsNoSocketWaiting) {
  PollLoop loop;
  const int fd = eventfd(1, EFD_CLOEXEC);
  ASSERT_GE(fd, 0);
  Counter counter;
  loop.Add(fd, EPOLLIN, &counter);
  Restless timer(&loop);
  for (int turn = 1; turn <= 3; ++turn) {
    loop.Turn();
    EXPECT_EQ(timer.fired(), turn);
    EXPECT_EQ(counter.told(), turn);
  }
  loop.Remove(fd);
  close(fd);
}

}  // namespace
}  // namespace meanwhile::http2
