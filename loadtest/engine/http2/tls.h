// TLS for an engine's connections, on OpenSSL: 1.2 or newer, `h2` agreed by ALPN, the server's certificate and its name
// verified, and a certificate of the client's own where the server wants one (mutual TLS).
//
// Ownership: a context outlives the transports made with it. Thread: made on one, then used by one.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_TLS_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_TLS_H_

#include <openssl/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "loadtest/engine/http2/transport.h"

namespace meanwhile::http2 {

// Paths of PEM files.
struct TlsOptions {
  // Authorities that may have signed the server's certificate; the system's when empty.
  std::string cacert = {};
  // The client's certificate (with its chain) and key; both or none.
  std::string cert = {};
  std::string key = {};
  // What the server's certificate must be for, a name or an address, and the name that the server is asked for.
  std::string server_name = {};
};

class TlsContext {
 public:
  // INVALID_ARGUMENT names the file that cannot be used, and why.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Make(const TlsOptions& options);
  ~TlsContext();

  // A transport over a socket that connects.
  std::unique_ptr<Transport> MakeTransport(int socket) const;

 private:
  TlsContext(ssl_ctx_st* context, std::string server_name);

  ssl_ctx_st* const context_;
  const std::string server_name_;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_TLS_H_
