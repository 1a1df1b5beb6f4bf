// Call: a slot's call as it goes through an engine. It is in one of these places: waiting for a connection or for a
// stream on it, open on a connection, or ended and not yet told to the driver.
//
// Ownership: the engine's. Thread: the engine's.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_CALL_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_CALL_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "async/timer_queue.h"
#include "loadtest/engine/engine.h"
#include "loadtest/engine/http2/linked_list.h"
#include "loadtest/engine/http2/request_body.h"
#include "loadtest/engine/http2/response.h"

namespace meanwhile::http2 {

class CallSpec;
class ClientSession;

struct Call final : public async::Timer {
  explicit Call(const ResponseRules& rules) : response(rules) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() = default;

  // Of the engine: where it is, and the order in which deadlines pass.
  ListLink<Call> place;
  ListLink<Call> by_deadline;
  std::size_t slot = 0;
  LoadTime deadline;
  uint64_t turn = 0;  // Of the engine's loop, in which it was sent.

  // Of the session on which it is open; null when it is open on none.
  ClientSession* session = nullptr;
  int32_t stream = 0;
  // Of the first message, when the others follow at intervals; the timer is for the next one.
  LoadTime stream_start;
  void OnTimer() override;

  // What it sends. `own_body` is used when it was made up for this call.
  const CallSpec* spec = nullptr;
  bool streams_to_server = false;
  BodyProgress body;
  RequestBody own_body;

  Response response;
};

using CallList = LinkedList<Call, &Call::place>;

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_CALL_H_
