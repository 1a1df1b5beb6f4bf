// PollLoop: sockets and timers of one thread, on epoll.
//
// Ownership: watchers are referred to; one that is destroyed has been removed before, and not by another watcher's
// OnEvents of the same turn (see Connection, which outlives the turn). Thread: one.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_POLL_LOOP_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_POLL_LOOP_H_

#include <cstdint>

#include "async/timer_queue.h"
#include "loadtest/engine/engine.h"

namespace meanwhile::http2 {

class FdWatcher {
 public:
  // `events` are epoll's.
  virtual void OnEvents(uint32_t events) = 0;

 protected:
  ~FdWatcher() = default;
};

class PollLoop {
 public:
  PollLoop();
  PollLoop(const PollLoop&) = delete;
  PollLoop& operator=(const PollLoop&) = delete;
  ~PollLoop();

  // `events` stay asked for until they are changed or the descriptor is removed.
  void Add(int fd, uint32_t events, FdWatcher* watcher) const;
  void Change(int fd, uint32_t events, FdWatcher* watcher) const;
  void Remove(int fd) const;

  async::TimerQueue& timers() { return timers_; }

  // Waits for events, but no longer than until the first timer or `latest`, tells the watchers, and fires the timers
  // that are due. Throws std::system_error when it cannot wait.
  void Turn(LoadTime latest = LoadTime::max());

 private:
  const int epoll_;
  bool has_pwait2_ = true;  // As far as is known: epoll_pwait2, which waits to the nanosecond.
  async::TimerQueue timers_;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_POLL_LOOP_H_
