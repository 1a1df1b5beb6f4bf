// Http2Engine: an engine on nghttp2, non-blocking sockets and epoll, at a fraction of what the reference client costs.
//
// It speaks gRPC's wire protocol and decodes no message. Slot i sends over connection i modulo their number. A deadline
// is enforced here, whatever the server does: the call ends, and its stream is reset.
//
// What it has not: name resolution other than the system's, load balancing, retries, xDS. GrpcEngine has.
//
// Ownership: it owns its sockets. Thread: the thread in Run, or, before Run, one that calls Connect; `connected` may be
// called from any.

#ifndef MEANWHILE_LOADTEST_HTTP2_HTTP2_ENGINE_H_
#define MEANWHILE_LOADTEST_HTTP2_HTTP2_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "loadtest/engine.h"
#include "loadtest/http2/call_spec.h"
#include "loadtest/http2/endpoint.h"
#include "loadtest/http2/response.h"
#include "loadtest/http2/tls.h"

namespace meanwhile::http2 {

struct Http2EngineOptions {
  Endpoint endpoint;
  // At least one.
  std::size_t connections = 1;
  // How many calls can be in flight.
  std::size_t slots = 1;
  // Its authority is the endpoint's when empty. Over TLS it is `secure`.
  CallSpecOptions call;
  // In the clear when null.
  std::shared_ptr<const TlsContext> tls;
  ResponseRules response;
};

class Http2Engine : public Engine {
 public:
  // Connects, and goes on trying, until all connections stand or `deadline` has passed; whether they do. Optional: Run
  // connects as well. Blocks.
  virtual bool Connect(LoadTime deadline) = 0;

  // How many connections stand, as sockets.
  virtual std::size_t connected() const = 0;

  // How often nghttp2 has got new memory for its sessions.
  virtual std::size_t mallocs() const = 0;
};

std::unique_ptr<Http2Engine> MakeHttp2Engine(const Http2EngineOptions& options);

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_HTTP2_HTTP2_ENGINE_H_
