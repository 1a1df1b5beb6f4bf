// Http2Engine: an engine on nghttp2, non-blocking sockets and epoll, at a fraction of what the reference client costs.
//
// It speaks gRPC's wire protocol and decodes no message. Slot i sends over connection i modulo their number. A deadline
// is enforced here, whatever the server does: the call ends, and its stream is reset.
//
// What it has not: name resolution other than the system's, load balancing, retries, xDS. GrpcEngine has.
//
// Ownership: it owns its sockets. Thread: the thread in Run, or, before Run, one that calls Connect; `is_connected` may
// be called from any.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_HTTP2_ENGINE_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_HTTP2_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "loadtest/engine/call_options.h"
#include "loadtest/engine/call_source.h"
#include "loadtest/engine/engine.h"
#include "loadtest/engine/http2/endpoint.h"
#include "loadtest/engine/http2/response.h"
#include "loadtest/engine/http2/tls.h"

namespace meanwhile::http2 {

// Whom connections go to.
struct Http2Target {
  Endpoint endpoint;
  // In the clear when null.
  std::shared_ptr<const TlsContext> tls = nullptr;
};

struct Http2EngineOptions {
  // At least one. Connection c goes to number c modulo how many there are.
  std::vector<Http2Target> targets;
  // At least one.
  std::size_t connections = 1;
  // How many calls can be in flight.
  std::size_t slots = 1;
  std::shared_ptr<const CallPlan> plan;
  // Of this engine: which of the plan's sources it has.
  std::size_t number = 0;
  CallOptions call;
  // In place of the endpoints' own.
  std::string authority;
  // After which a call ends with DEADLINE_EXCEEDED.
  absl::Duration timeout = absl::InfiniteDuration();
  ResponseRules response;
};

class Http2Engine : public Engine {
 public:
  // Connects, and goes on trying, until all connections stand or `deadline` has passed; whether they do. Optional: Run
  // connects as well. Blocks.
  virtual bool Connect(LoadTime deadline) = 0;

  // Whether a connection stands, as a socket.
  virtual bool is_connected(std::size_t connection) const = 0;

  // Before Run: why the last attempt to open a connection has failed; empty when none has.
  virtual const std::string& failure_of(std::size_t connection) const = 0;

  // How often nghttp2 has got new memory for its sessions.
  virtual std::size_t mallocs() const = 0;
};

std::unique_ptr<Http2Engine> MakeHttp2Engine(const Http2EngineOptions& options);

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_HTTP2_ENGINE_H_
