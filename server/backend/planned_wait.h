// PlannedWait: what a request's Wait is after ServiceRules has checked it, ready for the Backend. Whatever is in it may
// be carried out as it stands.
//
// A plain value. It refers to the request that it was made from, which must outlive it; nothing is copied but a
// specification.

#ifndef MEANWHILE_SERVER_BACKEND_PLANNED_WAIT_H_
#define MEANWHILE_SERVER_BACKEND_PLANNED_WAIT_H_

#include <chrono>
#include <cstdint>
#include <variant>

#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/simulated/backend_spec.h"

namespace meanwhile {

// The server's own --backend.
struct OwnBackend {};

// A call of the server's --remote, with what it hands on of the call that waits for it.
struct RemoteCall {
  const v1::RemoteWait* wait;
  std::chrono::system_clock::time_point deadline;
  // How many servers the call has come through when it arrives, from 1 to 8.
  std::uint32_t hops;
};

using PlannedWait = std::variant<OwnBackend, BackendSpec, const v1::FileReadWait*, const v1::FileWriteWait*,
                                 const v1::QueryWait*, RemoteCall>;

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_PLANNED_WAIT_H_
