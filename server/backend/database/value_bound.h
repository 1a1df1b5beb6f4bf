// How large a value of the database may be. ServiceRules holds what is stored to it. What is read is held to it here,
// since somebody else may have stored it.
//
// Plain functions, any thread.

#ifndef MEANWHILE_SERVER_BACKEND_DATABASE_VALUE_BOUND_H_
#define MEANWHILE_SERVER_BACKEND_DATABASE_VALUE_BOUND_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <string_view>

namespace meanwhile {

inline constexpr std::size_t kMaxStoredBytes = 1 << 20;

// Before a value that was found is copied: OK, or OUT_OF_RANGE, which names the key, the size and the bound.
grpc::Status CheckFound(std::string_view key, std::size_t bytes);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_DATABASE_VALUE_BOUND_H_
