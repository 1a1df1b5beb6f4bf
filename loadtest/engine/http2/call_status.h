// What a call's end means in gRPC's terms: from `grpc-status` and `grpc-message`, from an HTTP status where those are
// missing, and from the code of a reset stream. As gRPC's documents PROTOCOL-HTTP2 and http-grpc-status-mapping say.
//
// Pure functions, any thread.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_CALL_STATUS_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_CALL_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace meanwhile::http2 {

// The value of `grpc-status`. UNKNOWN for what is no status code.
absl::StatusCode ParseGrpcStatus(absl::string_view value);

// Appends the value of `grpc-message`, decoded, to `message`. A `%` that begins no byte stands for itself.
void AppendPercentDecoded(absl::string_view value, std::string* message);

// The value of a header whose name ends in `-bin`: base64, padded or not. None when it is neither.
std::optional<std::string> DecodeBinaryValue(absl::string_view value);
// Without padding.
std::string EncodeBinaryValue(absl::string_view value);

// Of a response that has no `grpc-status`.
absl::StatusCode StatusOfHttp(int http_status);

// Of a stream that the server has reset.
absl::StatusCode StatusOfReset(uint32_t http2_error);

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_CALL_STATUS_H_
