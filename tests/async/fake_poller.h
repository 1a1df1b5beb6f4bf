// FakePoller: a poller with a simulated clock, so that tests of the loop need neither gRPC nor time.
//
// When a loop has nothing to do but wait for a timer, the clock jumps to the timer. When it has no timer either, it
// waits for another thread to Wake it or to Complete an operation. The poller checks its contract: no second Wake
// before the first has arrived, nothing completed that was not started, no Next after kShutDown.
//
// Thread: as Poller says; Complete may be called from any. Ownership: the loop's; a test keeps a plain pointer.

#ifndef MEANWHILE_TESTS_ASYNC_FAKE_POLLER_H_
#define MEANWHILE_TESTS_ASYNC_FAKE_POLLER_H_

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

#include "async/event_loop.h"
#include "async/poller.h"

namespace meanwhile::async {

class FakePoller final : public Poller {
 public:
  Result Next(TimePoint deadline, Operation** operation, bool* ok) override {
    std::unique_lock lock(mutex_);
    ++turns_;
    EXPECT_FALSE(ended_) << "Next was called after kShutDown";
    while (true) {
      if (!completed_.empty()) {
        std::tie(*operation, *ok) = completed_.front();
        completed_.pop_front();
        --outstanding_;
        return Result::kCompleted;
      }
      if (woken_) {
        woken_ = false;
        return Result::kWoken;
      }
      if (shut_down_ && outstanding_ == 0) {
        ended_ = true;
        return Result::kShutDown;
      }
      if (deadline != TimePoint::max()) {
        if (deadline > now_) now_ = deadline;
        return Result::kTimeout;
      }
      changed_.wait(lock);
    }
  }

  void Wake() override {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(woken_) << "Wake was called again before it arrived";
    EXPECT_FALSE(ended_) << "Wake was called after kShutDown";
    woken_ = true;
    ++wakes_;
    changed_.notify_one();
  }

  TimePoint Now() override {
    const std::lock_guard lock(mutex_);
    return now_;
  }

  void Shutdown() override {
    const std::lock_guard lock(mutex_);
    shut_down_ = true;
  }

  // What a coroutine that blocks or computes does to the clock.
  void Advance(Duration duration) {
    const std::lock_guard lock(mutex_);
    now_ += duration;
  }

  // What handing an operation to a completion queue is elsewhere. Complete must follow.
  void Start() {
    const std::lock_guard lock(mutex_);
    EXPECT_FALSE(shut_down_) << "an operation was started after Shutdown";
    ++outstanding_;
  }

  // Any thread. Next hands the operation out.
  void Complete(Operation* operation, bool ok) {
    const std::lock_guard lock(mutex_);
    completed_.emplace_back(operation, ok);
    EXPECT_LE(completed_.size(), outstanding_) << "an operation was completed that was not started";
    changed_.notify_one();
  }

  // How often the loop has come to wait, and how often it was woken.
  int turns() const { return turns_; }
  int wakes() const { return wakes_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Operation*, bool>> completed_;
  std::size_t outstanding_ = 0;
  TimePoint now_{std::chrono::hours(1)};
  bool woken_ = false;
  bool shut_down_ = false;
  bool ended_ = false;
  int turns_ = 0;
  int wakes_ = 0;
};

// A loop on a FakePoller. Tests spawn what they test and then RunToEnd.
class FakeLoop : public EventLoop {
 public:
  FakeLoop() : FakeLoop(new FakePoller) {}

  FakePoller& poller() { return *poller_; }

  // Runs until no work is left.
  void RunToEnd() {
    Stop();
    Run();
  }

 private:
  explicit FakeLoop(FakePoller* poller) : EventLoop(std::unique_ptr<Poller>(poller)), poller_(poller) {}

  FakePoller* poller_;
};

// `co_await NextTurn(loop)` really suspends; the loop resumes it at its next turn.
class NextTurn {
 public:
  explicit NextTurn(EventLoop& loop) : loop_(loop) {}

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> caller) {
    resumption_.set_coroutine(caller);
    loop_.Schedule(&resumption_);
  }
  void await_resume() const noexcept {}

 private:
  EventLoop& loop_;
  Resumption resumption_;
};

// Something that happens when the test says so: `co_await event` waits until Fire. One coroutine waits at a time.
class Event {
 public:
  explicit Event(EventLoop& loop) : loop_(loop) {}

  void Fire() {
    fired_ = true;
    if (waiting_) loop_.Schedule(&resumption_);
    waiting_ = false;
  }

  bool await_ready() const noexcept { return fired_; }
  void await_suspend(std::coroutine_handle<> caller) {
    resumption_.set_coroutine(caller);
    waiting_ = true;
  }
  void await_resume() const noexcept {}

 private:
  EventLoop& loop_;
  Resumption resumption_;
  bool fired_ = false;
  bool waiting_ = false;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_TESTS_ASYNC_FAKE_POLLER_H_
