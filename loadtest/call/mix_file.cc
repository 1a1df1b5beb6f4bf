#include "loadtest/call/mix_file.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

constexpr char kForm[] =
    "an entry has call and may have weight, name, data, data-file, binary-file, pick, expect-status, expect-json";

// Every scalar is text, which the JSON mapping takes for numbers, booleans and enums too.
google::protobuf::Value ValueOf(const ConfigNode& node) {
  google::protobuf::Value value;
  switch (node.kind) {
    case ConfigNode::Kind::kNothing:
      value.set_null_value(google::protobuf::NULL_VALUE);
      break;
    case ConfigNode::Kind::kText:
      value.set_string_value(node.text);
      break;
    case ConfigNode::Kind::kList:
      value.mutable_list_value();
      for (const ConfigNode& child : node.children) *value.mutable_list_value()->add_values() = ValueOf(child);
      break;
    case ConfigNode::Kind::kMap:
      value.mutable_struct_value();
      for (const ConfigNode& child : node.children) {
        (*value.mutable_struct_value()->mutable_fields())[child.key] = ValueOf(child);
      }
      break;
  }
  return value;
}

absl::Status TakeData(const ConfigNode& node, MixEntry* entry) {
  absl::StatusOr<std::string> json = JsonOf(node);
  if (!json.ok()) return json.status();
  entry->data = *std::move(json);
  return absl::OkStatus();
}

absl::Status TakeCall(const ConfigNode& node, MixEntry* entry) {
  absl::StatusOr<MethodName> call = ParseMethodName("--call", node.text);
  if (!call.ok()) return ConfigError(node, call.status());
  entry->call = *std::move(call);
  return absl::OkStatus();
}

absl::Status TakeWeight(const ConfigNode& node, MixEntry* entry) {
  if (absl::SimpleAtod(node.text, &entry->weight) && entry->weight > 0 && entry->weight <= kHighestWeight) {
    return absl::OkStatus();
  }
  return ConfigError(node, absl::StrCat(node.text, ": must be a number over 0, up to ", kHighestWeight));
}

absl::Status TakePick(const ConfigNode& node, MixEntry* entry) {
  const absl::StatusOr<Pick> pick = ParsePick("--pick", node.text);
  if (!pick.ok()) return ConfigError(node, pick.status());
  entry->pick = *pick;
  return absl::OkStatus();
}

absl::Status TakeStatuses(const ConfigNode& node, MixEntry* entry) {
  const absl::StatusOr<ExpectedStatuses> statuses = ExpectedStatuses::Parse("--expect-status", node.text);
  if (!statuses.ok()) return ConfigError(node, statuses.status());
  entry->Expect(*statuses);
  return absl::OkStatus();
}

absl::Status TakeField(const ConfigNode& node, MixEntry* entry) {
  entry->fields.push_back(node.text);
  return absl::OkStatus();
}

template <std::string MixEntry::*field>
absl::Status TakeText(const ConfigNode& node, MixEntry* entry) {
  entry->*field = node.text;
  return absl::OkStatus();
}

struct Key {
  enum class Value { kText, kTextOrList, kAny };

  const char* name;
  absl::Status (*take)(const ConfigNode&, MixEntry*);
  Value value = Value::kText;
  bool is_data = false;
};

constexpr Key kKeys[] = {
    {"call", TakeCall},
    {"weight", TakeWeight},
    {"name", TakeText<&MixEntry::name>},
    {"data", TakeData, Key::Value::kAny, true},
    {"data-file", TakeText<&MixEntry::data_file>, Key::Value::kText, true},
    {"binary-file", TakeText<&MixEntry::binary_file>, Key::Value::kText, true},
    {"pick", TakePick},
    {"expect-status", TakeStatuses, Key::Value::kTextOrList},
    {"expect-json", TakeField, Key::Value::kTextOrList},
};

absl::Status TakeValue(const ConfigNode& node, const Key& key, MixEntry* entry) {
  const bool is_nothing = node.kind == ConfigNode::Kind::kNothing;
  if (is_nothing || (node.kind == ConfigNode::Kind::kText && node.text.empty())) {
    return ConfigError(node, "must have a value");
  }
  if (key.value != Key::Value::kAny && node.kind != ConfigNode::Kind::kText) {
    return ConfigError(node, "must be a single value");
  }
  return key.take(node, entry);
}

absl::Status TakeKey(const ConfigNode& node, const Key& key, MixEntry* entry) {
  if (key.value != Key::Value::kTextOrList || node.kind != ConfigNode::Kind::kList) return TakeValue(node, key, entry);
  if (node.children.empty()) return ConfigError(node, "must have a value");
  for (ConfigNode value : node.children) {
    value.key = node.key;
    if (absl::Status status = TakeValue(value, key, entry); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<MixEntry> EntryOf(const ConfigNode& node) {
  MixEntry entry;
  entry.place = absl::StrCat("mix line ", node.line);
  std::string source;  // Of its data.
  for (const ConfigNode& child : node.children) {
    const auto* key =
        std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) { return key.name == child.key; });
    if (key == std::end(kKeys)) return ConfigError(child, absl::StrCat("unknown key; ", kForm));
    if (absl::Status status = TakeKey(child, *key, &entry); !status.ok()) return status;
    if (!key->is_data) continue;
    if (!source.empty()) return ConfigError(child, absl::StrCat("cannot stand together with ", source));
    source = child.key;
  }
  if (entry.call.text.empty()) return ConfigError(node, absl::StrCat("has no call; ", kForm));
  return entry;
}

}  // namespace

void MixEntry::Expect(const ExpectedStatuses& more) {
  if (statuses) {
    statuses->Add(more);
  } else {
    statuses = more;
  }
}

absl::StatusOr<std::string> JsonOf(const ConfigNode& node) {
  if (node.kind == ConfigNode::Kind::kNothing) return ConfigError(node, "must have a value");
  if (node.kind == ConfigNode::Kind::kText) return node.text;
  std::string json;
  if (google::protobuf::util::MessageToJsonString(ValueOf(node), &json).ok()) return json;
  return ConfigError(node, "cannot be told in JSON");
}

absl::StatusOr<std::vector<MixEntry>> ParseMix(const ConfigNode& mix) {
  if (mix.kind != ConfigNode::Kind::kList || mix.children.empty()) {
    return ConfigError(mix, absl::StrCat("must be a list; ", kForm));
  }
  if (mix.children.size() > kMostMixEntries) {
    return ConfigError(mix, absl::StrCat("must have at most ", kMostMixEntries, " entries"));
  }
  std::vector<MixEntry> entries;
  for (ConfigNode node : mix.children) {
    node.key = mix.key;
    absl::StatusOr<MixEntry> entry = EntryOf(node);
    if (!entry.ok()) return entry.status();
    entries.push_back(*std::move(entry));
  }
  return entries;
}

}  // namespace meanwhile
