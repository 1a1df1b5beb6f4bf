#include "server/net/limits.h"

#include <grpc/grpc.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <utility>

namespace meanwhile {
namespace {

// Rounded up; gRPC takes INT_MAX for infinite.
int Millis(absl::Duration duration) {
  const std::int64_t millis = absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1)));
  return static_cast<int>(std::min<std::int64_t>(millis, INT_MAX));
}

}  // namespace

void ApplyLimits(const LimitOptions& limits, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(static_cast<int>(limits.max_message_bytes));
  const std::pair<const char*, int> arguments[] = {
      {GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(limits.max_metadata_bytes)},
      {GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(limits.max_streams)},
      {GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Millis(limits.handshake_timeout)},
      {GRPC_ARG_MAX_CONNECTION_AGE_MS, Millis(limits.max_connection_age)},
      {GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Millis(limits.max_connection_age_grace)},
      {GRPC_ARG_MAX_CONNECTION_IDLE_MS, Millis(limits.max_connection_idle)},
      {GRPC_ARG_KEEPALIVE_TIME_MS, Millis(limits.keepalive_time)},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Millis(limits.keepalive_timeout)},
      {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, limits.keepalive_without_calls ? 1 : 0},
      // Else gRPC stops to ping after two, if no data flows.
      {GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0},
      {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, Millis(limits.min_ping_interval)},
  };
  for (const auto& [name, value] : arguments) builder->AddChannelArgument(name, value);
}

}  // namespace meanwhile
