// Response: what one call has been answered so far, and how it ended: gRPC's semantics over the events of an HTTP/2
// stream.
//
//   Begin → OnHeadersBegin, OnHeader …, OnHeadersEnd → OnData … → (OnHeadersEnd | OnEndOfStream | OnReset | Fail)
//
// It ends once; what comes later is ignored. Every way in which a server can break the protocol ends it with the status
// that gRPC's documents name. Storage is kept from one call to the next.
//
// Thread: one.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_RESPONSE_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_RESPONSE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "loadtest/engine/http2/gzip.h"
#include "loadtest/engine/http2/message_framing.h"

namespace meanwhile::http2 {

// The reference client's.
struct ResponseRules {
  std::size_t max_message_bytes = 4 << 20;
  // Of a block of headers, counted as SETTINGS_MAX_HEADER_LIST_SIZE is: 32 bytes more for each header.
  std::size_t max_header_bytes = 8 << 10;
  // The method is unary or streams to the server only: exactly one message is an answer.
  bool one_message = true;
};

class Response {
 public:
  explicit Response(const ResponseRules& rules) : rules_(rules), messages_(rules.max_message_bytes) {}

  void Begin();
  // In place of the rules' one_message, from the next Begin on.
  void set_one_message(bool one_message) { rules_.one_message = one_message; }

  void OnHeadersBegin();
  void OnHeader(absl::string_view name, absl::string_view value);
  void OnHeadersEnd(bool end_of_stream);
  // Calls `on_message(absl::string_view)`, whose argument is valid within it only, for each message.
  template <typename OnMessage>
  void OnData(absl::string_view piece, GzipReader* gzip, OnMessage on_message);
  // The stream has ended, with data or with trailers.
  void OnEndOfStream();
  void OnReset(uint32_t http2_error);
  // Ends it for a reason of the client's own.
  void Fail(absl::StatusCode code, absl::string_view message);

  bool ended() const { return ended_; }
  // Once ended.
  absl::StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  // `grpc-status-details-bin`, decoded.
  const std::string& details() const { return details_; }
  std::size_t messages() const { return message_count_; }

 private:
  enum class Encoding { kIdentity, kGzip, kOther };

  // Only what stands behind the messages is the call's status: not what came with an interim response, or before a
  // message.
  void ForgetStatus();
  // The status of a response without `grpc-status`; `problem` tells why it has none.
  void FailWithHttpStatus(absl::string_view problem);

  ResponseRules rules_;
  MessageReader messages_;
  std::size_t message_count_ = 0;
  std::size_t header_bytes_ = 0;
  bool headers_ended_ = false;  // Those that are no interim response.
  bool content_type_is_grpc_ = false;
  int http_status_ = 0;
  Encoding encoding_ = Encoding::kIdentity;
  std::optional<absl::StatusCode> grpc_status_;
  bool ended_ = false;
  absl::StatusCode code_ = absl::StatusCode::kOk;
  std::string message_;
  std::string details_;
};

template <typename OnMessage>
void Response::OnData(absl::string_view piece, GzipReader* gzip, OnMessage on_message) {
  if (ended_) return;
  if (!piece.empty()) ForgetStatus();
  const absl::Status status = messages_.Read(piece, [&](bool compressed, absl::string_view message) -> absl::Status {
    if (++message_count_ > 1 && rules_.one_message) {
      return absl::UnimplementedError("more than one message where one was expected");
    }
    if (compressed) {
      if (encoding_ != Encoding::kGzip) {
        return absl::InternalError("a compressed message without a grpc-encoding that was asked for");
      }
      const absl::StatusOr<absl::string_view> plain = gzip->Read(message, rules_.max_message_bytes);
      if (!plain.ok()) return plain.status();
      message = *plain;
    }
    on_message(message);
    return absl::OkStatus();
  });
  if (!status.ok()) Fail(status.code(), status.message());
}

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_RESPONSE_H_
