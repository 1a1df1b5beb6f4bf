// What `--metadata key:value` says, as gRPC takes it: a name in lower case, and a value of printable ASCII, or, for a
// name that ends in `-bin`, of any bytes, which are given in base64.
//
// Pure function, any thread.

#ifndef MEANWHILE_LOADTEST_FLAGS_METADATA_FLAG_H_
#define MEANWHILE_LOADTEST_FLAGS_METADATA_FLAG_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace meanwhile {

// The error is complete: it names `flag`, what it was given, and what is wrong with it.
absl::StatusOr<std::pair<std::string, std::string>> ParseMetadata(const std::string& flag, const std::string& text);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_METADATA_FLAG_H_
