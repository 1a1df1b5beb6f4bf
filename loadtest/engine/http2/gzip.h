// Messages compressed with gzip, one by one, as `grpc-encoding: gzip` means.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_GZIP_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_GZIP_H_

#include <zlib.h>

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace meanwhile::http2 {

std::string GzipCompress(absl::string_view message);

// Keeps its tables and its output from one message to the next. Thread: one.
class GzipReader {
 public:
  GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;
  ~GzipReader();

  // What `compressed` holds; valid until the next call. INTERNAL when it is no gzip, or not a whole one;
  // RESOURCE_EXHAUSTED when it holds more than `max_bytes`.
  absl::StatusOr<absl::string_view> Read(absl::string_view compressed, std::size_t max_bytes);

 private:
  z_stream stream_{};
  std::string output_;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_GZIP_H_
