// Messages as text, in protobuf's JSON mapping, so that two that mean the same are the same text: what JSON tells as a
// string stands without its quotes, and objects have their keys in order.
//
// Struct, Value, ListValue and Any are told in JSON by what they hold. So are the places in them: `settings.size` is
// the member `size` of the Struct `settings`.
//
// Pure functions, any thread.

#ifndef MEANWHILE_LOADTEST_CALL_MESSAGE_TEXT_H_
#define MEANWHILE_LOADTEST_CALL_MESSAGE_TEXT_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace meanwhile {

// A part of a path: `name`, or `[text]`.
struct PathPart {
  std::string text;
  bool in_brackets = false;
};

std::string MessageText(const google::protobuf::Message& message);

// The text of the message that `text` says, in JSON or, without the quotes, what is a string there. None when it says
// none of this type.
std::optional<std::string> NormalizedMessage(const google::protobuf::Descriptor& type, absl::string_view text);

// Whether places in messages of this type are places in their JSON.
bool IsToldByContent(const google::protobuf::Descriptor& type);

// What stands at a place in such a message; none where nothing does.
std::optional<std::string> TextInside(const google::protobuf::Message& message, absl::Span<const PathPart> place);

// Any JSON value in the form that TextInside gives it; what is no JSON is a string.
std::string NormalizedJson(absl::string_view text);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_MESSAGE_TEXT_H_
