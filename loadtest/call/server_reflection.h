// A schema out of a running server: what it tells by gRPC's server reflection, v1 or v1alpha.
//
// Thread: any. Blocks.

#ifndef MEANWHILE_LOADTEST_CALL_SERVER_REFLECTION_H_
#define MEANWHILE_LOADTEST_CALL_SERVER_REFLECTION_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/credentials.h"
#include "loadtest/call/schema.h"

namespace meanwhile {

struct ReflectionOptions {
  // At least one. They are asked one after another until one of them can be reached.
  std::vector<std::string> targets;
  // What calls are sent with: a server that refuses calls without them refuses to tell its schema, too.
  Credentials credentials = {};
  std::vector<std::pair<std::string, std::string>> metadata = {};
  // Within which a target must have answered.
  absl::Duration timeout;
};

// The files of `services`, with all that they import. A service that the server does not list is left out, which
// FindMethod then reports. UNIMPLEMENTED, with what to do instead, when the server has no reflection; UNAVAILABLE when
// no target can be reached or answers in time; the server's own status when it refuses. Each names the target.
absl::StatusOr<std::shared_ptr<const Schema>> ReflectSchema(const ReflectionOptions& options,
                                                            const std::vector<std::string>& services);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_SERVER_REFLECTION_H_
