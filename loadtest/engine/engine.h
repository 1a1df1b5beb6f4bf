// Engine: what sends calls. One engine is one thread with its share of the connections; it sends the calls of a plan
// (call_source.h) from numbered slots, and tells its driver when each has ended. When a call is sent is the driver's
// affair; what the figures mean is neither's.
//
//   driver:  OnStart → Send(slot) …        engine thread, inside Run
//   engine:  OnCallEnded(slot) → Send(slot) …
//   driver:  Stop                          when it will send no more; Run returns once no call is in flight
//
// After its slots have been used once, an engine allocates no memory of its own for a fixed unary call.
//
// Thread: all of an engine and its driver belongs to the thread in Run.

#ifndef MEANWHILE_LOADTEST_ENGINE_ENGINE_H_
#define MEANWHILE_LOADTEST_ENGINE_ENGINE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

// Of the clock that all of a load's times are taken from.
using LoadTime = std::chrono::steady_clock::time_point;

// How a call ended. gRPC's status codes and Abseil's are the same numbers and names.
struct CallEnd {
  absl::StatusCode code;
  // Valid within OnCallEnded only.
  absl::string_view message;
  // `grpc-status-details-bin`, decoded: a google.rpc.Status, encoded. Valid within OnCallEnded only.
  absl::string_view details = {};
};

// Decides when the engine sends.
class EngineDriver {
 public:
  virtual ~EngineDriver() = default;

  // Run has begun.
  virtual void OnStart() = 0;
  // A message of the call in `slot` has come, valid within OnMessage only.
  virtual void OnMessage(std::size_t /*slot*/, absl::string_view /*message*/) {}
  // A message of the call in `slot`, whose method streams to the server, has left. Send nothing within it.
  virtual void OnMessageSent(std::size_t /*slot*/) {}
  // The call in `slot` has ended; the slot may be used again at once.
  virtual void OnCallEnded(std::size_t slot, const CallEnd& end) = 0;
  // The time given to SetTimer has come.
  virtual void OnTimer() = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // Drives the calls on the calling thread. Returns after Stop, when no call is in flight. Called once.
  virtual void Run(EngineDriver* driver) = 0;

  // Starts the plan's next call in a slot that has none in flight. Never ends it in place: OnCallEnded comes later.
  // Which of the plan's methods it calls is returned.
  virtual std::size_t Send(std::size_t slot) = 0;

  // Cancels whatever is in flight. Each call then ends as usual, and soon.
  virtual void CancelCalls() = 0;

  // Asks for OnTimer at `due`. There is one timer: a later call replaces an earlier one.
  virtual void SetTimer(LoadTime due) = 0;

  // No call is sent and no timer fires after it.
  virtual void Stop() = 0;

  // After Run: calls that had to wait because the server allowed for no more streams on their connection. 0 from an
  // engine that cannot tell.
  virtual uint64_t waited_for_stream() const { return 0; }
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_ENGINE_ENGINE_H_
