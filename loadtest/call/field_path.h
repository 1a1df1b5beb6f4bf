// FieldPath: a place in messages of one type, as people write it: `status.code`, `items[2].name`.
//
// A field is named as in the .proto file or as in JSON. What stands there is told as text: a number, true or false, an
// enum value's name, a string as it is, bytes in base64, a message in JSON.
//
// Thread: any; it does not change. The type outlives it.

#ifndef MEANWHILE_LOADTEST_CALL_FIELD_PATH_H_
#define MEANWHILE_LOADTEST_CALL_FIELD_PATH_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

class FieldPath {
 public:
  // INVALID_ARGUMENT names the part that is wrong, and what the message has.
  static absl::StatusOr<FieldPath> Parse(const google::protobuf::Descriptor& type, absl::string_view path);

  // A value for this place in the form that TextAt gives it. INVALID_ARGUMENT when it is none.
  absl::StatusOr<std::string> Normalized(absl::string_view value) const;

  // None where nothing stands: an index past the end, or a message on the way that is not set. A field that is not set
  // has its default.
  std::optional<std::string> TextAt(const google::protobuf::Message& message) const;

 private:
  struct Step {
    const google::protobuf::FieldDescriptor* field;
    int index;  // Of a repeated field; else -1.
  };

  static absl::StatusOr<Step> ParseStep(const google::protobuf::Descriptor& type, absl::string_view text);
  const google::protobuf::FieldDescriptor& leaf() const { return *steps_.back().field; }

  std::vector<Step> steps_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_FIELD_PATH_H_
