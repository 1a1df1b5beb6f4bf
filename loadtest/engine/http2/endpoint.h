// Where a target is: its addresses, and what a client calls it by.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_ENDPOINT_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_ENDPOINT_H_

#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace meanwhile::http2 {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

struct Endpoint {
  // As given.
  std::string target;
  // `HOST:PORT` as it stands in the target; `localhost` for a socket of the file system.
  std::string authority;
  // Without port and brackets: what the server's certificate must be for.
  std::string host;
  // At least one, in the order in which they are tried.
  std::vector<SocketAddress> addresses;
};

// The host in `HOST:PORT`, `[ADDRESS]:PORT`, `HOST` or a bare address: without port and brackets.
std::string HostOf(absl::string_view authority);

// `HOST:PORT`, `[ADDRESS]:PORT`, `dns:///HOST:PORT` or `unix:PATH`. Asks the system's resolver, and blocks meanwhile.
// INVALID_ARGUMENT for another form; UNAVAILABLE for a host that has no address.
absl::StatusOr<Endpoint> ResolveEndpoint(const std::string& target);

// What connections to a target go to in turn: the endpoint, or, when the target begins with `dns:`, one for each of its
// addresses, which is tried first there.
std::vector<Endpoint> SpreadOver(const Endpoint& endpoint);

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_ENDPOINT_H_
