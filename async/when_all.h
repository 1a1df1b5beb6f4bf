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
#include <type_traits>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "async/siblings.h"
#include "async/task.h"

namespace meanwhile::async {
namespace internal {

// The first failure cancels the rest.
class AllSiblings final : public Siblings {
 public:
  using Siblings::Siblings;

  template <typename T>
  void OnReturned(std::optional<T>* place, std::type_identity_t<T>&& result) {
    place->emplace(std::move(result));
    if (!IsSuccess(**place)) CancelAll();
  }

  void OnThrown(std::exception_ptr exception) {
    if (!exception_) exception_ = std::move(exception);
    CancelAll();
  }

  void RethrowIfAnyThrew() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::exception_ptr exception_;
};

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
        internal::RunChild(&siblings_, &results_[i], std::move(tasks_[i]));
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
  internal::AllSiblings siblings_;
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
    (internal::RunChild(&siblings_, &std::get<Is>(results_), std::move(std::get<Is>(tasks_))), ...);
  }

  internal::AllSiblings siblings_;
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
