#include "loadtest/engine/http2/call_status.h"

#include <nghttp2/nghttp2.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace meanwhile::http2 {
namespace {

// The value of a hexadecimal digit, or -1.
int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(digit));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

absl::StatusCode ParseGrpcStatus(absl::string_view value) {
  if (value.empty() || value.size() > 2) return absl::StatusCode::kUnknown;
  int code = 0;
  for (const char digit : value) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(digit))) return absl::StatusCode::kUnknown;
    code = 10 * code + (digit - '0');
  }
  return code <= 16 ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown;
}

void AppendPercentDecoded(absl::string_view value, std::string* message) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '%' && i + 2 < value.size()) {
      const int high = HexValue(value[i + 1]);
      const int low = HexValue(value[i + 2]);
      if (high >= 0 && low >= 0) {
        message->push_back(static_cast<char>(high << 4 | low));
        i += 2;
        continue;
      }
    }
    message->push_back(value[i]);
  }
}

std::optional<std::string> DecodeBinaryValue(absl::string_view value) {
  while (absl::ConsumeSuffix(&value, "=")) {
  }
  std::string decoded;
  if (!absl::Base64Unescape(value, &decoded)) return std::nullopt;
  return decoded;
}

std::string EncodeBinaryValue(absl::string_view value) {
  std::string encoded = absl::Base64Escape(value);
  while (absl::EndsWith(encoded, "=")) encoded.pop_back();
  return encoded;
}

absl::StatusCode StatusOfHttp(int http_status) {
  switch (http_status) {
    case 400:
    case 431:
      return absl::StatusCode::kInternal;
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kUnimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kUnknown;
  }
}

absl::StatusCode StatusOfReset(uint32_t http2_error) {
  switch (http2_error) {
    case NGHTTP2_REFUSED_STREAM:
      return absl::StatusCode::kUnavailable;
    case NGHTTP2_CANCEL:
      return absl::StatusCode::kCancelled;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return absl::StatusCode::kResourceExhausted;
    case NGHTTP2_INADEQUATE_SECURITY:
      return absl::StatusCode::kPermissionDenied;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace meanwhile::http2
