// A schema out of protosets: files with a FileDescriptorSet, as `protoc --descriptor_set_out=FILE --include_imports`
// makes them.
//
// Pure function but for the files that it reads, any thread.

#ifndef MEANWHILE_LOADTEST_CALL_PROTOSET_H_
#define MEANWHILE_LOADTEST_CALL_PROTOSET_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "loadtest/call/schema.h"

namespace meanwhile {

// The error is complete: it names the file.
absl::StatusOr<std::shared_ptr<const Schema>> ReadProtosets(const std::vector<std::string>& files);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_PROTOSET_H_
