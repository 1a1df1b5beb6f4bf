// A schema out of .proto files, as protoc reads them.
//
// The well-known types (google/protobuf/*.proto) need not be on disk.
//
// Pure function but for the files that it reads, any thread.

#ifndef MEANWHILE_LOADTEST_CALL_PROTO_FILES_H_
#define MEANWHILE_LOADTEST_CALL_PROTO_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "loadtest/call/schema.h"

namespace meanwhile {

// Imports are looked for under `import_directories`, in their order; without any, in the directory of each file.
// Errors tell file, line and column: `--proto: api.proto:7:3: "Nothing" is not defined.`
absl::StatusOr<std::shared_ptr<const Schema>> ReadProtoFiles(const std::vector<std::string>& files,
                                                             const std::vector<std::string>& import_directories);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_PROTO_FILES_H_
