// FieldPath: a place in messages of one type, as people write it: `status.code`, `items[2].name`, `labels[some.key]` or
// `labels.key` of a map.
//
// A field is named as in the .proto file or as in JSON. What stands there is told as text: a number, true or false, an
// enum value's name, a string as it is, bytes in base64, a message as message_text.h tells it. Within Struct, Value,
// ListValue and Any the path is one in their JSON.
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
#include "absl/types/span.h"
#include "loadtest/call/message_text.h"

namespace meanwhile {

class FieldPath {
 public:
  // INVALID_ARGUMENT names the part that is wrong, and what the message has.
  static absl::StatusOr<FieldPath> Parse(const google::protobuf::Descriptor& type, absl::string_view path);

  // A value for this place in the form that TextAt gives it. INVALID_ARGUMENT when it is none.
  absl::StatusOr<std::string> Normalized(absl::string_view value) const;

  // None where nothing stands: an index past the end, a key that the map has not, or a message on the way that is not
  // set. A field that is not set has its default.
  std::optional<std::string> TextAt(const google::protobuf::Message& message) const;

 private:
  struct Step {
    // What stands there: the field itself, or the value of a map's entry.
    const google::protobuf::FieldDescriptor& value() const;

    const google::protobuf::FieldDescriptor* field;
    int index = -1;        // Of a repeated field.
    std::string key = "";  // Of a map, as text.
  };

  // Takes the parts of the next field from the front.
  static absl::StatusOr<Step> TakeStep(const google::protobuf::Descriptor& type, absl::Span<const PathPart>* parts);

  std::vector<Step> steps_;
  std::vector<PathPart> inside_;  // The rest of the path, in the JSON of what the steps lead to.
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_FIELD_PATH_H_
