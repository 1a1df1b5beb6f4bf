// Semaphore: so many coroutines of one loop at a time, the others wait for their turn. It bounds what a service may
// have under way: connections of a database, calls of a neighbour, jobs of one customer.
//
//   Semaphore connections(loop, 10);
//   ...
//   const Semaphore::Permit permit = co_await connections.Acquire();
//   if (!permit) co_return (co_await CurrentCancellation()).status();
//   ...  // At most ten coroutines are here. The permit is given back when it is destroyed.
//
// Order: first come, first served. A permit that is given back goes to the one that has waited longest, and nobody can
// take it on the way.
//
// Cancellation: a coroutine that is cancelled while it waits leaves the queue and gets no permit. One that was given a
// permit has it, cancelled or not. A coroutine that is cancelled already gets none.
//
// Thread: the loop's. No lock, and no allocation: who waits is linked in, not stored. Lifetime: the semaphore outlives
// its permits and whoever waits for one.
//
// Invariant: while somebody waits, no permit is available.

#ifndef MEANWHILE_ASYNC_SEMAPHORE_H_
#define MEANWHILE_ASYNC_SEMAPHORE_H_

#include <coroutine>
#include <cstddef>
#include <utility>

#include "async/event_loop.h"
#include "async/task.h"
#include "async/wait_list.h"

namespace meanwhile::async {

class Semaphore {
 public:
  // One of the semaphore's permits, or none. Gives it back when it is destroyed.
  class [[nodiscard]] Permit {
   public:
    Permit() noexcept = default;
    Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
      Release();
      semaphore_ = std::exchange(other.semaphore_, nullptr);
      return *this;
    }
    ~Permit() { Release(); }

    explicit operator bool() const { return semaphore_ != nullptr; }

    // Gives it back now.
    void Release() {
      if (Semaphore* semaphore = std::exchange(semaphore_, nullptr)) semaphore->TakeBack();
    }

   private:
    friend class Semaphore;
    explicit Permit(Semaphore* semaphore) noexcept : semaphore_(semaphore) {}

    Semaphore* semaphore_ = nullptr;
  };

  class AcquireAwaiter final : private internal::Waiter {
   public:
    explicit AcquireAwaiter(Semaphore* semaphore) : semaphore_(semaphore) {}

    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
      if (internal::TokenOf(caller).cancelled()) return false;
      permit_ = semaphore_->TryAcquire();
      if (permit_) return false;
      semaphore_->waiting_.Add(this, caller);
      return true;
    }
    Permit await_resume() { return std::move(permit_); }

   private:
    friend class Semaphore;
    friend class internal::WaitList<AcquireAwaiter>;

    Semaphore* semaphore_;
    Permit permit_;
  };

  // With no permit at all, everybody waits until cancelled.
  Semaphore(EventLoop& loop, std::size_t permits) : available_(permits), waiting_(&loop) {}

  // Waits for a permit. Empty when the coroutine was cancelled instead.
  AcquireAwaiter Acquire() { return AcquireAwaiter(this); }

  // A permit, or an empty one when none is available now: for those who would rather shed than wait.
  Permit TryAcquire() {
    if (available_ == 0) return Permit();
    --available_;
    return Permit(this);
  }

  std::size_t available() const { return available_; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  void TakeBack() {
    if (waiting_.empty()) {
      ++available_;
    } else {
      waiting_.TakeFirst()->permit_ = Permit(this);
    }
  }

  std::size_t available_;
  internal::WaitList<AcquireAwaiter> waiting_;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_SEMAPHORE_H_
