#include "loadtest/engine/http2/call_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace meanwhile::http2 {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

std::vector<std::pair<std::string, std::string>> TextsOf(const std::vector<nghttp2_nv>& headers) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const nghttp2_nv& header : headers) {
    texts.emplace_back(std::string(reinterpret_cast<const char*>(header.name), header.namelen),
                       std::string(reinterpret_cast<const char*>(header.value), header.valuelen));
  }
  return texts;
}

TEST(CallSpecTest, OrdersItsHeadersAsTheProtocolAsks) {
  const CallSpec spec({.path = "/s/m",
                       .authority = "host:1",
                       .metadata = {{"key", "value"}, {"bytes-bin", std::string("\0\1", 2)}},
                       .timeout = absl::Seconds(1)});
  EXPECT_THAT(
      TextsOf(spec.headers()),
      ElementsAre(Pair(":method", "POST"), Pair(":scheme", "http"), Pair(":path", "/s/m"), Pair(":authority", "host:1"),
                  Pair("grpc-timeout", "1000000u"), Pair("te", "trailers"), Pair("content-type", "application/grpc"),
                  Pair("user-agent", StartsWith("grpc-c++-")), Pair("grpc-accept-encoding", "identity,gzip"),
                  Pair("key", "value"), Pair("bytes-bin", "AAE")));
}

TEST(CallSpecTest, SaysNoTimeoutWhenThereIsNone) {
  const CallSpec spec({.path = "/s/m", .secure = true});
  EXPECT_THAT(TextsOf(spec.headers()), Not(Contains(Pair("grpc-timeout", testing::_))));
  EXPECT_THAT(TextsOf(spec.headers()), Contains(Pair(":scheme", "https")));
  std::string timeout;
  EXPECT_EQ(TextsOf(spec.HeadersWithin(absl::Seconds(1), &timeout)), TextsOf(spec.headers()));
}

TEST(CallSpecTest, TellsTheServerOfTheTimeThatIsLeft) {
  const CallSpec spec({.path = "/s/m", .timeout = absl::Seconds(1)});
  std::string timeout;
  EXPECT_THAT(TextsOf(spec.HeadersWithin(absl::Milliseconds(250), &timeout)),
              Contains(Pair("grpc-timeout", "250000u")));
}

TEST(CallSpecTest, TellsThatItsMessagesAreCompressed) {
  EXPECT_THAT(TextsOf(CallSpec({.path = "/s/m", .gzip = true}).headers()), Contains(Pair("grpc-encoding", "gzip")));
}

// What a call's headers cost once HPACK has its tables.
TEST(CallSpecTest, ItsHeadersAreIndexedAllButThePath) {
  const CallSpec spec({.path = "/s/m", .authority = "host:1", .timeout = absl::Seconds(20)});
  nghttp2_hd_deflater* deflater = nullptr;
  ASSERT_EQ(nghttp2_hd_deflate_new(&deflater, 4096), 0);
  std::string block(1000, '\0');
  const auto deflate = [&] {
    return nghttp2_hd_deflate_hd(deflater, reinterpret_cast<uint8_t*>(block.data()), block.size(),
                                 spec.headers().data(), spec.headers().size());
  };
  deflate();
  const ssize_t size = deflate();
  nghttp2_hd_deflate_del(deflater);
  const ssize_t others = static_cast<ssize_t>(spec.headers().size()) - 1;
  EXPECT_LE(size, others + 2 + 4) << "a byte for each header, and the path";
}

}  // namespace
}  // namespace meanwhile::http2
