#include "server/observe/log_entry.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <variant>

#include "absl/strings/str_format.h"
#include "meanwhile/v1/log.pb.h"

namespace meanwhile {
namespace {

using google::protobuf::util::TimeUtil;

// How many bytes the character at the start of `text` has; 0 if it is not UTF-8 (RFC 3629).
std::size_t CharacterSize(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  if (byte(0) < 0x80) return 1;
  if (byte(0) >= 0xc2 && byte(0) < 0xe0) return continues(1) ? 2 : 0;
  if ((byte(0) & 0xf0) == 0xe0 && continues(1) && continues(2)) {
    const bool overlong = byte(0) == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = byte(0) == 0xed && byte(1) >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  if (byte(0) >= 0xf0 && byte(0) < 0xf5 && continues(1) && continues(2) && continues(3)) {
    const bool overlong = byte(0) == 0xf0 && byte(1) < 0x90;
    const bool too_large = byte(0) == 0xf4 && byte(1) >= 0x90;
    return overlong || too_large ? 0 : 4;
  }
  return 0;
}

std::string Utf8(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    result += size > 0 ? text.substr(0, size) : "\uFFFD";
    text.remove_prefix(size > 0 ? size : 1);
  }
  return result;
}

// A terminal obeys control characters, and a line must not become two.
std::string WithoutControlCharacters(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      result += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&result, "\\x%02x", byte);
    } else {
      result += c;
    }
  }
  return result;
}

v1::LogEntry::Level ToProto(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return v1::LogEntry::DEBUG;
    case LogLevel::kInfo:
      return v1::LogEntry::INFO;
    case LogLevel::kWarning:
      return v1::LogEntry::WARNING;
    case LogLevel::kError:
      return v1::LogEntry::ERROR;
  }
  return v1::LogEntry::LEVEL_UNSPECIFIED;
}

std::string Json(const LogEntry& entry) {
  v1::LogEntry proto;
  *proto.mutable_time() = TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(entry.time));
  proto.set_level(ToProto(entry.level));
  proto.set_event(entry.event);
  proto.set_message(Utf8(entry.line.message));
  for (const LogField& field : entry.line.fields) {
    google::protobuf::Value& value = (*proto.mutable_fields()->mutable_fields())[field.name];
    if (const double* number = std::get_if<double>(&field.value)) {
      value.set_number_value(*number);
    } else {
      value.set_string_value(Utf8(std::get<std::string>(field.value)));
    }
  }
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(proto, &json).ok()) {
    // JSON has no number for infinity: the sentence tells it all the same.
    proto.clear_fields();
    static_cast<void>(google::protobuf::util::MessageToJsonString(proto, &json).ok());
  }
  return json;
}

}  // namespace

std::string FormatLogEntry(LogFormat format, const LogEntry& entry) {
  if (format == LogFormat::kJson) return Json(entry) + "\n";
  return WithoutControlCharacters(Utf8(entry.line.message)) + "\n";
}

}  // namespace meanwhile
