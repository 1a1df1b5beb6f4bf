// WithScope: a coroutine that starts others, as many and whenever it likes, and does not end before they do.
//
//   grpc::Status status = co_await WithScope(loop, [&](Scope& scope) -> Task<grpc::Status> {
//     Order order;
//     while (co_await orders.Read(&order)) scope.Spawn(Ship(order));
//     co_return grpc::Status();
//   });
//
// A Scope exists only while its body and its children run. Nobody else can make one, so children that outlive it, or a
// scope that an early return or an exception leaves behind, are impossible: WithScope ends after the last of them,
// however the body ends.
//
// Children are tasks that return nothing, or a grpc::Status. One runs at once until it first waits, then in turn with
// the others. WhenAll does the same for tasks whose number is known and whose results are wanted.
//
// Failure: the body or a child fails when it throws or returns a status that is not OK. The first failure cancels all
// others, the body too, and is what WithScope gives or throws when all have ended.
//
// Cancellation: cancelling the awaiting coroutine cancels the body and the children.
//
// Lifetime: the body is moved into WithScope's frame; what it captures by reference must outlive the await. A lambda
// written in the `co_await` expression may capture by reference only (see task.h on GCC 12). A child gets what it
// needs as arguments, which its frame keeps.
//
// Thread: the loop's.

#ifndef MEANWHILE_ASYNC_SCOPE_H_
#define MEANWHILE_ASYNC_SCOPE_H_

#include <grpcpp/support/status.h>

#include <cassert>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <type_traits>
#include <utility>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/task.h"

namespace meanwhile::async {

class Scope {
 public:
  class JoinAwaiter;

  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // Starts a child. By the body, or by a child. In a scope that has been cancelled it starts cancelled.
  void Spawn(Task<void> child);
  void Spawn(Task<grpc::Status> child);

  // Cancels the body and the children: what is left of them is not wanted any more. What children return from now on
  // is no failure.
  void Cancel();

  // By the body. `co_await scope.Join()` goes on when no child runs, and gives OK or the first failure, or throws it.
  // More may be spawned afterwards. WithScope joins by itself at the end.
  JoinAwaiter Join();

  // How many children run.
  std::size_t running() const { return running_; }

 private:
  template <typename Body>
  friend Task<grpc::Status> WithScope(EventLoop& loop, Body body);

  Scope(EventLoop* loop, const internal::CoroutineContext& owner);
  ~Scope() { assert(running_ == 0); }

  CancellationToken token() { return CancellationToken(&source_); }

  static DetachedTask Run(Scope* scope, Task<void> child);
  static DetachedTask Run(Scope* scope, Task<grpc::Status> child);
  void OnChildEnded();
  void OnReturned(const grpc::Status& status);  // A status that is OK changes nothing.
  void OnThrown(std::exception_ptr exception);
  grpc::Status Result() const;

  EventLoop* loop_;
  LinkedCancellationSource source_;
  Activity* activity_;
  std::size_t running_ = 0;
  Resumption* joining_ = nullptr;
  bool unwanted_ = false;  // Cancel was called.
  grpc::Status failure_;   // Of the two at most one is set, once.
  std::exception_ptr exception_;
};

class Scope::JoinAwaiter final : private Resumption {
 public:
  explicit JoinAwaiter(Scope* scope) : scope_(scope) {}

  bool await_ready() const noexcept { return scope_->running_ == 0; }
  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> caller) {
    assert(scope_->joining_ == nullptr);
    set_coroutine(caller);
    scope_->joining_ = this;
  }
  grpc::Status await_resume() const { return scope_->Result(); }

 private:
  Scope* scope_;
};

inline Scope::JoinAwaiter Scope::Join() { return JoinAwaiter(this); }

// `body` is called with the Scope& and returns Task<> or Task<grpc::Status>.
template <typename Body>
Task<grpc::Status> WithScope(EventLoop& loop, Body body) {
  Scope scope(&loop, co_await internal::CurrentContext());
  co_await AdoptCancellation(scope.token());
  try {
    if constexpr (std::same_as<std::invoke_result_t<Body&, Scope&>, Task<void>>) {
      co_await body(scope);
    } else {
      scope.OnReturned(co_await body(scope));
    }
  } catch (...) {
    scope.OnThrown(std::current_exception());
  }
  co_return co_await scope.Join();
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_SCOPE_H_
