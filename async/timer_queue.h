// TimerQueue holds the timers of one loop, ordered by the time at which they are due.
//
// It is a heap with four children a node, kept in one vector; each timer knows its place in it, so that a timer can be
// taken out again without a search. Insert and cancel cost O(log n) and, once the vector has grown, no allocation. Four
// children instead of two halve the depth, and the four lie side by side: 64 bytes.
//
// Ownership: timers are linked in, not owned; a timer that is destroyed leaves its queue. A queue outlives its timers.
//
// Thread: the loop's.

#ifndef MEANWHILE_ASYNC_TIMER_QUEUE_H_
#define MEANWHILE_ASYNC_TIMER_QUEUE_H_

#include <chrono>
#include <cstddef>
#include <vector>

namespace meanwhile::async {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

class TimerQueue;

// Derive from it and override OnTimer.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool pending() const { return queue_ != nullptr; }

 protected:
  ~Timer();

  // Called once when the timer is due. The timer has left the queue and may be added again.
  virtual void OnTimer() = 0;

 private:
  friend class TimerQueue;

  TimerQueue* queue_ = nullptr;
  std::size_t place_ = 0;
};

class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  // Puts a timer in that is not pending. Timers due at the same time fire in no particular order.
  void Add(Timer* timer, TimePoint due);

  // Takes a timer out; does nothing when it is not pending.
  void Remove(Timer* timer);

  // Fires the earliest timer if it is due at `now`; returns whether it did.
  bool FireOne(TimePoint now);

  // When the earliest timer is due; TimePoint::max() when there is none.
  TimePoint Earliest() const { return heap_.empty() ? TimePoint::max() : heap_.front().due; }

  std::size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    TimePoint due;
    Timer* timer;
  };

  void Place(std::size_t place, Entry entry);
  void SiftUp(std::size_t place, Entry entry);
  void SiftDown(std::size_t place, Entry entry);
  void RemoveAt(std::size_t place);

  // Invariant: no entry is due before its parent, and heap_[i].timer->place_ == i.
  std::vector<Entry> heap_;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_TIMER_QUEUE_H_
