#include "loadtest/engine/http2/reconnect_backoff.h"

#include <gtest/gtest.h>

namespace meanwhile::http2 {
namespace {

using namespace std::chrono_literals;

TEST(ReconnectBackoffTest, GrowsUpToItsLongest) {
  ReconnectBackoff backoff;
  EXPECT_EQ(backoff.Next(0), 100ms);
  EXPECT_EQ(backoff.Next(0), 160ms);
  EXPECT_EQ(backoff.Next(0), 256ms);
  for (int i = 0; i < 10; ++i) backoff.Next(0);
  EXPECT_EQ(backoff.Next(0), 1s);
}

TEST(ReconnectBackoffTest, IsSpreadDownwards) {
  ReconnectBackoff backoff;
  EXPECT_EQ(backoff.Next(0.5), 90ms);
  EXPECT_EQ(backoff.Next(0.25), 152ms);
}

TEST(ReconnectBackoffTest, BeginsAnewAfterASuccess) {
  ReconnectBackoff backoff;
  for (int i = 0; i < 10; ++i) backoff.Next(0);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(0), 100ms);
}

}  // namespace
}  // namespace meanwhile::http2
