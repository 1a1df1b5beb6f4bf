// WhenAny: several tasks at once, of which one is enough: a cache and a database, two replicas of a service. The first
// that succeeds wins; the others are cancelled and waited for; then the awaiting coroutine goes on with its result.
//
//   FirstOf<Answer> answer = co_await WhenAny(loop, FromCache(key), FromDatabase(key));
//   std::vector<Task<grpc::Status>> calls = ...;  // One for each replica.
//   std::optional<FirstOf<grpc::Status>> status = co_await WhenAny(loop, std::move(calls));
//
// Failure: a task fails when it throws, or when it returns something whose ok() is false. A failure alone ends nothing:
// another may still succeed. When none does, the first failure is what WhenAny gives: its result is returned or its
// exception is thrown again. What the losers return or throw is dropped.
//
// All are waited for, so no task outlives the await. One that does not heed its cancellation, such as work that runs on
// a ThreadPool, therefore holds up the winner.
//
// Cancellation: cancelling the awaiting coroutine cancels every task.
//
// Thread: the loop's.

#ifndef MEANWHILE_ASYNC_WHEN_ANY_H_
#define MEANWHILE_ASYNC_WHEN_ANY_H_

#include <array>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "async/siblings.h"
#include "async/task.h"

namespace meanwhile::async {

// Which of the tasks it was, counted from 0, and what it returned.
template <typename T>
struct FirstOf {
  std::size_t index;
  T value;
};

namespace internal {

// The first success cancels the rest. Until there is one, the first failure is kept.
template <typename T>
class AnySiblings final : public Siblings {
 public:
  using Siblings::Siblings;

  void OnReturned(std::size_t index, T&& result) {
    const bool success = IsSuccess(result);
    if (won_ || (!success && HasFailure())) return;
    exception_ = nullptr;
    first_.emplace(FirstOf<T>{index, std::move(result)});
    won_ = success;
    if (won_) CancelAll();
  }

  void OnThrown(std::exception_ptr exception) {
    if (!won_ && !HasFailure()) exception_ = std::move(exception);
  }

  // Empty when there were no tasks.
  std::optional<FirstOf<T>> Take() {
    if (exception_) std::rethrow_exception(exception_);
    return std::move(first_);
  }

 private:
  bool HasFailure() const { return first_.has_value() || exception_; }

  bool won_ = false;
  std::optional<FirstOf<T>> first_;  // The winner; before there is one, the first failure if that was returned.
  std::exception_ptr exception_;     // The first failure if that was thrown.
};

}  // namespace internal

// `Tasks` is a vector or an array.
template <typename T, typename Tasks>
class WhenAnyAwaiter {
  static constexpr bool kMayBeEmpty = std::same_as<Tasks, std::vector<Task<T>>>;

 public:
  WhenAnyAwaiter(EventLoop* loop, Tasks tasks) : siblings_(loop), tasks_(std::move(tasks)) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> parent) {
    return siblings_.StartAll(parent, tasks_.size(), [this] {
      for (std::size_t i = 0; i < tasks_.size(); ++i) internal::RunChild(&siblings_, i, std::move(tasks_[i]));
    });
  }

  auto await_resume() {
    if constexpr (kMayBeEmpty) {
      return siblings_.Take();
    } else {
      return *siblings_.Take();
    }
  }

 private:
  internal::AnySiblings<T> siblings_;
  Tasks tasks_;
};

// Gives std::optional<FirstOf<T>>, which is empty, at once, when there is no task.
template <typename T>
auto WhenAny(EventLoop& loop, std::vector<Task<T>> tasks) {
  return WhenAnyAwaiter<T, std::vector<Task<T>>>(&loop, std::move(tasks));
}

// Gives FirstOf<T>. All tasks are of one type, as they are ways to the same thing.
template <typename T, std::same_as<Task<T>>... Others>
auto WhenAny(EventLoop& loop, Task<T> task, Others... others) {
  using Tasks = std::array<Task<T>, 1 + sizeof...(Others)>;
  return WhenAnyAwaiter<T, Tasks>(&loop, Tasks{std::move(task), std::move(others)...});
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_WHEN_ANY_H_
