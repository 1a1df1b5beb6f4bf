#include "loadtest/engine/http2/timeout_header.h"

#include <gtest/gtest.h>

namespace meanwhile::http2 {
namespace {

TEST(TimeoutHeaderTest, TakesTheFinestUnitThatHasRoom) {
  EXPECT_EQ(EncodeTimeout(absl::Nanoseconds(99'999'999)), "99999999n");
  EXPECT_EQ(EncodeTimeout(absl::Milliseconds(100)), "100000u");
  EXPECT_EQ(EncodeTimeout(absl::Seconds(20)), "20000000u");
  EXPECT_EQ(EncodeTimeout(absl::Seconds(100)), "100000m");
  EXPECT_EQ(EncodeTimeout(absl::Hours(30)), "108000S");
  EXPECT_EQ(EncodeTimeout(absl::Seconds(100'000'000)), "1666667M");
  EXPECT_EQ(EncodeTimeout(absl::Hours(100'000'000)), "99999999H");
}

TEST(TimeoutHeaderTest, RoundsUp) {
  EXPECT_EQ(EncodeTimeout(absl::Milliseconds(100) + absl::Nanoseconds(1)), "100001u");
  EXPECT_EQ(EncodeTimeout(absl::Seconds(100) + absl::Nanoseconds(1)), "100001m");
}

TEST(TimeoutHeaderTest, NeverSaysZero) {
  EXPECT_EQ(EncodeTimeout(absl::ZeroDuration()), "1n");
  EXPECT_EQ(EncodeTimeout(-absl::Seconds(1)), "1n");
  EXPECT_EQ(EncodeTimeout(absl::InfiniteDuration()), "99999999H");
}

}  // namespace
}  // namespace meanwhile::http2
