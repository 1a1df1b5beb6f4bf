// Hops: how many servers a call has come through, in the metadata `meanwhile-hops`. Each server that calls another one
// on a call's behalf adds one, and none goes on beyond the limit.
//
// Thread: any that may look at the call's metadata.

#ifndef MEANWHILE_SERVER_BACKEND_REMOTE_HOPS_H_
#define MEANWHILE_SERVER_BACKEND_REMOTE_HOPS_H_

#include <grpcpp/server_context.h>

#include <cstdint>

#include "absl/status/statusor.h"

namespace meanwhile {

inline constexpr char kHopsMetadata[] = "meanwhile-hops";
inline constexpr std::uint32_t kMaxHops = 8;

// 0 for a call that says nothing. InvalidArgumentError when it says something else than a number from 0 to kMaxHops:
// the message names the metadata and the bound.
absl::StatusOr<std::uint32_t> HopsOf(const grpc::ServerContextBase& call);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_REMOTE_HOPS_H_
