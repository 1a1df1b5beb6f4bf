// Siblings: the tasks that one coroutine has started at once and waits for. What WhenAll and WhenAny have in common:
// the children share a token of their own, which is cancelled with the parent's, and the parent goes on after the last
// of them has ended. Which result counts, and when the rest is cancelled, is up to a class derived from it.
//
// Ownership: part of the awaiter, so it lives until the parent goes on. Thread: the loop's.
//
// Invariant: the parent is resumed once, when no child runs any more; so no child outlives the await.

#ifndef MEANWHILE_ASYNC_SIBLINGS_H_
#define MEANWHILE_ASYNC_SIBLINGS_H_

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/task.h"

namespace meanwhile::async::internal {

// What a task returned is a failure when it says so itself, by an ok() that is false.
template <typename T>
bool IsSuccess(const T& result) {
  if constexpr (requires { static_cast<bool>(result.ok()); }) {
    return static_cast<bool>(result.ok());
  } else {
    return true;
  }
}

class Siblings {
 public:
  explicit Siblings(EventLoop* loop) : loop_(loop) {}

  // Runs `start_children`, which starts `count` of them; returns false when all have ended already.
  template <typename Promise, typename StartChildren>
  bool StartAll(std::coroutine_handle<Promise> parent, std::size_t count, StartChildren start_children) {
    running_ = count + 1;  // One more than there are, until all are started.
    const CoroutineContext context = ContextOf(parent);
    source_.LinkTo(context.token);
    activity_ = context.activity;
    resumption_.set_coroutine(parent);
    start_children();
    return --running_ > 0;
  }

  // What the children work with: a token of their own, and the parent's activity.
  CoroutineContext context() { return CoroutineContext{CancellationToken(&source_), activity_}; }

  void OnEnded() {
    if (--running_ == 0) loop_->Schedule(&resumption_);
  }

 protected:
  void CancelAll() { source_.Cancel(); }

 private:
  EventLoop* loop_;
  std::size_t running_ = 0;
  LinkedCancellationSource source_;
  Activity* activity_ = nullptr;
  Resumption resumption_;
};

// Runs a child of `siblings`, which are told what becomes of it: OnReturned(place, result) or OnThrown(exception).
template <typename DerivedSiblings, typename Place, typename T>
DetachedTask RunChild(DerivedSiblings* siblings, Place place, Task<T> task) {
  co_await AdoptContext(siblings->context());
  try {
    siblings->OnReturned(place, co_await std::move(task));
  } catch (...) {
    siblings->OnThrown(std::current_exception());
  }
  siblings->OnEnded();
}

}  // namespace meanwhile::async::internal

#endif  // MEANWHILE_ASYNC_SIBLINGS_H_
