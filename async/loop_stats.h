// LoopStats: how a loop fares, for whoever watches it. A loop serves all its calls in turn, so one that blocks it keeps
// the others waiting: timers that fire late (lag) and long runs show that.
//
// Thread: written by the loop's thread alone, read by any. Each figure is exact; together they need not be of one
// moment.

#ifndef MEANWHILE_ASYNC_LOOP_STATS_H_
#define MEANWHILE_ASYNC_LOOP_STATS_H_

#include <atomic>
#include <chrono>
#include <cstdint>

#include "async/timer_queue.h"

namespace meanwhile::async {

class LoopStats {
 public:
  // A coroutine that runs longer than this without a pause has blocked the loop.
  static constexpr Duration kBlocked = std::chrono::milliseconds(10);

  // How often that has happened.
  std::uint64_t blocked() const { return blocked_.load(std::memory_order_relaxed); }
  // How long the loop has run coroutines, and the longest run.
  Duration busy() const { return busy_.load(std::memory_order_relaxed); }
  Duration longest_run() const { return longest_run_.load(std::memory_order_relaxed); }
  // How many timers have fired, and how late they were all together.
  std::uint64_t timers_fired() const { return timers_fired_.load(std::memory_order_relaxed); }
  Duration timer_lag() const { return timer_lag_.load(std::memory_order_relaxed); }

 private:
  friend class EventLoop;

  void OnRan(Duration run) {
    Add(&busy_, run);
    if (run > longest_run()) longest_run_.store(run, std::memory_order_relaxed);
    if (run > kBlocked) Add(&blocked_, std::uint64_t{1});
  }
  void OnTimerFired(Duration lag) {
    Add(&timers_fired_, std::uint64_t{1});
    Add(&timer_lag_, lag);
  }

  // There is one writer, so this need not be atomic.
  template <typename T>
  static void Add(std::atomic<T>* figure, T more) {
    figure->store(figure->load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }

  std::atomic<std::uint64_t> blocked_ = 0;
  std::atomic<Duration> busy_ = Duration::zero();
  std::atomic<Duration> longest_run_ = Duration::zero();
  std::atomic<std::uint64_t> timers_fired_ = 0;
  std::atomic<Duration> timer_lag_ = Duration::zero();
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_LOOP_STATS_H_
