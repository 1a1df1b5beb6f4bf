#include "loadtest/engine/http2/response.h"

#include <nghttp2/nghttp2.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "loadtest/engine/http2/call_status.h"

namespace meanwhile::http2 {
namespace {

// What a header adds to the size of its block, as HTTP/2 counts.
constexpr std::size_t kHeaderOverhead = 32;

bool IsGrpc(absl::string_view content_type) {
  constexpr absl::string_view kGrpc = "application/grpc";
  if (content_type == kGrpc) return true;
  if (!absl::StartsWithIgnoreCase(content_type, kGrpc)) return false;
  content_type.remove_prefix(kGrpc.size());
  return content_type.empty() || content_type[0] == '+' || content_type[0] == ';';
}

}  // namespace

void Response::Begin() {
  messages_.Reset();
  message_count_ = 0;
  headers_ended_ = false;
  content_type_is_grpc_ = false;
  http_status_ = 0;
  encoding_ = Encoding::kIdentity;
  grpc_status_.reset();
  ended_ = false;
  code_ = absl::StatusCode::kOk;
  message_.clear();
  details_.clear();
}

void Response::OnHeadersBegin() {
  header_bytes_ = 0;
  ForgetStatus();
}

void Response::OnHeader(absl::string_view name, absl::string_view value) {
  header_bytes_ += name.size() + value.size() + kHeaderOverhead;
  if (header_bytes_ > rules_.max_header_bytes) {
    return Fail(absl::StatusCode::kResourceExhausted,
                absl::StrCat("headers of more than ", rules_.max_header_bytes, " bytes"));
  }
  if (ended_) return;
  if (name == ":status") {
    if (value == "200") {
      http_status_ = 200;
    } else if (!absl::SimpleAtoi(value, &http_status_)) {
      http_status_ = 0;
    }
  } else if (name == "grpc-status") {
    grpc_status_ = ParseGrpcStatus(value);
  } else if (name == "grpc-message") {
    message_.clear();
    AppendPercentDecoded(value, &message_);
  } else if (name == "grpc-status-details-bin") {
    details_ = DecodeBinaryValue(value).value_or("");
  } else if (name == "content-type") {
    content_type_is_grpc_ = IsGrpc(value);
  } else if (name == "grpc-encoding") {
    encoding_ = value == "identity" ? Encoding::kIdentity : value == "gzip" ? Encoding::kGzip : Encoding::kOther;
  }
}

void Response::OnHeadersEnd(bool end_of_stream) {
  if (ended_) return;
  if (end_of_stream) return OnEndOfStream();
  if (headers_ended_ || http_status_ / 100 == 1) return;
  headers_ended_ = true;
  if (grpc_status_) return;
  if (http_status_ != 200) return FailWithHttpStatus(absl::StrCat("HTTP status ", http_status_));
  if (!content_type_is_grpc_) return FailWithHttpStatus("a content-type that is not application/grpc");
}

void Response::OnEndOfStream() {
  if (ended_) return;
  if (!grpc_status_) {
    return FailWithHttpStatus(http_status_ == 200 ? "no grpc-status" : absl::StrCat("HTTP status ", http_status_));
  }
  if (*grpc_status_ == absl::StatusCode::kOk) {
    if (!messages_.at_boundary()) return Fail(absl::StatusCode::kInternal, "the answer ended within a message");
    if (rules_.one_message && message_count_ == 0) {
      return Fail(absl::StatusCode::kUnimplemented, "no message where one was expected");
    }
    message_.clear();
  }
  ended_ = true;
  code_ = *grpc_status_;
}

void Response::ForgetStatus() {
  if (ended_) return;
  grpc_status_.reset();
  message_.clear();
  details_.clear();
}

void Response::OnReset(uint32_t http2_error) {
  if (ended_) return;
  Fail(StatusOfReset(http2_error), absl::StrCat("the stream was reset with ", nghttp2_http2_strerror(http2_error)));
}

void Response::Fail(absl::StatusCode code, absl::string_view message) {
  if (ended_) return;
  ended_ = true;
  code_ = code;
  message_.assign(message.data(), message.size());
  details_.clear();
}

void Response::FailWithHttpStatus(absl::string_view problem) { Fail(StatusOfHttp(http_status_), problem); }

}  // namespace meanwhile::http2
