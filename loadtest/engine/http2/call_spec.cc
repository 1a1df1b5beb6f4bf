#include "loadtest/engine/http2/call_spec.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/version.h"
#include "loadtest/engine/http2/call_status.h"
#include "loadtest/engine/http2/timeout_header.h"

namespace meanwhile::http2 {
namespace {

uint8_t* Bytes(const std::string& text) { return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data())); }

}  // namespace

CallSpec::CallSpec(const CallSpecOptions& options) : timeout_(options.timeout) {
  AddHeader(":method", "POST");
  AddHeader(":scheme", options.secure ? "https" : "http");
  AddHeader(":path", options.path);
  AddHeader(":authority", options.authority);
  if (timeout_ < absl::InfiniteDuration()) {
    timeout_place_ = texts_.size();
    AddHeader("grpc-timeout", EncodeTimeout(timeout_));
  }
  AddHeader("te", "trailers");
  AddHeader("content-type", "application/grpc");
  AddHeader("user-agent", absl::StrCat("grpc-c++-nghttp2/", kVersion, " (meanwhile loadtest)"));
  if (options.gzip) AddHeader("grpc-encoding", "gzip");
  AddHeader("grpc-accept-encoding", "identity,gzip");
  for (const auto& [name, value] : options.metadata) {
    AddHeader(name, absl::EndsWith(name, "-bin") ? EncodeBinaryValue(value) : value);
  }
  for (const auto& [name, value] : texts_) {
    headers_.push_back({Bytes(name), Bytes(value), name.size(), value.size(),
                        NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE});
  }
}

std::vector<nghttp2_nv> CallSpec::HeadersWithin(absl::Duration left, std::string* timeout) const {
  std::vector<nghttp2_nv> headers = headers_;
  if (timeout_place_ == 0) return headers;
  *timeout = EncodeTimeout(left);
  nghttp2_nv& header = headers[timeout_place_];
  header.value = Bytes(*timeout);
  header.valuelen = timeout->size();
  header.flags = NGHTTP2_NV_FLAG_NO_COPY_NAME;
  return headers;
}

void CallSpec::AddHeader(std::string name, std::string value) {
  texts_.emplace_back(std::move(name), std::move(value));
}

}  // namespace meanwhile::http2
