// SimulatedBackend is the slow thing that calls wait for: it takes the time that a latency distribution says, fails as
// often as it is told to, and serves so many waits at a time while the rest queue.
//
// It has two entries to the same model, one for each way of writing a handler: Wait suspends a coroutine, WaitBlocking
// holds a thread. What is drawn and what is refused is the same.
//
// Owned by the server and shared by its loops and threads. The draws are not shared: each loop or thread has its own
// BackendDraws, so a backend without a capacity touches nothing that another thread does.
//
// Lifetime: outlives every wait.

#ifndef MEANWHILE_SERVER_SIMULATED_BACKEND_H_
#define MEANWHILE_SERVER_SIMULATED_BACKEND_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <optional>

#include "absl/time/time.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "server/backend/backend_draws.h"
#include "server/backend/backend_spec.h"
#include "server/capacity.h"

namespace meanwhile {

// How a wait ended.
struct Waited {
  // OK; the backend's failure; RESOURCE_EXHAUSTED when its queue was full; CANCELLED or DEADLINE_EXCEEDED when the call
  // ended first.
  grpc::Status status;
  // From the start of the wait to its end, the time in the queue included.
  absl::Duration elapsed;

  bool ok() const { return status.ok(); }
};

// What ends a blocking wait early.
struct BlockingWaitLimit {
  std::chrono::system_clock::time_point deadline;
  // Asked every 100 ms by the waiting thread.
  std::function<bool()> cancelled;
};

class SimulatedBackend {
 public:
  explicit SimulatedBackend(const BackendSpec& spec);

  const BackendSpec& spec() const { return spec_; }

  // On `loop`'s thread. The wait takes `draw.latency` once the backend has room for it, and ends at once when the
  // awaiting coroutine is cancelled.
  async::Task<Waited> Wait(async::EventLoop& loop, BackendDraw draw);

  // On a thread that may block. A blocked thread cannot be told that its call was cancelled: it has to look.
  Waited WaitBlocking(const BlockingWaitLimit& limit, BackendDraw draw);

 private:
  const BackendSpec spec_;
  std::optional<Capacity> capacity_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_SIMULATED_BACKEND_H_
