#include "loadtest/call/field_path.h"

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>

#include <charconv>
#include <cstdint>
#include <memory>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace meanwhile {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string FieldsOf(const Descriptor& type) {
  std::string names;
  for (int i = 0; i < type.field_count(); ++i) absl::StrAppend(&names, i == 0 ? "" : ", ", type.field(i)->name());
  return names.empty() ? "none" : names;
}

const FieldDescriptor* FindField(const Descriptor& type, absl::string_view name) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (name == absl::string_view(field->name()) || name == absl::string_view(field->json_name())) return field;
  }
  return nullptr;
}

// The shortest text that reads as the same number.
template <typename Number>
std::string TextOf(Number number) {
  if constexpr (std::is_floating_point_v<Number>) {
    char text[64];
    return std::string(text, std::to_chars(text, text + sizeof(text), number).ptr);
  } else {
    return absl::StrCat(number);
  }
}

template <typename Number>
std::optional<std::string> NormalizedNumber(absl::string_view text) {
  Number number{};
  bool parsed = false;
  if constexpr (std::is_same_v<Number, float>) {
    parsed = absl::SimpleAtof(text, &number);
  } else if constexpr (std::is_same_v<Number, double>) {
    parsed = absl::SimpleAtod(text, &number);
  } else {
    parsed = absl::SimpleAtoi(text, &number);
  }
  if (!parsed) return std::nullopt;
  return TextOf(number);
}

std::string EnumText(const EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  return value == nullptr ? absl::StrCat(number) : std::string(value->name());
}

std::optional<std::string> NormalizedEnum(const EnumDescriptor& type, absl::string_view text) {
  int number = 0;
  if (absl::SimpleAtoi(text, &number)) return EnumText(type, number);
  const auto* value = type.FindValueByName(std::string(text));
  if (value == nullptr) return std::nullopt;
  return EnumText(type, value->number());
}

std::string Base64(const std::string& bytes) { return absl::Base64Escape(bytes); }

// In JSON; a message that is a mere string there, as a Duration is, without its quotes.
std::string MessageText(const Message& message) {
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json);
  if (!status.ok()) return "(no JSON)";
  const bool is_string = json.size() >= 2 && json.front() == '"' && json.back() == '"';
  return is_string ? json.substr(1, json.size() - 2) : json;
}

std::optional<std::string> NormalizedMessage(const Descriptor& type, absl::string_view text) {
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<Message> message(factory.GetPrototype(&type)->New());
  for (const std::string& json : {std::string(text), absl::StrCat("\"", text, "\"")}) {
    if (google::protobuf::util::JsonStringToMessage(json, message.get()).ok()) return MessageText(*message);
  }
  return std::nullopt;
}

std::string ScalarText(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const auto get = [&](auto single, auto repeated) {
    return index < 0 ? (reflection.*single)(message, field) : (reflection.*repeated)(message, field, index);
  };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return TextOf(get(&Reflection::GetInt32, &Reflection::GetRepeatedInt32));
    case FieldDescriptor::CPPTYPE_INT64:
      return TextOf(get(&Reflection::GetInt64, &Reflection::GetRepeatedInt64));
    case FieldDescriptor::CPPTYPE_UINT32:
      return TextOf(get(&Reflection::GetUInt32, &Reflection::GetRepeatedUInt32));
    case FieldDescriptor::CPPTYPE_UINT64:
      return TextOf(get(&Reflection::GetUInt64, &Reflection::GetRepeatedUInt64));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return TextOf(get(&Reflection::GetDouble, &Reflection::GetRepeatedDouble));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return TextOf(get(&Reflection::GetFloat, &Reflection::GetRepeatedFloat));
    case FieldDescriptor::CPPTYPE_BOOL:
      return get(&Reflection::GetBool, &Reflection::GetRepeatedBool) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*field->enum_type(), get(&Reflection::GetEnumValue, &Reflection::GetRepeatedEnumValue));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = get(&Reflection::GetString, &Reflection::GetRepeatedString);
      return field->type() == FieldDescriptor::TYPE_BYTES ? Base64(text) : text;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return "";
}

}  // namespace

absl::StatusOr<FieldPath> FieldPath::Parse(const Descriptor& type, absl::string_view path) {
  FieldPath parsed;
  const Descriptor* inside = &type;
  for (const absl::string_view part : absl::StrSplit(path, '.')) {
    if (inside == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(parsed.leaf().full_name(), " is no message, so it has no field ", part));
    }
    const absl::StatusOr<Step> step = ParseStep(*inside, part);
    if (!step.ok()) return step.status();
    parsed.steps_.push_back(*step);
    inside = step->field->message_type();
  }
  return parsed;
}

absl::StatusOr<FieldPath::Step> FieldPath::ParseStep(const Descriptor& type, absl::string_view text) {
  const std::size_t bracket = text.find('[');
  const absl::string_view name = text.substr(0, bracket);
  const FieldDescriptor* field = FindField(type, name);
  if (field == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(type.full_name(), " has no field ", name, "; there are ", FieldsOf(type)));
  }
  if (field->is_map())
    return absl::InvalidArgumentError(absl::StrCat(field->full_name(), " is a map, which has no place"));
  int index = -1;
  if (bracket != absl::string_view::npos) {
    const absl::string_view number = text.substr(bracket + 1, text.size() - bracket - 2);
    if (text.back() != ']' || !absl::SimpleAtoi(number, &index) || index < 0) {
      return absl::InvalidArgumentError(absl::StrCat(text, ": an index is written as in items[2]"));
    }
  }
  if (field->is_repeated() != (index >= 0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        field->full_name(),
        field->is_repeated() ? absl::StrCat(" is repeated: say which, as ", name, "[0]") : " is not repeated"));
  }
  return Step{field, index};
}

absl::StatusOr<std::string> FieldPath::Normalized(absl::string_view value) const {
  const FieldDescriptor& field = leaf();
  std::optional<std::string> text;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      text = NormalizedNumber<int32_t>(value);
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      text = NormalizedNumber<int64_t>(value);
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      text = NormalizedNumber<uint32_t>(value);
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      text = NormalizedNumber<uint64_t>(value);
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      text = NormalizedNumber<double>(value);
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      text = NormalizedNumber<float>(value);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value == "true" || value == "false") text = std::string(value);
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      text = NormalizedEnum(*field.enum_type(), value);
      break;
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string bytes;
      if (field.type() != FieldDescriptor::TYPE_BYTES) {
        text = std::string(value);
      } else if (absl::Base64Unescape(value, &bytes)) {
        text = Base64(bytes);
      }
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      text = NormalizedMessage(*field.message_type(), value);
      break;
  }
  if (text) return *text;
  std::string kind = field.type_name();
  if (field.enum_type() != nullptr) kind = field.enum_type()->full_name();
  if (field.message_type() != nullptr) kind = field.message_type()->full_name();
  return absl::InvalidArgumentError(absl::StrCat(value, " is no ", kind, ", which ", field.full_name(), " is"));
}

std::optional<std::string> FieldPath::TextAt(const Message& message) const {
  const Message* inside = &message;
  for (const Step& step : steps_) {
    const Reflection& reflection = *inside->GetReflection();
    if (step.index >= 0 && step.index >= reflection.FieldSize(*inside, step.field)) return std::nullopt;
    if (step.field->message_type() == nullptr) return ScalarText(*inside, step.field, step.index);
    if (step.index < 0 && !reflection.HasField(*inside, step.field)) return std::nullopt;
    inside = step.index < 0 ? &reflection.GetMessage(*inside, step.field)
                            : &reflection.GetRepeatedMessage(*inside, step.field, step.index);
  }
  return MessageText(*inside);
}

}  // namespace meanwhile
