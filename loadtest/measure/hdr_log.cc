#include "loadtest/measure/hdr_log.h"

#include <zlib.h>

#include <bit>
#include <cstdint>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/version.h"

namespace meanwhile {
namespace {

// What the two heads begin with; the 1 before the last digit says that words are of variable length.
constexpr uint32_t kCountsCookie = 0x1c849313;
constexpr uint32_t kCompressedCookie = 0x1c849314;

template <typename T>
void AppendBigEndian(T value, std::string* bytes) {
  for (int shift = 8 * static_cast<int>(sizeof(T)) - 8; shift >= 0; shift -= 8) {
    bytes->push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
  }
}

// Seven bits a byte, the lowest first; the eighth bit says that more follow. A ninth byte would have all of its eight.
void AppendZigZag(int64_t value, std::string* bytes) {
  uint64_t rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (int i = 0; i < 8 && rest >= 0x80; ++i, rest >>= 7) bytes->push_back(static_cast<char>(rest | 0x80));
  bytes->push_back(static_cast<char>(rest));
}

// Up to the last count that is not zero.
std::string EncodeCounts(const std::vector<uint64_t>& counts) {
  std::string bytes;
  int64_t zeros = 0;
  for (const uint64_t count : counts) {
    if (count == 0) {
      ++zeros;
      continue;
    }
    if (zeros > 0) AppendZigZag(zeros == 1 ? 0 : -zeros, &bytes);
    zeros = 0;
    AppendZigZag(static_cast<int64_t>(count), &bytes);
  }
  return bytes;
}

std::string Compress(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string compressed(size, '\0');
  compress(reinterpret_cast<Bytef*>(compressed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
           bytes.size());
  compressed.resize(size);
  return compressed;
}

std::string Encode(const Histogram& histogram) {
  const std::string counts = EncodeCounts(histogram.counts());
  std::string bytes;
  AppendBigEndian(kCountsCookie, &bytes);
  AppendBigEndian(static_cast<uint32_t>(counts.size()), &bytes);
  AppendBigEndian(uint32_t{0}, &bytes);  // The offset that a shifted histogram has.
  AppendBigEndian(uint32_t{Histogram::kSignificantDigits}, &bytes);
  AppendBigEndian(absl::ToInt64Nanoseconds(Histogram::kUnit), &bytes);
  AppendBigEndian(absl::ToInt64Nanoseconds(Histogram::kHighest), &bytes);
  AppendBigEndian(std::bit_cast<uint64_t>(1.0), &bytes);  // By what values are to be multiplied.
  bytes += counts;

  const std::string compressed = Compress(bytes);
  std::string framed;
  AppendBigEndian(kCompressedCookie, &framed);
  AppendBigEndian(static_cast<uint32_t>(compressed.size()), &framed);
  return framed + compressed;
}

}  // namespace

std::string HdrLogHead(absl::Time start) {
  const std::string seconds = absl::StrFormat("%.3f", absl::ToUnixMillis(start) / 1e3);
  return absl::StrCat("#[Logged by Meanwhile's loadtest ", kVersion, "; values in nanoseconds]\n",
                      "#[Histogram log format version 1.3]\n",  //
                      "#[StartTime: ", seconds, " (seconds since epoch), ",
                      absl::FormatTime(start, absl::UTCTimeZone()),
                      "]\n",  //
                      "#[BaseTime: ", seconds, " (seconds since epoch)]\n",
                      "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n");
}

std::string HdrLogLine(absl::string_view tag, absl::Duration begin, absl::Duration length, const Histogram& histogram) {
  return absl::StrFormat("%s%.3f,%.3f,%.3f,%s\n", tag.empty() ? "" : absl::StrCat("Tag=", tag, ","),
                         absl::ToDoubleSeconds(begin), absl::ToDoubleSeconds(length),
                         absl::ToDoubleMilliseconds(histogram.max()), absl::Base64Escape(Encode(histogram)));
}

}  // namespace meanwhile
