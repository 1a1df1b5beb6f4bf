#include "async/timer_queue.h"

#include <algorithm>
#include <cassert>

namespace meanwhile::async {
namespace {

constexpr std::size_t kChildren = 4;

constexpr std::size_t ParentOf(std::size_t place) { return (place - 1) / kChildren; }
constexpr std::size_t FirstChildOf(std::size_t place) { return place * kChildren + 1; }

}  // namespace

Timer::~Timer() {
  if (queue_ != nullptr) queue_->Remove(this);
}

TimerQueue::~TimerQueue() {
  for (const Entry& entry : heap_) entry.timer->queue_ = nullptr;
}

void TimerQueue::Add(Timer* timer, TimePoint due) {
  assert(!timer->pending());
  timer->queue_ = this;
  heap_.emplace_back();
  SiftUp(heap_.size() - 1, Entry{due, timer});
}

void TimerQueue::Remove(Timer* timer) {
  if (!timer->pending()) return;
  assert(timer->queue_ == this);
  RemoveAt(timer->place_);
}

bool TimerQueue::FireOne(TimePoint now) {
  if (Earliest() > now) return false;
  Timer* timer = heap_.front().timer;
  RemoveAt(0);
  timer->OnTimer();
  return true;
}

void TimerQueue::RemoveAt(std::size_t place) {
  heap_[place].timer->queue_ = nullptr;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  if (place > 0 && last.due < heap_[ParentOf(place)].due) {
    SiftUp(place, last);
  } else {
    SiftDown(place, last);
  }
}

void TimerQueue::Place(std::size_t place, Entry entry) {
  heap_[place] = entry;
  entry.timer->place_ = place;
}

void TimerQueue::SiftUp(std::size_t place, Entry entry) {
  while (place > 0 && entry.due < heap_[ParentOf(place)].due) {
    Place(place, heap_[ParentOf(place)]);
    place = ParentOf(place);
  }
  Place(place, entry);
}

void TimerQueue::SiftDown(std::size_t place, Entry entry) {
  while (FirstChildOf(place) < heap_.size()) {
    const std::size_t first = FirstChildOf(place);
    const std::size_t end = std::min(first + kChildren, heap_.size());
    std::size_t earliest = first;
    for (std::size_t child = first + 1; child < end; ++child) {
      if (heap_[child].due < heap_[earliest].due) earliest = child;
    }
    if (heap_[earliest].due >= entry.due) break;
    Place(place, heap_[earliest]);
    place = earliest;
  }
  Place(place, entry);
}

}  // namespace meanwhile::async
