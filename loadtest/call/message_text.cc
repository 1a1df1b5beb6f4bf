#include "loadtest/call/message_text.h"

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <charconv>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace meanwhile {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using google::protobuf::Value;
using google::protobuf::util::JsonStringToMessage;
using google::protobuf::util::MessageToJsonString;

std::optional<Value> ParseJson(absl::string_view json) {
  Value value;
  if (!JsonStringToMessage({json.data(), json.size()}, &value).ok()) return std::nullopt;
  return value;
}

std::string Quoted(absl::string_view text) {
  Value value;
  value.set_string_value(std::string(text));
  std::string json;
  return MessageToJsonString(value, &json).ok() ? json : "";
}

// JSON with the keys of objects in order.
std::string JsonOf(const Value& value) {
  switch (value.kind_case()) {
    case Value::kStringValue:
      return Quoted(value.string_value());
    case Value::kNumberValue: {
      char text[64];
      return std::string(text, std::to_chars(text, text + sizeof(text), value.number_value()).ptr);
    }
    case Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case Value::kListValue: {
      std::vector<std::string> items;
      for (const Value& item : value.list_value().values()) items.push_back(JsonOf(item));
      return absl::StrCat("[", absl::StrJoin(items, ","), "]");
    }
    case Value::kStructValue: {
      std::map<std::string, std::string> members;
      for (const auto& [name, member] : value.struct_value().fields()) members[Quoted(name)] = JsonOf(member);
      return absl::StrCat("{", absl::StrJoin(members, ",", absl::PairFormatter(":")), "}");
    }
    case Value::kNullValue:
    case Value::KIND_NOT_SET:
      break;
  }
  return "null";
}

std::string TextOf(const Value& value) {
  return value.kind_case() == Value::kStringValue ? value.string_value() : JsonOf(value);
}

// Of a message that cannot be told, such as an Any of a type that the schema does not have.
std::string NoJson(const google::protobuf::util::Status& why) {
  return absl::StrCat("(no JSON: ", std::string(why.message()), ")");
}

}  // namespace

std::string MessageText(const Message& message) {
  std::string json;
  if (const auto status = MessageToJsonString(message, &json); !status.ok()) return NoJson(status);
  const std::optional<Value> value = ParseJson(json);
  return value ? TextOf(*value) : json;
}

std::optional<std::string> NormalizedMessage(const Descriptor& type, absl::string_view text) {
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<Message> message(factory.GetPrototype(&type)->New());
  std::vector<std::string> forms = {std::string(text), Quoted(text)};
  // A string is what it is, also where it looks like JSON.
  if (type.full_name() == "google.protobuf.StringValue") forms = {Quoted(text)};
  for (const std::string& json : forms) {
    if (JsonStringToMessage(json, message.get()).ok()) return MessageText(*message);
  }
  return std::nullopt;
}

bool IsToldByContent(const Descriptor& type) {
  return absl::c_linear_search(
      std::initializer_list<absl::string_view>{"google.protobuf.Struct", "google.protobuf.Value",
                                               "google.protobuf.ListValue", "google.protobuf.Any"},
      absl::string_view(type.full_name()));
}

std::optional<std::string> TextInside(const Message& message, absl::Span<const PathPart> place) {
  // The fields of an Any's message have their defaults, as fields have elsewhere.
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  if (const auto status = MessageToJsonString(message, &json, options); !status.ok()) return NoJson(status);
  const std::optional<Value> whole = ParseJson(json);
  if (!whole) return std::nullopt;
  const Value* value = &*whole;
  for (const PathPart& part : place) {
    if (value->has_struct_value()) {
      const auto& members = value->struct_value().fields();
      const auto member = members.find(part.text);
      if (member == members.end()) return std::nullopt;
      value = &member->second;
    } else {
      int index = 0;
      const auto& items = value->list_value().values();
      if (!absl::SimpleAtoi(part.text, &index) || index < 0 || index >= items.size()) return std::nullopt;
      value = &items[index];
    }
  }
  return TextOf(*value);
}

std::string NormalizedJson(absl::string_view text) {
  // JSON tells integers of 64 bits as strings, as its numbers are doubles and would round them.
  if (int64_t number = 0; absl::SimpleAtoi(text, &number)) return absl::StrCat(number);
  if (uint64_t number = 0; absl::SimpleAtoi(text, &number)) return absl::StrCat(number);
  const std::optional<Value> value = ParseJson(text);
  return value ? TextOf(*value) : std::string(text);
}

}  // namespace meanwhile
