#include "server/backend/capacity.h"

namespace meanwhile {

// A blocking thread's place in the queue.
class Capacity::BlockedThread final : public Waiter {
 public:
  void OnPlace() override {
    const std::lock_guard lock(mutex_);
    has_place_ = true;
    changed_.notify_one();  // Under the lock: the waiter may be gone as soon as it is released.
  }

  bool WaitFor(std::chrono::milliseconds interval) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, interval, [this] { return has_place_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_place_ = false;
};

std::optional<Capacity::Answer> Capacity::TryAcquireOrQueue(Waiter* waiter) {
  const std::lock_guard lock(mutex_);
  if (free_ > 0) {
    --free_;
    return Answer::kAcquired;
  }
  if (queued_ >= max_queued_) return Answer::kQueueFull;
  waiter->queued = true;
  waiter->previous = last_;
  (last_ != nullptr ? last_->next : first_) = waiter;
  last_ = waiter;
  ++queued_;
  return std::nullopt;
}

Capacity::Answer Capacity::AcquireBlocking(const std::function<bool()>& give_up, std::chrono::milliseconds interval) {
  BlockedThread waiter;
  if (const std::optional<Answer> answer = TryAcquireOrQueue(&waiter)) return *answer;
  while (!waiter.WaitFor(interval)) {
    if (give_up() && TryRemove(&waiter)) return Answer::kGaveUp;
  }
  return Answer::kAcquired;
}

void Capacity::Release() {
  Waiter* next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (first_ == nullptr) {
      ++free_;
      return;
    }
    next = first_;
    Unlink(next);
  }
  next->OnPlace();
}

bool Capacity::TryRemove(Waiter* waiter) {
  const std::lock_guard lock(mutex_);
  if (!waiter->queued) return false;
  Unlink(waiter);
  return true;
}

void Capacity::Unlink(Waiter* waiter) {
  (waiter->previous != nullptr ? waiter->previous->next : first_) = waiter->next;
  (waiter->next != nullptr ? waiter->next->previous : last_) = waiter->previous;
  waiter->queued = false;
  --queued_;
}

}  // namespace meanwhile
