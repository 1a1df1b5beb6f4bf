// WaitList: the coroutines of one loop that wait for the same thing, in the order in which they came. What Semaphore
// and Channel have in common.
//
// The list is intrusive: a waiter is part of its awaiter, in the waiting coroutine's frame, so a wait allocates
// nothing. It is linked both ways, so that one that is cancelled leaves from the middle at no cost.
//
// Thread: the loop's. Lifetime: the list outlives its waiters; a coroutine that waits must not be destroyed.
//
// Invariants:
//  1. A waiter is in its list from Add on, until it is taken out or cancelled: one of the two, whichever comes first.
//  2. It is then resumed at the loop's next turn. A cancel in between changes nothing: what was given to it, it has.

#ifndef MEANWHILE_ASYNC_WAIT_LIST_H_
#define MEANWHILE_ASYNC_WAIT_LIST_H_

#include <cassert>
#include <coroutine>
#include <cstddef>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/task.h"

namespace meanwhile::async::internal {

class WaitListBase;

// An awaiter derives from it.
class Waiter : private CancellationCallback, private Resumption {
 protected:
  ~Waiter() { assert(list_ == nullptr); }

 private:
  friend class WaitListBase;

  void OnCancel() override;

  WaitListBase* list_ = nullptr;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
};

class WaitListBase {
 public:
  explicit WaitListBase(EventLoop* loop) : loop_(loop) {}
  WaitListBase(const WaitListBase&) = delete;
  WaitListBase& operator=(const WaitListBase&) = delete;
  ~WaitListBase() { assert(first_ == nullptr); }

  bool empty() const { return first_ == nullptr; }
  std::size_t size() const { return size_; }

  // Lets `caller`, which must not be cancelled yet, wait at the end of the list.
  template <typename Promise>
  void Add(Waiter* waiter, std::coroutine_handle<Promise> caller) {
    waiter->set_coroutine(caller);
    waiter->Register(TokenOf(caller));
    waiter->list_ = this;
    waiter->previous_ = last_;
    (last_ != nullptr ? last_->next_ : first_) = waiter;
    last_ = waiter;
    ++size_;
  }

 protected:
  // Takes out the one that has waited longest; the list is not empty. Its coroutine goes on at the loop's next turn.
  Waiter* TakeFirst() {
    Waiter* waiter = first_;
    waiter->Unregister();
    Resume(waiter);
    return waiter;
  }

 private:
  friend class Waiter;

  void Resume(Waiter* waiter) {
    (waiter->previous_ != nullptr ? waiter->previous_->next_ : first_) = waiter->next_;
    (waiter->next_ != nullptr ? waiter->next_->previous_ : last_) = waiter->previous_;
    waiter->list_ = nullptr;
    --size_;
    loop_->Schedule(waiter);
  }

  EventLoop* loop_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t size_ = 0;
};

inline void Waiter::OnCancel() { list_->Resume(this); }

// Of awaiters of one type.
template <typename Awaiter>
class WaitList final : public WaitListBase {
 public:
  using WaitListBase::WaitListBase;

  Awaiter* TakeFirst() { return static_cast<Awaiter*>(WaitListBase::TakeFirst()); }
};

}  // namespace meanwhile::async::internal

#endif  // MEANWHILE_ASYNC_WAIT_LIST_H_
