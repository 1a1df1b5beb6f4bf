// WhenAll: several tasks at once. The awaiting coroutine goes on when all of them have ended, with their results.
//
//   std::vector<Task<grpc::Status>> waits = ...;
//   std::vector<grpc::Status> statuses = co_await WhenAll(loop, std::move(waits));
//   auto [user, orders] = co_await WhenAll(loop, LoadUser(id), LoadOrders(id));
//
// All at once means concurrency, not parallelism: the tasks share the loop's thread, and one works while the others
// wait.
//
// Failure: a task fails when it throws, or when it returns something whose ok() is false. The first failure cancels the
// others. All are waited for in any case, so no task outlives the await; then the first exception is thrown again, or
// the results are returned, failures included.
//
// Cancellation: cancelling the awaiting coroutine cancels every task.
//
// Thread: the loop's.

#ifndef MEANWHILE_ASYNC_WHEN_ALL_H_
#define MEANWHILE_ASYNC_WHEN_ALL_H_

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/task.h"

namespace meanwhile::async {
namespace internal {

// Shared by the children of one WhenAll: counts them, holds their cancellation and wakes the parent after the last.
class Siblings {
 public:
  explicit Siblings(EventLoop* loop) : loop_(loop) {}

  // What the children work with: a token of their own, and the parent's activity.
  CoroutineContext context() { return CoroutineContext{CancellationToken(&source_), activity_}; }

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

  template <typename T>
  void OnReturned(const T& result) {
    if constexpr (requires { static_cast<bool>(result.ok()); }) {
      if (!result.ok()) source_.Cancel();
    }
    OnEnded();
  }

  void OnThrown(std::exception_ptr exception) {
    if (!exception_) exception_ = std::move(exception);
    source_.Cancel();
    OnEnded();
  }

  void RethrowIfAnyThrew() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  void OnEnded() {
    if (--running_ == 0) loop_->Schedule(&resumption_);
  }

  EventLoop* loop_;
  std::size_t running_ = 0;
  LinkedCancellationSource source_;
  Activity* activity_ = nullptr;
  Resumption resumption_;
  std::exception_ptr exception_;
};

template <typename T>
DetachedTask RunChild(Siblings* siblings, Task<T> task, std::optional<T>* result) {
  co_await AdoptContext(siblings->context());
  try {
    result->emplace(co_await std::move(task));
  } catch (...) {
    siblings->OnThrown(std::current_exception());
    co_return;
  }
  siblings->OnReturned(**result);
}

}  // namespace internal

template <typename T>
class WhenAllOfVector {
 public:
  WhenAllOfVector(EventLoop* loop, std::vector<Task<T>> tasks)
      : siblings_(loop), tasks_(std::move(tasks)), results_(tasks_.size()) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> parent) {
    return siblings_.StartAll(parent, tasks_.size(), [this] {
      for (std::size_t i = 0; i < tasks_.size(); ++i) {
        internal::RunChild(&siblings_, std::move(tasks_[i]), &results_[i]);
      }
    });
  }

  std::vector<T> await_resume() {
    siblings_.RethrowIfAnyThrew();
    std::vector<T> results;
    results.reserve(results_.size());
    for (std::optional<T>& result : results_) results.push_back(*std::move(result));
    return results;
  }

 private:
  internal::Siblings siblings_;
  std::vector<Task<T>> tasks_;
  std::vector<std::optional<T>> results_;
};

template <typename... Ts>
class WhenAllOfTuple {
 public:
  explicit WhenAllOfTuple(EventLoop* loop, Task<Ts>... tasks) : siblings_(loop), tasks_(std::move(tasks)...) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> parent) {
    return siblings_.StartAll(parent, sizeof...(Ts), [this] { StartEach(std::index_sequence_for<Ts...>()); });
  }

  std::tuple<Ts...> await_resume() {
    siblings_.RethrowIfAnyThrew();
    return std::apply([](std::optional<Ts>&... results) { return std::tuple<Ts...>(*std::move(results)...); },
                      results_);
  }

 private:
  template <std::size_t... Is>
  void StartEach(std::index_sequence<Is...> /*indices*/) {
    (internal::RunChild(&siblings_, std::move(std::get<Is>(tasks_)), &std::get<Is>(results_)), ...);
  }

  internal::Siblings siblings_;
  std::tuple<Task<Ts>...> tasks_;
  std::tuple<std::optional<Ts>...> results_;
};

// Results in the order of the tasks. No task: an empty vector, at once.
template <typename T>
WhenAllOfVector<T> WhenAll(EventLoop& loop, std::vector<Task<T>> tasks) {
  return WhenAllOfVector<T>(&loop, std::move(tasks));
}

template <typename... Ts>
WhenAllOfTuple<Ts...> WhenAll(EventLoop& loop, Task<Ts>... tasks) {
  return WhenAllOfTuple<Ts...>(&loop, std::move(tasks)...);
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_WHEN_ALL_H_
