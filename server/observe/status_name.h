// StatusName: what gRPC calls a status code, `DEADLINE_EXCEEDED`.

#ifndef MEANWHILE_SERVER_OBSERVE_STATUS_NAME_H_
#define MEANWHILE_SERVER_OBSERVE_STATUS_NAME_H_

#include <grpcpp/support/status_code_enum.h>

#include <string>

#include "absl/status/status.h"

namespace meanwhile {

// Abseil's codes have gRPC's numbers and names.
inline std::string StatusName(grpc::StatusCode code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_STATUS_NAME_H_
