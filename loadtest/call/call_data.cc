#include "loadtest/call/call_data.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "loadtest/call/json_values.h"

namespace meanwhile {
namespace {

absl::Status At(absl::string_view place, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(place, ": ", status.message()));
}

// Whether what the template can become is a message, as far as a few tries can tell.
absl::Status TryTemplate(const Template& text, const MessageEncoder& encoder) {
  using Draw = TemplateValues::Draw;
  for (const Draw draw : {Draw::kLowest, Draw::kHighest, Draw::kAny}) {
    TemplateValues values;
    values.now = absl::Now();
    values.draw = draw;
    std::string json;
    std::string encoded;
    text.Render(&values, &json);
    if (absl::Status status = encoder.Encode(json, &encoded); !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("with its templates filled, as in ", json, ", it ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<CallData::Message> MessageOf(absl::string_view json, const MessageEncoder& encoder) {
  absl::StatusOr<Template> text = Template::Parse(json);
  if (!text.ok()) return text.status();
  CallData::Message message;
  if (text->is_constant()) {
    TemplateValues none;
    std::string plain;
    text->Render(&none, &plain);
    if (absl::Status status = encoder.Encode(plain, &message.encoded); !status.ok()) return status;
    return message;
  }
  if (absl::Status status = TryTemplate(*text, encoder); !status.ok()) return status;
  message.text = std::make_shared<const Template>(*std::move(text));
  return message;
}

// Each of `values` is a message.
absl::StatusOr<CallData::Entry> EntryOf(const std::vector<JsonValue>& values, absl::string_view place,
                                        const MessageEncoder& encoder) {
  CallData::Entry entry;
  for (const JsonValue& value : values) {
    absl::StatusOr<CallData::Message> message = MessageOf(value.text, encoder);
    if (!message.ok()) return At(absl::StrCat(place, ", line ", value.line), message.status());
    entry.push_back(*std::move(message));
  }
  return entry;
}

// The elements of an array that stands alone, or the values themselves.
absl::StatusOr<std::vector<JsonValue>> Listed(absl::string_view json) {
  absl::StatusOr<std::vector<JsonValue>> values = SplitJsonValues(json);
  if (values.ok() && values->size() == 1 && values->front().is_array()) return SplitJsonArray(values->front());
  return values;
}

}  // namespace

CallData::CallData(const Method& method)
    : schema_(method.schema), encoder_(std::make_shared<const MessageEncoder>(method.request())) {}

absl::StatusOr<CallData> CallData::FromJson(const Method& method, absl::string_view source, absl::string_view json) {
  if (!method.descriptor->client_streaming()) return FromJsonFile(method, source, json.empty() ? "{}" : json);
  CallData data(method);
  const absl::StatusOr<std::vector<JsonValue>> messages = Listed(json.empty() ? "{}" : json);
  if (!messages.ok()) return At(source, messages.status());
  Entry entry;
  for (const JsonValue& value : *messages) {
    absl::StatusOr<Entry> message =
        EntryOf({value}, absl::StrCat(source, ": message ", entry.size() + 1), data.encoder());
    if (!message.ok()) return message.status();
    entry.push_back(std::move(message->front()));
  }
  data.entries_.push_back(std::move(entry));
  return data;
}

absl::StatusOr<CallData> CallData::FromJsonFile(const Method& method, absl::string_view source,
                                                absl::string_view json) {
  CallData data(method);
  const absl::StatusOr<std::vector<JsonValue>> values = Listed(json);
  if (!values.ok()) return At(source, values.status());
  if (values->empty()) return absl::InvalidArgumentError(absl::StrCat(source, ": there is no message in it"));
  for (const JsonValue& value : *values) {
    const std::string place = absl::StrCat(source, ": entry ", data.entries_.size() + 1);
    const bool is_list = method.descriptor->client_streaming() && value.is_array();
    const absl::StatusOr<std::vector<JsonValue>> messages = is_list ? SplitJsonArray(value) : std::vector{value};
    if (!messages.ok()) return At(place, messages.status());
    absl::StatusOr<Entry> entry = EntryOf(*messages, place, data.encoder());
    if (!entry.ok()) return entry.status();
    data.entries_.push_back(*std::move(entry));
  }
  return data;
}

absl::StatusOr<CallData> CallData::FromBytes(const Method& method, absl::string_view source, std::string bytes) {
  CallData data(method);
  if (absl::Status status = data.encoder().Check(bytes); !status.ok()) return At(source, status);
  data.entries_.push_back({Message{std::move(bytes)}});
  return data;
}

}  // namespace meanwhile
