#include "loadtest/live_stats.h"

#include <gtest/gtest.h>

#include <chrono>

namespace meanwhile {
namespace {

using namespace std::chrono_literals;

TEST(LiveStatsTest, AddsUpTheLoopsAndTellsEachEndOnce) {
  LiveStats one, other;
  LiveStatsReader reader({&one, &other});
  for (int i = 0; i < 3; ++i) one.OnSent();
  other.OnSent();
  one.OnEnded(1ms, absl::StatusCode::kOk);
  LiveStatsReader::View view = reader.Look();
  EXPECT_EQ(view.ended, 1u);
  EXPECT_EQ(view.in_flight, 3);
  other.OnEnded(1ms, absl::StatusCode::kOk);
  view = reader.Look();
  EXPECT_EQ(view.ended, 1u);
  EXPECT_EQ(view.in_flight, 2);
}

TEST(LiveStatsTest, TellsEachFailureOnce) {
  LiveStats stats;
  LiveStatsReader reader({&stats});
  stats.OnEnded(1ms, absl::StatusCode::kOk);
  stats.OnEnded(1ms, absl::StatusCode::kUnavailable);
  LiveStatsReader::View view = reader.Look();
  EXPECT_EQ(view.ended, 2u);
  EXPECT_EQ(view.failed, 1u);
  stats.OnEnded(1ms, absl::StatusCode::kOk);
  EXPECT_EQ(reader.Look().failed, 0u);
}

TEST(LiveStatsTest, TellsQuantilesOfAnyMagnitudeToSixPercent) {
  for (const std::chrono::microseconds scale : {1us, 77us, 3'000us, 1'000'000us}) {
    LiveStats stats;
    LiveStatsReader reader({&stats});
    for (int i = 1; i <= 1000; ++i) stats.OnEnded(i * scale, absl::StatusCode::kOk);
    const LiveStatsReader::View view = reader.Look();
    EXPECT_LE(view.p50, absl::FromChrono(500 * scale));
    EXPECT_GE(view.p50, absl::FromChrono(500 * scale) * 0.93);
    EXPECT_LE(view.p99, absl::FromChrono(990 * scale));
    EXPECT_GE(view.p99, absl::FromChrono(990 * scale) * 0.93);
  }
}

TEST(LiveStatsTest, TakesTheShortestAndTheLongestTimes) {
  LiveStats stats;
  LiveStatsReader reader({&stats});
  stats.OnEnded(-1ns, absl::StatusCode::kOk);
  EXPECT_EQ(reader.Look().p99, absl::ZeroDuration());
  stats.OnEnded(1000h, absl::StatusCode::kOk);
  EXPECT_GE(reader.Look().p99, absl::Hours(1));
}

TEST(LiveStatsTest, TellsNoTimesWhenNothingEnded) {
  LiveStats stats;
  LiveStatsReader reader({&stats});
  EXPECT_EQ(reader.Look().p50, absl::ZeroDuration());
}

}  // namespace
}  // namespace meanwhile
