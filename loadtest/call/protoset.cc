#include "loadtest/call/protoset.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "loadtest/call/input_file.h"

namespace meanwhile {

absl::StatusOr<std::shared_ptr<const Schema>> ReadProtosets(const std::vector<std::string>& files) {
  google::protobuf::FileDescriptorSet all;
  for (const std::string& file : files) {
    const absl::StatusOr<std::string> bytes = ReadInputFile("--protoset", file);
    if (!bytes.ok()) return bytes.status();
    google::protobuf::FileDescriptorSet set;
    if (!set.ParseFromString(*bytes) || set.file().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--protoset=", file, ": is no FileDescriptorSet, which protoc --descriptor_set_out=FILE makes"));
    }
    all.MergeFrom(set);
  }
  absl::StatusOr<std::shared_ptr<const Schema>> schema = Schema::Make(all, absl::StrJoin(files, ", "));
  if (schema.ok()) return schema;
  return absl::InvalidArgumentError(
      absl::StrCat("--protoset: ", schema.status().message(), " (protoc's --include_imports adds what files import)"));
}

}  // namespace meanwhile
