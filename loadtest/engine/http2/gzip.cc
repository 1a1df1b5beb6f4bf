#include "loadtest/engine/http2/gzip.h"

#include <algorithm>
#include <new>

#include "absl/strings/str_cat.h"

namespace meanwhile::http2 {
namespace {

// zlib's: the largest window, and a header of gzip's.
constexpr int kGzipWindowBits = 15 + 16;
constexpr std::size_t kFirstOutputBytes = 4096;

Bytef* Bytes(absl::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

}  // namespace

std::string GzipCompress(absl::string_view message) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string compressed(deflateBound(&stream, message.size()), '\0');
  stream.next_in = Bytes(message);
  stream.avail_in = static_cast<uInt>(message.size());
  stream.next_out = Bytes(compressed);
  stream.avail_out = static_cast<uInt>(compressed.size());
  deflate(&stream, Z_FINISH);  // All of it: there is room for the longest outcome.
  compressed.resize(stream.total_out);
  deflateEnd(&stream);
  return compressed;
}

GzipReader::GzipReader() {
  if (inflateInit2(&stream_, kGzipWindowBits) != Z_OK) throw std::bad_alloc();
}

GzipReader::~GzipReader() { inflateEnd(&stream_); }

absl::StatusOr<absl::string_view> GzipReader::Read(absl::string_view compressed, std::size_t max_bytes) {
  inflateReset(&stream_);
  stream_.next_in = Bytes(compressed);
  stream_.avail_in = static_cast<uInt>(compressed.size());
  // One byte more than allowed tells that there is more.
  const std::size_t most = max_bytes + 1;
  if (output_.empty()) output_.resize(std::min(kFirstOutputBytes, most));
  std::size_t size = 0;
  while (true) {
    stream_.next_out = Bytes(output_) + size;
    stream_.avail_out = static_cast<uInt>(std::min(output_.size(), most) - size);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    size = stream_.total_out;
    if (size > max_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat("a message of more than ", max_bytes, " bytes, uncompressed"));
    }
    if (result == Z_STREAM_END && stream_.avail_in == 0) return absl::string_view(output_).substr(0, size);
    const bool output_full = result == Z_OK && stream_.avail_out == 0;
    if (!output_full) return absl::InternalError("a compressed message is no gzip");
    if (size == output_.size()) output_.resize(std::min(2 * output_.size(), most));
  }
}

}  // namespace meanwhile::http2
