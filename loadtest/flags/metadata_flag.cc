#include "loadtest/flags/metadata_flag.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "client/flags.h"
#include "loadtest/engine/http2/call_status.h"

namespace meanwhile {
namespace {

// Of HTTP or of gRPC: the client sends them itself, or they may not be sent over HTTP/2 at all.
constexpr std::array<absl::string_view, 10> kReservedNames = {
    "connection", "content-length",   "content-type",      "host",    "keep-alive",
    "te",         "proxy-connection", "transfer-encoding", "upgrade", "user-agent"};

bool IsNameCharacter(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-' || c == '.';
}
bool IsPrintable(char c) { return c >= 0x20 && c <= 0x7e; }

}  // namespace

absl::StatusOr<std::pair<std::string, std::string>> ParseMetadata(const std::string& flag, const std::string& text) {
  const auto refuse = [&](const char* bound) { return absl::InvalidArgumentError(FlagError(flag, text, bound)); };
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return refuse("must be key:value");
  const std::string name = absl::AsciiStrToLower(absl::StripAsciiWhitespace(absl::string_view(text).substr(0, colon)));
  const absl::string_view value = absl::StripAsciiWhitespace(absl::string_view(text).substr(colon + 1));

  if (name.empty() || !std::all_of(name.begin(), name.end(), &IsNameCharacter)) {
    return refuse("the key must be of letters, digits, '-', '_' and '.'");
  }
  if (absl::StartsWith(name, "grpc-") ||
      std::find(kReservedNames.begin(), kReservedNames.end(), name) != kReservedNames.end()) {
    return refuse("the key is gRPC's or HTTP's own");
  }
  if (absl::EndsWith(name, "-bin")) {
    const std::optional<std::string> bytes = http2::DecodeBinaryValue(value);
    if (!bytes) return refuse("the value of a key in -bin must be base64");
    return std::pair(name, *bytes);
  }
  if (!std::all_of(value.begin(), value.end(), &IsPrintable)) return refuse("the value must be printable ASCII");
  return std::pair(name, std::string(value));
}

}  // namespace meanwhile
