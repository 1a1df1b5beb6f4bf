// Task<T>: a coroutine that somebody awaits. `co_await` in its body says "wait here, do other work meanwhile".
//
//   Task<int> Twice(EventLoop& loop, int x) {
//     co_await loop.SleepFor(std::chrono::milliseconds(50));
//     co_return 2 * x;
//   }
//
// A task is lazy: nothing runs until it is awaited, and it can be awaited once. Awaiting gives what the body returned;
// an exception that leaves the body is thrown again at the await.
//
// Ownership: the Task object owns the coroutine's frame. `co_await Twice(loop, 3)` keeps the frame until the full
// expression ends; a task that is never awaited never runs and is freed.
//
// Thread: a task is started, resumed and destroyed on one thread, its loop's.
//
// Cancellation: a task takes the token of the coroutine that awaits it, and its activity (what it works for: see
// activity.h). CurrentCancellation() shows the token.
//
// Stack: `co_await` of a task that finishes at once returns to its caller like a function, so a loop of a million such
// awaits needs no more stack than one. Symmetric transfer would be shorter to write, but GCC 12 makes it a call, not a
// jump, without optimisation and under the sanitizers, and the stack overflows.
//
// Traps of GCC 12, covered by tests/async/gcc_traps_test.cc. Destroyed twice when it stands in a `co_await` expression:
// a temporary closure that owns a capture, a temporary aggregate that owns anything, and a task that a conditional
// (`co_await (a ? B() : C())`) chose. Build it in a statement of its own. And a lambda that is a coroutine must outlive
// its frame, because its captures stay in the lambda.

#ifndef MEANWHILE_ASYNC_TASK_H_
#define MEANWHILE_ASYNC_TASK_H_

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include "async/activity.h"
#include "async/cancellation.h"
#include "async/frame_pool.h"

namespace meanwhile::async {

template <typename T>
class Task;

namespace internal {

// What a coroutine hands to whatever it awaits.
class CoroutineContext {
 public:
  CancellationToken token;
  Activity* activity = nullptr;
};

// What every promise of this library has in common: pooled frames and a context.
class PromiseBase {
 public:
  static void* operator new(std::size_t size) { return FramePool::Allocate(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { FramePool::Free(frame, size); }

  const CoroutineContext& context() const { return context_; }
  void set_context(const CoroutineContext& context) { context_ = context; }
  void set_token(CancellationToken token) { context_.token = token; }
  void set_activity(Activity* activity) { context_.activity = activity; }

 private:
  CoroutineContext context_;
};

// The context of the coroutine behind `caller`, or an empty one for a coroutine of another kind.
template <typename Promise>
CoroutineContext ContextOf(std::coroutine_handle<Promise> caller) {
  if constexpr (std::derived_from<Promise, PromiseBase>) {
    return caller.promise().context();
  } else {
    return CoroutineContext();
  }
}

template <typename Promise>
CancellationToken TokenOf(std::coroutine_handle<Promise> caller) {
  return ContextOf(caller).token;
}

class TaskPromiseBase : public PromiseBase {
 public:
  std::suspend_always initial_suspend() const noexcept { return {}; }

  class FinalAwaiter {
   public:
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
      // Without a continuation the awaiting coroutine is still inside its await_suspend and goes on by itself.
      if (std::coroutine_handle<> waiting = finished.promise().continuation_) waiting.resume();
    }
    void await_resume() const noexcept {}
  };
  FinalAwaiter final_suspend() const noexcept { return {}; }

  void set_continuation(std::coroutine_handle<> waiting) { continuation_ = waiting; }

 private:
  std::coroutine_handle<> continuation_;
};

template <typename T>
class TaskPromise final : public TaskPromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <std::convertible_to<T> U>
  void return_value(U&& value) {
    result_.template emplace<1>(std::forward<U>(value));
  }
  void unhandled_exception() noexcept { result_.template emplace<2>(std::current_exception()); }

  T TakeResult() {
    if (result_.index() == 2) std::rethrow_exception(std::get<2>(result_));
    return std::move(std::get<1>(result_));
  }

 private:
  std::variant<std::monostate, T, std::exception_ptr> result_;
};

template <>
class TaskPromise<void> final : public TaskPromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  void TakeResult() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::exception_ptr exception_;
};

}  // namespace internal

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = internal::TaskPromise<T>;
  using value_type = T;

  explicit Task(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}
  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      Destroy();
      coroutine_ = std::exchange(other.coroutine_, nullptr);
    }
    return *this;
  }
  ~Task() { Destroy(); }

  class Awaiter {
   public:
    explicit Awaiter(std::coroutine_handle<promise_type> coroutine) noexcept : coroutine_(coroutine) {}

    bool await_ready() const noexcept { return false; }

    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> caller) {
      coroutine_.promise().set_context(internal::ContextOf(caller));
      coroutine_.resume();
      if (coroutine_.done()) return false;
      coroutine_.promise().set_continuation(caller);
      return true;
    }

    T await_resume() { return coroutine_.promise().TakeResult(); }

   private:
    std::coroutine_handle<promise_type> coroutine_;
  };

  // Runs the body until it first waits. `co_await std::move(task)` for a task with a name.
  Awaiter operator co_await() && noexcept { return Awaiter(coroutine_); }

 private:
  void Destroy() {
    if (coroutine_) coroutine_.destroy();
  }

  std::coroutine_handle<promise_type> coroutine_;
};

namespace internal {

template <typename T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

}  // namespace internal

// A coroutine that nobody awaits: it starts at once and frees itself when it ends. It is how a loop and a server call
// start a Task; everything else awaits. An exception that leaves it ends the process.
class DetachedTask {
 public:
  class promise_type : public internal::PromiseBase {
   public:
    DetachedTask get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

// `co_await AdoptCancellation(token)`: from here on this coroutine, and what it awaits, is cancelled through `token`.
class AdoptCancellation {
 public:
  explicit AdoptCancellation(CancellationToken token) : token_(token) {}

  bool await_ready() const noexcept { return false; }
  template <std::derived_from<internal::PromiseBase> Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) const noexcept {
    caller.promise().set_token(token_);
    return false;
  }
  void await_resume() const noexcept {}

 private:
  CancellationToken token_;
};

// `co_await AdoptActivity(activity)`: from here on this coroutine, and what it awaits, works for `activity`.
class AdoptActivity {
 public:
  explicit AdoptActivity(Activity* activity) : activity_(activity) {}

  bool await_ready() const noexcept { return false; }
  template <std::derived_from<internal::PromiseBase> Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) const noexcept {
    caller.promise().set_activity(activity_);
    return false;
  }
  void await_resume() const noexcept {}

 private:
  Activity* activity_;
};

namespace internal {

// `co_await AdoptContext(context)`: both at once, for a coroutine that works for the one that started it.
class AdoptContext {
 public:
  explicit AdoptContext(const CoroutineContext& context) : context_(context) {}

  bool await_ready() const noexcept { return false; }
  template <std::derived_from<PromiseBase> Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) const noexcept {
    caller.promise().set_context(context_);
    return false;
  }
  void await_resume() const noexcept {}

 private:
  CoroutineContext context_;
};

// `co_await CurrentContext()` gives the context of the coroutine it stands in.
class CurrentContext {
 public:
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    context_ = ContextOf(caller);
    return false;
  }
  CoroutineContext await_resume() const noexcept { return context_; }

 private:
  CoroutineContext context_;
};

}  // namespace internal

// `co_await CurrentCancellation()` gives the token of the coroutine it stands in.
class CurrentCancellation {
 public:
  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) noexcept {
    token_ = internal::TokenOf(caller);
    return false;
  }
  CancellationToken await_resume() const noexcept { return token_; }

 private:
  CancellationToken token_;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_TASK_H_
