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

#ifndef MEANWHILE_SERVER_BACKEND_SIMULATED_SIMULATED_BACKEND_H_
#define MEANWHILE_SERVER_BACKEND_SIMULATED_SIMULATED_BACKEND_H_

#include <optional>

#include "async/event_loop.h"
#include "async/task.h"
#include "server/backend/capacity.h"
#include "server/backend/simulated/backend_draws.h"
#include "server/backend/simulated/backend_spec.h"
#include "server/backend/waited.h"

namespace meanwhile {

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

#endif  // MEANWHILE_SERVER_BACKEND_SIMULATED_SIMULATED_BACKEND_H_
