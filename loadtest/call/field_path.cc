#include "loadtest/call/field_path.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

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

// A value for a field in the form that texts have; none when it is none.
std::optional<std::string> NormalizedValue(const FieldDescriptor& field, absl::string_view value) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return NormalizedNumber<int32_t>(value);
    case FieldDescriptor::CPPTYPE_INT64:
      return NormalizedNumber<int64_t>(value);
    case FieldDescriptor::CPPTYPE_UINT32:
      return NormalizedNumber<uint32_t>(value);
    case FieldDescriptor::CPPTYPE_UINT64:
      return NormalizedNumber<uint64_t>(value);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return NormalizedNumber<double>(value);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return NormalizedNumber<float>(value);
    case FieldDescriptor::CPPTYPE_BOOL:
      return value == "true" || value == "false" ? std::optional(std::string(value)) : std::nullopt;
    case FieldDescriptor::CPPTYPE_ENUM:
      return NormalizedEnum(*field.enum_type(), value);
    case FieldDescriptor::CPPTYPE_STRING: {
      if (field.type() != FieldDescriptor::TYPE_BYTES) return std::string(value);
      std::string bytes;
      return absl::Base64Unescape(value, &bytes) ? std::optional(Base64(bytes)) : std::nullopt;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return NormalizedMessage(*field.message_type(), value);
  }
  return std::nullopt;
}

std::string KindOf(const FieldDescriptor& field) {
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  return field.type_name();
}

// The entry of a map; null when it has none.
const Message* FindEntry(const Message& message, const FieldDescriptor* map, const std::string& key) {
  const Reflection& reflection = *message.GetReflection();
  // Of entries with the same key the last one counts.
  for (int i = reflection.FieldSize(message, map); i-- > 0;) {
    const Message& entry = reflection.GetRepeatedMessage(message, map, i);
    if (ScalarText(entry, map->message_type()->map_key(), -1) == key) return &entry;
  }
  return nullptr;
}

// `items[2].name` is `items`, `[2]`, `name`.
absl::StatusOr<std::vector<PathPart>> SplitPath(absl::string_view path) {
  std::vector<PathPart> parts;
  std::size_t at = 0;
  while (true) {
    const std::size_t end = std::min(path.find_first_of(".[", at), path.size());
    // A list has no name where it is the whole message.
    if (end > 0 || path.empty() || path[0] == '.') parts.push_back({std::string(path.substr(at, end - at))});
    for (at = end; at < path.size() && path[at] == '[';) {
      const std::size_t close = path.find(']', at);
      if (close == absl::string_view::npos) {
        return absl::InvalidArgumentError(
            absl::StrCat(path.substr(at), ": an index is written as in items[2], a key as in labels[name]"));
      }
      parts.push_back({std::string(path.substr(at + 1, close - at - 1)), /*in_brackets=*/true});
      at = close + 1;
    }
    if (at == path.size()) return parts;
    if (path[at] != '.') {
      return absl::InvalidArgumentError(absl::StrCat("a dot is missing before ", path.substr(at)));
    }
    ++at;
  }
}

}  // namespace

const FieldDescriptor& FieldPath::Step::value() const {
  return field->is_map() ? *field->message_type()->map_value() : *field;
}

absl::StatusOr<FieldPath> FieldPath::Parse(const Descriptor& type, absl::string_view path) {
  const absl::StatusOr<std::vector<PathPart>> parts = SplitPath(path);
  if (!parts.ok()) return parts.status();
  FieldPath parsed;
  const Descriptor* inside = &type;
  for (absl::Span<const PathPart> left = *parts; !left.empty();) {
    if (inside == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(parsed.steps_.back().field->full_name(),
                                                     " is no message, so it has no field ", left.front().text));
    }
    if (IsToldByContent(*inside)) {
      parsed.inside_.assign(left.begin(), left.end());
      break;
    }
    absl::StatusOr<Step> step = TakeStep(*inside, &left);
    if (!step.ok()) return step.status();
    inside = step->value().message_type();
    parsed.steps_.push_back(*std::move(step));
  }
  return parsed;
}

absl::StatusOr<FieldPath::Step> FieldPath::TakeStep(const Descriptor& type, absl::Span<const PathPart>* parts) {
  const auto refuse = [](const auto&... texts) { return absl::InvalidArgumentError(absl::StrCat(texts...)); };
  const std::string& name = parts->front().text;
  parts->remove_prefix(1);
  const PathPart* next = parts->empty() ? nullptr : &parts->front();
  const FieldDescriptor* field = FindField(type, name);
  if (field == nullptr) return refuse(type.full_name(), " has no field ", name, "; there are ", FieldsOf(type));
  if (field->is_map()) {
    if (next == nullptr) return refuse(field->full_name(), " is a map: say which, as ", name, "[key]");
    const FieldDescriptor& keys = *field->message_type()->map_key();
    const std::optional<std::string> key = NormalizedValue(keys, next->text);
    if (!key) return refuse(next->text, " is no ", KindOf(keys), ", which the keys of ", field->full_name(), " are");
    parts->remove_prefix(1);
    return Step{.field = field, .key = *key};
  }
  if (field->is_repeated()) {
    if (next == nullptr || !next->in_brackets) {
      return refuse(field->full_name(), " is repeated: say which, as ", name, "[0]");
    }
    int index = -1;
    if (!absl::SimpleAtoi(next->text, &index) || index < 0) {
      return refuse(name, "[", next->text, "]: an index is written as in items[2]");
    }
    parts->remove_prefix(1);
    return Step{.field = field, .index = index};
  }
  const bool holds_json = field->message_type() != nullptr && IsToldByContent(*field->message_type());
  if (next != nullptr && next->in_brackets && !holds_json) return refuse(field->full_name(), " is not repeated");
  return Step{.field = field};
}

absl::StatusOr<std::string> FieldPath::Normalized(absl::string_view value) const {
  if (!inside_.empty()) return NormalizedJson(value);
  const FieldDescriptor& field = steps_.back().value();
  if (std::optional<std::string> text = NormalizedValue(field, value)) return *std::move(text);
  return absl::InvalidArgumentError(
      absl::StrCat(value, " is no ", KindOf(field), ", which ", steps_.back().field->full_name(), " is"));
}

std::optional<std::string> FieldPath::TextAt(const Message& message) const {
  const Message* inside = &message;
  for (const Step& step : steps_) {
    if (step.field->is_map()) {
      inside = FindEntry(*inside, step.field, step.key);
      if (inside == nullptr) return std::nullopt;
    }
    const FieldDescriptor* field = &step.value();
    const int index = step.index;
    const Reflection& reflection = *inside->GetReflection();
    if (index >= 0 && index >= reflection.FieldSize(*inside, field)) return std::nullopt;
    if (field->message_type() == nullptr) return ScalarText(*inside, field, index);
    // An entry of a map has its value, set or not.
    if (index < 0 && !step.field->is_map() && !reflection.HasField(*inside, field)) return std::nullopt;
    inside = index < 0 ? &reflection.GetMessage(*inside, field) : &reflection.GetRepeatedMessage(*inside, field, index);
  }
  return inside_.empty() ? MessageText(*inside) : TextInside(*inside, inside_);
}

}  // namespace meanwhile
