// Capacity: so many at a time, the rest queue in order of arrival, and the queue is bounded. It stands for whatever a
// backend has only so many of: connections, workers, disks.
//
//   switch (co_await capacity.Acquire(loop)) { ... }  // or, on a thread that may block:
//   switch (capacity.AcquireBlocking(give_up, interval)) { ... }
//   ...
//   capacity.Release();  // By whoever was answered kAcquired.
//
// Thread: coroutines of any loop and blocking threads share one. It has a lock, held for a few instructions.
//
// Invariant: somebody queues only while all is taken; Release hands its place to the first in the queue.

#ifndef MEANWHILE_SERVER_BACKEND_CAPACITY_H_
#define MEANWHILE_SERVER_BACKEND_CAPACITY_H_

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/mailbox.h"
#include "async/task.h"

namespace meanwhile {

class Capacity {
 public:
  // What came of asking for a place.
  enum class Answer {
    kAcquired,   // A place is held; Release gives it back.
    kQueueFull,  // Refused at once.
    kGaveUp,     // Cancelled, or given up, while queueing.
  };
  class AcquireAwaiter;

  Capacity(std::uint32_t places, std::size_t max_queued) : free_(places), max_queued_(max_queued) {}
  Capacity(const Capacity&) = delete;
  Capacity& operator=(const Capacity&) = delete;

  // On `loop`'s thread; gives an Answer. The awaiting coroutine's cancellation takes it out of the queue at once.
  AcquireAwaiter Acquire(async::EventLoop& loop);

  // Blocks until there is a place. Asks `give_up` every `interval` whether to go on waiting.
  Answer AcquireBlocking(const std::function<bool()>& give_up, std::chrono::milliseconds interval);

  // Any thread.
  void Release();

 private:
  // Somebody in the queue.
  class Waiter {
   public:
    Waiter* previous = nullptr;
    Waiter* next = nullptr;
    bool queued = false;

    // A place is handed over. Called without the lock; the waiter may be gone afterwards.
    virtual void OnPlace() = 0;

   protected:
    ~Waiter() = default;
  };
  class BlockedThread;

  // Nothing when the waiter queues now.
  std::optional<Answer> TryAcquireOrQueue(Waiter* waiter);
  bool TryRemove(Waiter* waiter);  // False when a place is on its way to it.
  void Unlink(Waiter* waiter);     // Under mutex_.

  std::mutex mutex_;
  std::uint32_t free_;
  const std::size_t max_queued_;
  std::size_t queued_ = 0;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

class Capacity::AcquireAwaiter final : private Capacity::Waiter,
                                       private async::MailboxItem,
                                       private async::CancellationCallback {
 public:
  AcquireAwaiter(Capacity* capacity, async::EventLoop* loop) : capacity_(capacity), loop_(loop) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    const async::CancellationToken token = async::internal::TokenOf(caller);
    if (token.cancelled()) return false;
    resumption_.set_coroutine(caller);
    if (const std::optional<Answer> answer = capacity_->TryAcquireOrQueue(this)) {
      answer_ = *answer;
      return false;
    }
    Register(token);
    return true;
  }

  Answer await_resume() const { return answer_; }

 private:
  void OnPlace() override { loop_->Post(this); }
  void OnDelivered() override {
    answer_ = Answer::kAcquired;
    Unregister();
    loop_->Schedule(&resumption_);
  }
  void OnCancel() override {
    if (capacity_->TryRemove(this)) loop_->Schedule(&resumption_);
  }

  Capacity* capacity_;
  async::EventLoop* loop_;
  async::Resumption resumption_;
  Answer answer_ = Answer::kGaveUp;
};

inline Capacity::AcquireAwaiter Capacity::Acquire(async::EventLoop& loop) { return AcquireAwaiter(this, &loop); }

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_CAPACITY_H_
