// The life cycle of a server that has started: it serves until it is told to stop, and then stops in these steps.
//
//   serving ── signal ──▶ draining ── --drain-delay ──▶ finishing ── --grace ──▶ cancelled ──▶ stopped
//                            │  health says NOT_SERVING,   │  no new calls; those         ▲
//                            │  calls are still taken      │  in flight go on             │
//                            └────────── signal ───────────┴────────── signal ────────────┘
//
// Nothing in flight ends the grace early, but not the delay: what the delay waits for is elsewhere. Every step is told
// on stderr. So is what keeps it from stopping: when handlers have not returned some time after they were cancelled,
// the oldest of them are named.
//
// Thread: the one that calls ServeUntilStopped. The shutdown runs on a thread of its own, so that a signal is heard at
// any time.

#ifndef MEANWHILE_SERVER_LIFECYCLE_H_
#define MEANWHILE_SERVER_LIFECYCLE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "async/in_flight_calls.h"
#include "server/lifecycle_options.h"
#include "server/stop_signals.h"

namespace meanwhile {

// What is stopped: a Server, or a test's.
class Stoppable {
 public:
  virtual ~Stoppable() = default;

  // Health says NOT_SERVING; calls are taken as before.
  virtual void Drain() = 0;

  // Takes no more calls, and cancels those that have not ended within `grace`. Returns when the last handler has.
  virtual void Shutdown(absl::Duration grace) = 0;

  // Any thread, during Shutdown or before: cancels what is in flight now.
  virtual void CancelCalls() = 0;

  // Any thread: what is in flight, the oldest first.
  virtual std::vector<async::InFlightCalls::Call> CallsInFlight() const = 0;
};

// Returns when the server has stopped after a signal.
void ServeUntilStopped(Stoppable& server, StopSignals& signals, const LifecycleOptions& options);

// The number of calls and the oldest of them: `3 calls: Compute for 12s, Fetch for 7s, …`.
std::string Oldest(const std::vector<async::InFlightCalls::Call>& calls, async::TimePoint now);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_LIFECYCLE_H_
