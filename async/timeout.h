// WithTimeout: a task that has only so long.
//
//   grpc::Status status = co_await WithTimeout(loop, std::chrono::milliseconds(200), Query(loop, key, &value));
//
// When the time has passed the task is cancelled with DEADLINE_EXCEEDED, and waited for: it does not outlive the await.
// WithTimeout gives what the task returned, whichever it is, or throws what it threw. So a task that is done, though
// late, has its result counted; one that was cut short says so itself: SleepFor and client calls give DEADLINE_EXCEEDED
// as their status. Of a task whose result cannot tell, CurrentCancellation() in its body does.
//
// The time begins when the task is awaited. A task that is given no time (0 or less) is cancelled before it begins.
// Timeouts nest; the one that passes first counts. Client calls hand the deadline on to their servers.
//
// Cancellation: cancelling the awaiting coroutine cancels the task, with the reason that it has.
//
// Thread: the loop's.

#ifndef MEANWHILE_ASYNC_TIMEOUT_H_
#define MEANWHILE_ASYNC_TIMEOUT_H_

#include <grpcpp/support/status.h>

#include <algorithm>
#include <utility>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "async/timer_queue.h"

namespace meanwhile::async {
namespace internal {

// Is cancelled at a point in time, or with its parent.
class TimedCancellationSource final : public LinkedCancellationSource, private Timer {
 public:
  TimedCancellationSource(EventLoop* loop, Duration duration, CancellationToken parent) {
    LinkTo(parent);
    if (duration <= Duration::zero()) {
      Cancel(grpc::StatusCode::DEADLINE_EXCEEDED);
      return;
    }
    const TimePoint time = loop->TimeAfter(duration);
    set_deadline(std::min(time, parent.deadline()));
    loop->timers().Add(this, time);
  }

 private:
  void OnTimer() override { Cancel(grpc::StatusCode::DEADLINE_EXCEEDED); }
};

}  // namespace internal

template <typename T>
Task<T> WithTimeout(EventLoop& loop, Duration duration, Task<T> task) {
  internal::TimedCancellationSource source(&loop, duration, co_await CurrentCancellation());
  co_await AdoptCancellation(CancellationToken(&source));
  co_return co_await std::move(task);
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_TIMEOUT_H_
