// A schema out of a running server: what it tells by gRPC's server reflection, v1 or v1alpha.
//
// Thread: any. Blocks.

#ifndef MEANWHILE_LOADTEST_CALL_SERVER_REFLECTION_H_
#define MEANWHILE_LOADTEST_CALL_SERVER_REFLECTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/credentials.h"
#include "loadtest/call/schema.h"

namespace meanwhile {

// The files of `services`, with all that they import. A service that the server does not list is left out, which
// FindMethod then reports. UNIMPLEMENTED, with what to do instead, when the server has no reflection; UNAVAILABLE when
// it cannot be reached or does not answer within `timeout`.
absl::StatusOr<std::shared_ptr<const Schema>> ReflectSchema(const std::string& target, const Credentials& credentials,
                                                            const std::vector<std::string>& services,
                                                            absl::Duration timeout);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_SERVER_REFLECTION_H_
