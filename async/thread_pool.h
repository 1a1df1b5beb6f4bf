// ThreadPool: threads for what must not run on a loop, because it blocks or computes for long.
//
//   std::optional<int> answer = co_await pool.Run(loop, [&] { return SlowFunction(input); });
//   if (!answer) ...  // The pool was full, or the coroutine was cancelled before a thread took the work.
//
// The coroutine waits on its loop; the function runs on a thread of the pool; its result comes back through the loop's
// mailbox. An exception that leaves the function is thrown again at the await.
//
// Bounds: at most `threads` functions run at a time and at most `max_queued` wait for a thread. One more is refused at
// once: a queue without a bound hides an overload until memory ends. Where the system gives no further thread, work
// waits for the threads that are there; as long as there is none at all, it is refused, too.
//
// Cancellation: work that no thread has taken leaves the queue at once. Work that runs is waited for, because it may
// use what the coroutine owns; a long function looks at a flag of its own.
//
// Thread: Run is awaited on the loop that it names; the pool serves any number of loops. The destructor waits for the
// threads; no coroutine may still await the pool then.
//
// Invariant: a job is in exactly one of the states idle, queued, running, delivered; `mutex_` guards the step from
// queued to running (a thread takes it) or to delivered (its cancellation takes it), so that one of the two gets it.

#ifndef MEANWHILE_ASYNC_THREAD_POOL_H_
#define MEANWHILE_ASYNC_THREAD_POOL_H_

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/mailbox.h"
#include "async/task.h"

namespace meanwhile::async {

class ThreadPool {
 public:
  template <typename Function>
  class RunAwaiter;

  // `threads` is 1 or more. A thread is started when work finds all others busy, and stays.
  ThreadPool(std::size_t threads, std::size_t max_queued);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  // `co_await` gives std::optional of what `function` returns (bool for a function that returns nothing): empty (false)
  // when it was not run. The awaiter refers to the function, which lives until the full expression ends. A lambda
  // written in the expression may capture by reference only (see task.h on GCC 12).
  template <typename Function>
  RunAwaiter<std::remove_reference_t<Function>> Run(EventLoop& loop, Function&& function);

  std::size_t threads() const { return thread_count_; }
  std::size_t max_queued() const { return max_queued_; }

  // The pool at one moment. Takes the lock of its queue: for whoever looks now and then. Any thread.
  struct Figures {
    std::size_t started = 0;  // Threads.
    std::size_t running = 0;  // Functions.
    std::size_t queued = 0;
    std::uint64_t refused = 0;  // So far.
  };
  Figures figures() const;

 private:
  // One piece of work, part of its awaiter. Doubly linked while queued.
  class Job : public MailboxItem {
   public:
    explicit Job(EventLoop* loop) : loop(loop) {}
    virtual void Work() = 0;

    EventLoop* const loop;
    Job* previous = nullptr;
    Job* next = nullptr;
    bool queued = false;

   protected:
    ~Job() = default;
  };

  bool Enqueue(Job* job);    // False when the queue is full, or there is no thread and none to be had.
  bool TryRemove(Job* job);  // False when a thread has taken it.
  void Unlink(Job* job);     // Under mutex_.
  bool StartThread();        // Under mutex_. False when the system gives none.
  void WorkUntilStopped();

  const std::size_t thread_count_;
  const std::size_t max_queued_;
  mutable std::mutex mutex_;
  std::condition_variable work_available_;
  Job* first_ = nullptr;
  Job* last_ = nullptr;
  std::size_t queued_ = 0;
  std::size_t running_ = 0;
  std::uint64_t refused_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <typename Function>
class ThreadPool::RunAwaiter final : private Job, private CancellationCallback {
  using FunctionResult = std::invoke_result_t<Function&>;
  static constexpr bool kReturnsNothing = std::is_void_v<FunctionResult>;
  using Stored = std::conditional_t<kReturnsNothing, bool, std::optional<FunctionResult>>;

 public:
  RunAwaiter(ThreadPool* pool, EventLoop* loop, Function* function) : Job(loop), pool_(pool), function_(function) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    const CancellationToken token = internal::TokenOf(caller);
    if (token.cancelled()) return false;
    resumption_.set_coroutine(caller);
    Register(token);
    if (pool_->Enqueue(this)) return true;
    Unregister();
    return false;
  }

  Stored await_resume() {
    if (exception_) std::rethrow_exception(exception_);
    return std::move(result_);
  }

 private:
  void Work() override {
    try {
      if constexpr (kReturnsNothing) {
        (*function_)();
        result_ = true;
      } else {
        result_.emplace((*function_)());
      }
    } catch (...) {
      exception_ = std::current_exception();
    }
  }
  void OnDelivered() override {
    Unregister();
    loop->Schedule(&resumption_);
  }
  void OnCancel() override {
    if (pool_->TryRemove(this)) loop->Schedule(&resumption_);
  }

  ThreadPool* pool_;
  Function* function_;
  Resumption resumption_;
  Stored result_{};
  std::exception_ptr exception_;
};

template <typename Function>
ThreadPool::RunAwaiter<std::remove_reference_t<Function>> ThreadPool::Run(EventLoop& loop, Function&& function) {
  return RunAwaiter<std::remove_reference_t<Function>>(this, &loop, &function);
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_THREAD_POOL_H_
