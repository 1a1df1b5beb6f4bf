// LimitOptions: what a client may take of a server, so that none can take it from the others; and ApplyLimits, which
// tells gRPC. A plain value. docs/limits-and-tls.md tells what a client sees at each bound.
//
// The two limits on connections are held by the Acceptor (through OpenConnections), all others by gRPC.

#ifndef MEANWHILE_SERVER_NET_LIMITS_H_
#define MEANWHILE_SERVER_NET_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace grpc {
class ServerBuilder;
}

namespace meanwhile {

struct LimitOptions {
  // The largest message taken from a client, in bytes. A message is in memory as a whole before a handler sees it, so
  // this times the calls in flight is what requests can take. gRPC's own default, which its clients have, too.
  std::uint64_t max_message_bytes = 4 << 20;

  // The metadata of a call, in bytes: names, values, and 32 for each pair. HPACK lets a client send much of it with few
  // bytes, and gRPC 1.51 spends more than linear time on what is long (CVE-2023-33953). Real calls have some hundred
  // bytes, with a token two thousand. In gRPC 1.51 a call over it also costs its connection.
  std::uint64_t max_metadata_bytes = 8 << 10;

  // Calls in flight on a connection. gRPC sets no limit. One that waits takes 17 to 30 KB, so these take up to 300 MB.
  // It is as large as that because a few connections must be able to bring the thousands of calls that this server is
  // made for, and a client that knows the limit lets its calls wait unseen.
  std::size_t max_streams = 10'000;

  // Connections at a time. Each is a descriptor and 16 KB (with TLS 85 KB) before it has a call: 160 MB (850 MB).
  std::size_t max_connections = 10'000;

  // Connections at a time from an address (an IPv6 peer may choose its last 64 bits, so they are not looked at). A
  // tenth of all: no machine alone keeps the others out. Does not hold for a unix socket, whose clients have no
  // address.
  std::size_t max_connections_per_peer = 1'000;

  // Within which a connection must have said its part of the TLS and HTTP/2 handshakes. Else who says nothing keeps its
  // place; gRPC's 2 minutes are long enough to fill all places from a few machines.
  absl::Duration handshake_timeout = absl::Seconds(10);

  // After which a connection is told to go (GOAWAY), give or take a tenth; calls in flight have the grace to end. It
  // lets clients spread over servers that were added later, and makes them look at certificates again. Infinite: a
  // long stream is no fault.
  absl::Duration max_connection_age = absl::InfiniteDuration();
  absl::Duration max_connection_age_grace = absl::Seconds(30);

  // After which a connection without calls is told to go. Infinite: keepalive finds the dead ones, the limits above
  // bound the others, and a client that calls once an hour need not connect each time.
  absl::Duration max_connection_idle = absl::InfiniteDuration();

  // A connection that was silent for so long is pinged, and closed when nothing comes back within the timeout. A client
  // that lost its power or its network says no goodbye: without this its place and its calls are held for gRPC's
  // default of two hours.
  absl::Duration keepalive_time = absl::Minutes(1);
  absl::Duration keepalive_timeout = absl::Seconds(20);

  // How often a client may ping while no data flows. Whoever does so more than twice too early is told to go
  // ("too_many_pings"): a ping costs a client nothing and the server a turn. gRPC's own default.
  absl::Duration min_ping_interval = absl::Minutes(5);

  // Both ping rules hold for a connection without calls, too: the server pings it, the client may. False is gRPC's
  // default: then the dead ones among them are never found, and a client may ping one every two hours.
  bool keepalive_without_calls = true;
};

// Sets all limits that gRPC holds.
void ApplyLimits(const LimitOptions& limits, grpc::ServerBuilder* builder);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_NET_LIMITS_H_
