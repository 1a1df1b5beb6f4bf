// Where `compare` finds this project's own server: it is among the load tester's runfiles, next to it in a build tree.
//
// Thread: any.

#ifndef MEANWHILE_LOADTEST_COMPARE_SERVER_BINARY_H_
#define MEANWHILE_LOADTEST_COMPARE_SERVER_BINARY_H_

#include <string>

#include "absl/status/statusor.h"

namespace meanwhile {

// The path of the server's binary. NOT_FOUND names the places looked at.
absl::StatusOr<std::string> FindServerBinary();

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_SERVER_BINARY_H_
