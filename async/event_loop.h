// EventLoop: one completion queue, the one thread that drains it, its timers and its mailbox.
//
// Everything that waits, waits here: operations handed to the completion queue, timers, work that other threads finish.
// One thread runs the loop, and whatever the loop resumes runs on that thread, so coroutines of one loop need no lock
// among themselves. A coroutine that blocks (or computes for long) keeps all others of its loop waiting: that work
// belongs on a ThreadPool.
//
//   EventLoop loop;
//   std::thread thread([&] { loop.Run(); });
//   ...
//   loop.Stop();  // Run returns when no work is left.
//   thread.join();
//
// Who keeps the loop busy: each run of a coroutine is measured and told to its activity (activity.h); stats() sums up.
// A run of over 10 ms is told to the blocked observer; in builds without NDEBUG, if there is none, to stderr.
//
// Ownership: the loop owns its completion queue. It must outlive everything that was started on it.
//
// Thread: Post, Stop and stats may be called from any thread. All else belongs to the thread in Run, or, before Run has
// begun, to whoever prepares the loop.
//
// Invariants:
//  1. A coroutine is resumed only from Run itself, never from inside another's resume on the way (Schedule, not
//  resume):
//     the stack stays flat.
//  2. Work is counted (AddWork, RemoveWork). Run shuts the completion queue down only after Stop, and only when no work
//  is
//     left; so nothing is started on a queue that was shut down.
//  3. Whoever posts from another thread does so on behalf of counted work, so the loop is still there.

#ifndef MEANWHILE_ASYNC_EVENT_LOOP_H_
#define MEANWHILE_ASYNC_EVENT_LOOP_H_

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "async/activity.h"
#include "async/cancellation.h"
#include "async/loop_stats.h"
#include "async/mailbox.h"
#include "async/poller.h"
#include "async/task.h"
#include "async/timer_queue.h"

namespace meanwhile::async {

// A coroutine that shall go on at the loop's next turn. It is part of what the coroutine waits for.
class Resumption {
 public:
  Resumption() = default;
  Resumption(const Resumption&) = delete;
  Resumption& operator=(const Resumption&) = delete;

  // With its own type of promise a handle says what the coroutine works for.
  template <typename Promise>
  void set_coroutine(std::coroutine_handle<Promise> coroutine) {
    coroutine_ = coroutine;
    activity_ = internal::ContextOf(coroutine).activity;
  }

 private:
  friend class EventLoop;

  std::coroutine_handle<> coroutine_;
  Activity* activity_ = nullptr;
  Resumption* next_ = nullptr;
};

class EventLoop {
 public:
  class SleepAwaiter;

  // A loop with a completion queue of its own, for clients.
  EventLoop();
  // A loop over a given queue, such as a server's.
  explicit EventLoop(std::unique_ptr<grpc::CompletionQueue> queue);
  // A loop that waits elsewhere.
  explicit EventLoop(std::unique_ptr<Poller> poller);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  // Run must have returned.
  ~EventLoop();

  // Drives the loop on the calling thread until Stop was called and all work is done. Called once.
  void Run();

  // Any thread, at most one effective call. Run then returns as soon as no work is left; it interrupts none.
  void Stop();

  // Any thread. `item` is delivered on the loop's thread.
  void Post(MailboxItem* item);

  // Suspends the awaiting coroutine. `co_await loop.SleepFor(d)` gives OK when the time has passed, or, as soon as the
  // coroutine is cancelled, the status to end with; the timer is then gone. A time that has passed still takes a turn.
  SleepAwaiter SleepFor(Duration duration);
  SleepAwaiter SleepUntil(TimePoint time);

  // Starts a task that nobody awaits. It counts as work. An exception that leaves it ends the process.
  void Spawn(Task<void> task);

  // Resumes a coroutine at the loop's next turn, before it looks at timers and the queue.
  void Schedule(Resumption* resumption);

  // Calls `function`, which starts a coroutine for `activity` or works for it by itself, as ResumeScheduled goes on
  // with a coroutine: measured. Null if it is for nothing in particular. Not within another run.
  template <typename Function>
  void StartFor(Activity* activity, Function function) {
    run_began_ = Now();
    function();
    OnRan(activity, Now());
  }

  // Is told of each run that has blocked the loop (LoopStats::kBlocked), and of what it was for. On the loop's thread,
  // which it holds up in turn: be brief. Set before Run.
  using BlockedObserver = std::function<void(std::string_view name, Duration run)>;
  void set_blocked_observer(BlockedObserver observer) { blocked_observer_ = std::move(observer); }

  // How long what runs now has run without a pause; zero when nothing does.
  Duration RunningFor() { return run_began_ == kNothingRuns ? Duration::zero() : Now() - run_began_; }

  void AddWork() { ++work_; }
  void RemoveWork() { --work_; }

  TimePoint Now() { return poller_->Now(); }
  // TimePoint::max() for what is too long to be told.
  TimePoint TimeAfter(Duration duration) {
    const TimePoint now = Now();
    return duration < TimePoint::max() - now ? now + duration : TimePoint::max();
  }
  const LoopStats& stats() const { return stats_; }
  TimerQueue& timers() { return timers_; }
  grpc::CompletionQueue* queue() { return poller_->queue(); }

 private:
  class StopRequest final : public MailboxItem {
   public:
    explicit StopRequest(EventLoop* loop) : loop_(loop) {}
    void OnDelivered() override { loop_->stopping_ = true; }

   private:
    EventLoop* loop_;
  };

  static DetachedTask Detach(EventLoop* loop, Task<void> task);
  void ResumeScheduled();
  void FireTimers();
  void OnRan(Activity* activity, TimePoint end);
  void TellBlocked(const Activity* activity, Duration run);

  std::unique_ptr<Poller> poller_;
  TimerQueue timers_;
  Mailbox mailbox_;
  Resumption* first_scheduled_ = nullptr;
  Resumption** last_scheduled_ = &first_scheduled_;
  std::size_t work_ = 0;
  static constexpr TimePoint kNothingRuns = TimePoint::max();
  TimePoint run_began_ = kNothingRuns;
  LoopStats stats_;
  BlockedObserver blocked_observer_;
  StopRequest stop_request_{this};
  std::atomic<bool> stop_requested_ = false;
  bool stopping_ = false;  // The loop's own view of stop_requested_.
};

class EventLoop::SleepAwaiter final : private Timer, private CancellationCallback, private Resumption {
 public:
  SleepAwaiter(EventLoop* loop, TimePoint due) : loop_(loop), due_(due) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    token_ = internal::TokenOf(caller);
    if (token_.cancelled()) return false;
    set_coroutine(caller);
    Register(token_);
    loop_->timers_.Add(this, due_);
    return true;
  }

  grpc::Status await_resume() const { return elapsed_ ? grpc::Status() : token_.status(); }

 private:
  void OnTimer() override {
    elapsed_ = true;
    Unregister();
    loop_->Schedule(this);
  }
  void OnCancel() override {
    loop_->timers_.Remove(this);
    loop_->Schedule(this);
  }

  EventLoop* loop_;
  TimePoint due_;
  CancellationToken token_;
  bool elapsed_ = false;
};

inline EventLoop::SleepAwaiter EventLoop::SleepUntil(TimePoint time) { return SleepAwaiter(this, time); }
inline EventLoop::SleepAwaiter EventLoop::SleepFor(Duration duration) { return SleepUntil(TimeAfter(duration)); }

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_EVENT_LOOP_H_
