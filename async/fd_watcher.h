// FdWatcher: waits for file descriptors of other libraries (a database's sockets, a pipe) without keeping a loop
// waiting. One thread and one epoll set serve any number of loops.
//
//   grpc::Status ready = co_await watcher.Readable(loop, fd);
//   if (!ready.ok()) co_return ready;  // Cancelled, or the descriptor cannot be watched.
//
// A wait is for once: it ends when the descriptor is ready, and nothing of it stays behind. Ready means that reading or
// writing would not block, be it because it would fail: an error and a hang-up make a descriptor ready, too.
//
// The status: OK when ready; INTERNAL, naming the descriptor, when the kernel does not watch it (a regular file, a
// closed one, or one that somebody waits for already); else that of the cancellation.
//
// Descriptors: the caller's. At most one wait for each at a time; who must read and write at once watches a dup(2). A
// descriptor may be closed as soon as its wait has ended. Closing it before is the caller's bug: the wait never ends.
//
// Cancellation ends the wait at once. When the news of readiness is on its way already, the wait ends with it, with OK.
//
// Thread: Readable and Writable are awaited on the loop that they name. No coroutine may still await the watcher when
// it is destroyed.
//
// Invariants:
//  1. A wait is in exactly one of the states idle, watched, delivered. `mutex_` guards the step from watched to idle
//     (its cancellation takes it) or to delivered (the watcher's thread takes it), so that one of the two gets it.
//  2. While a wait is watched, its descriptor is in the epoll set and `watched_` leads from the descriptor to the wait.
//     Whoever takes the wait takes both out, under the same lock.
//  3. An event names no wait but a descriptor and a generation, which each wait for that descriptor counts up. The
//     kernel may have handed an event out before its wait was cancelled: its generation is old then, and it is dropped,
//     even when the number has been given to another file and is watched again.

#ifndef MEANWHILE_ASYNC_FD_WATCHER_H_
#define MEANWHILE_ASYNC_FD_WATCHER_H_

#include <grpcpp/support/status.h>

#include <coroutine>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/mailbox.h"
#include "async/task.h"

namespace meanwhile::async {

class FdWatcher {
 public:
  class ReadyAwaiter;

  // Starts the thread. Throws std::system_error when the process has no descriptor or thread left.
  FdWatcher();
  FdWatcher(const FdWatcher&) = delete;
  FdWatcher& operator=(const FdWatcher&) = delete;
  ~FdWatcher();

  // `co_await` gives a grpc::Status.
  ReadyAwaiter Readable(EventLoop& loop, int fd);
  ReadyAwaiter Writable(EventLoop& loop, int fd);

 private:
  // One wait, part of its awaiter.
  class Wait : public MailboxItem {
   public:
    Wait(EventLoop* loop, int fd, std::uint32_t events) : loop(loop), fd(fd), events(events) {}

    EventLoop* const loop;
    const int fd;
    const std::uint32_t events;  // epoll's.

   protected:
    ~Wait() = default;
  };
  struct Watched {
    Wait* wait = nullptr;
    std::uint32_t generation = 0;
  };

  grpc::Status Add(Wait* wait);
  bool TryRemove(Wait* wait);        // False when the wait is being delivered.
  Wait* TryTake(std::uint64_t key);  // Under mutex_. Null when the event is an old one.
  void Unwatch(int fd);              // Under mutex_.
  static std::uint64_t Key(int fd, std::uint32_t generation);
  void WatchUntilStopped();

  const int epoll_fd_;
  const int stop_fd_;
  std::mutex mutex_;
  std::vector<Watched> watched_;  // By descriptor.
  std::thread thread_;
};

class FdWatcher::ReadyAwaiter final : private Wait, private CancellationCallback {
 public:
  ReadyAwaiter(FdWatcher* watcher, EventLoop* loop, int fd, std::uint32_t events)
      : Wait(loop, fd, events), watcher_(watcher) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    token_ = internal::TokenOf(caller);
    status_ = token_.status();
    if (!status_.ok()) return false;
    resumption_.set_coroutine(caller);
    Register(token_);
    status_ = watcher_->Add(this);
    if (status_.ok()) return true;
    Unregister();
    return false;
  }

  grpc::Status await_resume() { return std::move(status_); }

 private:
  void OnDelivered() override {
    Unregister();
    loop->Schedule(&resumption_);
  }
  void OnCancel() override {
    if (!watcher_->TryRemove(this)) return;
    status_ = token_.status();
    loop->Schedule(&resumption_);
  }

  FdWatcher* watcher_;
  CancellationToken token_;
  Resumption resumption_;
  grpc::Status status_;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_FD_WATCHER_H_
