// CallSpec: the headers of a method's calls in the order in which they are always sent, so that HPACK has each of them
// in its table after the first call.
//
// nghttp2 has one exception to the table, `:path`, which it spells out in each request.
//
// Thread: any; it does not change.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_CALL_SPEC_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_CALL_SPEC_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace meanwhile::http2 {

struct CallSpecOptions {
  // `/meanwhile.v1.Meanwhile/Fetch`.
  std::string path = {};
  std::string authority = {};
  // Over TLS.
  bool secure = false;
  // Their messages are compressed.
  bool gzip = false;
  // Names in lower case. Values of names in `-bin` are bytes, the others printable ASCII.
  std::vector<std::pair<std::string, std::string>> metadata = {};
  absl::Duration timeout = absl::InfiniteDuration();
};

class CallSpec {
 public:
  explicit CallSpec(const CallSpecOptions& options);
  CallSpec(const CallSpec&) = delete;
  CallSpec& operator=(const CallSpec&) = delete;

  // For a call that is sent at once.
  const std::vector<nghttp2_nv>& headers() const { return headers_; }
  // For a call that has waited and has so much time left. `timeout` is where the value is kept.
  std::vector<nghttp2_nv> HeadersWithin(absl::Duration left, std::string* timeout) const;

  absl::Duration timeout() const { return timeout_; }

 private:
  void AddHeader(std::string name, std::string value);

  const absl::Duration timeout_;
  std::vector<std::pair<std::string, std::string>> texts_;  // What headers_ refers to.
  std::vector<nghttp2_nv> headers_;
  std::size_t timeout_place_ = 0;  // In headers_, when there is a timeout.
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_CALL_SPEC_H_
