#include "loadtest/engine/http2/gzip.h"

#include <gtest/gtest.h>

#include <string>

namespace meanwhile::http2 {
namespace {

TEST(GzipTest, ReadsWhatItHasWrittenOneAfterAnother) {
  GzipReader reader;
  for (const std::size_t size : {0, 1, 5'000, 100'000, 3}) {
    const std::string message(size, 'x');
    const absl::StatusOr<absl::string_view> read = reader.Read(GzipCompress(message), 100'000);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, message);
  }
}

TEST(GzipTest, RefusesAMessageThatUnpacksToMoreThanIsAllowed) {
  GzipReader reader;
  for (const std::size_t size : {101, 5'000, 1'000'000}) {
    const absl::Status status = reader.Read(GzipCompress(std::string(size, 'x')), 100).status();
    EXPECT_EQ(status, absl::ResourceExhaustedError("a message of more than 100 bytes, uncompressed")) << size;
  }
}

TEST(GzipTest, RefusesWhatIsNoGzipOrNotAWholeOne) {
  GzipReader reader;
  const std::string whole = GzipCompress("some text that is compressed");
  for (const std::string& bad : {std::string("not gzip"), std::string(), whole.substr(0, whole.size() - 1),
                                 whole.substr(0, 12), whole + "x", std::string(100, '\0')}) {
    EXPECT_EQ(reader.Read(bad, 1000).status().code(), absl::StatusCode::kInternal) << bad.size();
  }
  EXPECT_TRUE(reader.Read(whole, 1000).ok());
}

}  // namespace
}  // namespace meanwhile::http2
