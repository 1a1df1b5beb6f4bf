#include "loadtest/measure/live_stats.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>

#include "loadtest/measure/verdict.h"

namespace meanwhile {
namespace {

using namespace std::chrono_literals;

LiveCounts CountsOf(const LiveStats& stats) {
  LiveCounts counts;
  stats.AddTo(&counts);
  return counts;
}

TEST(LiveStatsTest, AddsUpTheLoops) {
  LiveStats one, other;
  for (int i = 0; i < 3; ++i) one.OnSent();
  other.OnSent();
  one.OnEnded(1ms, absl::StatusCode::kOk);
  one.OnDue();
  other.OnDue();
  other.OnNotSent();
  LiveCounts counts;
  one.AddTo(&counts);
  other.AddTo(&counts);
  EXPECT_EQ(counts.calls(), 1u);
  EXPECT_EQ(counts.in_flight, 3);
  EXPECT_EQ(counts.due, 2u);
  EXPECT_EQ(counts.not_sent, 1u);
}

TEST(LiveStatsTest, TellsWhatHappenedSinceAnEarlierLook) {
  LiveStats stats;
  for (int i = 0; i < 5; ++i) stats.OnSent();
  stats.OnDue();
  stats.OnEnded(1ms, absl::StatusCode::kOk);
  stats.OnEnded(1ms, absl::StatusCode::kUnavailable);
  const LiveCounts before = CountsOf(stats);
  EXPECT_EQ(before.failed(), 1u);
  stats.OnDue();
  stats.OnEnded(1s, absl::StatusCode::kOk);
  const LiveCounts since = CountsOf(stats).Since(before);
  EXPECT_EQ(since.calls(), 1u);
  EXPECT_EQ(since.succeeded(), 1u);
  EXPECT_EQ(since.failed(), 0u);
  EXPECT_EQ(since.due, 1u);
  EXPECT_EQ(since.in_flight, 2);
  EXPECT_GE(since.Quantile(0.5), absl::Milliseconds(980));

  LiveCounts both = before;
  both.Append(since);
  EXPECT_EQ(both.calls(), 3u);
  EXPECT_EQ(both.due, 2u);
  EXPECT_EQ(both.in_flight, 2);
  EXPECT_LE(both.Quantile(0.5), absl::Milliseconds(1.02));
}

TEST(LiveStatsTest, CountsACallByItsStatusAndByWhetherItWentAsItShould) {
  LiveStats stats;
  constexpr auto kOk = static_cast<std::size_t>(absl::StatusCode::kOk);
  constexpr auto kNotFound = static_cast<std::size_t>(absl::StatusCode::kNotFound);
  stats.OnEnded(1ms, absl::StatusCode::kOk);
  stats.OnEnded(1ms, absl::StatusCode::kOk, Verdict::kWrongAnswer);
  stats.OnEnded(1ms, absl::StatusCode::kOk, Verdict::kWrongAnswer);
  stats.OnEnded(1ms, absl::StatusCode::kNotFound);
  const LiveCounts before = CountsOf(stats);
  EXPECT_EQ(before.succeeded_with[kOk], 1u);
  EXPECT_EQ(before.failed_with[kOk], 2u);
  EXPECT_EQ(before.failed_with[kNotFound], 1u);
  EXPECT_EQ(before.succeeded(), 1u);
  EXPECT_EQ(before.failed(), 3u);
  EXPECT_EQ(before.calls(), 4u);
  stats.OnEnded(1ms, absl::StatusCode::kNotFound, Verdict::kSucceeded);
  stats.OnEnded(1ms, absl::StatusCode::kOk, Verdict::kFailed);
  const LiveCounts since = CountsOf(stats).Since(before);
  EXPECT_EQ(since.succeeded_with[kNotFound], 1u);
  EXPECT_EQ(since.failed_with[kOk], 1u);
  EXPECT_EQ(since.calls(), 2u);
  LiveCounts both = before;
  both.Append(since);
  EXPECT_EQ(both.succeeded(), 2u);
  EXPECT_EQ(both.failed(), 4u);
}

TEST(LiveStatsTest, TellsQuantilesOfAnyMagnitudeToTwoPercent) {
  for (const std::chrono::microseconds scale : {77us, 3'000us, 1'000'000us}) {
    LiveStats stats;
    for (int i = 1; i <= 1000; ++i) stats.OnEnded(i * scale, absl::StatusCode::kOk);
    const LiveCounts counts = CountsOf(stats);
    for (const double quantile : {0.5, 0.9, 0.99}) {
      EXPECT_NEAR(absl::ToDoubleSeconds(counts.Quantile(quantile)) / std::chrono::duration<double>(scale).count(),
                  1000 * quantile, 20 * quantile);
    }
    EXPECT_GE(counts.Longest(), absl::FromChrono(1000 * scale));
    EXPECT_LE(counts.Longest(), absl::FromChrono(1000 * scale) * 1.04);
  }
}

TEST(LiveStatsTest, TakesTheShortestAndTheLongestTimes) {
  LiveStats stats;
  stats.OnEnded(-1ns, absl::StatusCode::kOk);
  EXPECT_LE(CountsOf(stats).Quantile(0.99), absl::Microseconds(1));
  stats.OnEnded(1000h, absl::StatusCode::kOk);
  EXPECT_GE(CountsOf(stats).Quantile(0.99), absl::Hours(1));
  EXPECT_GE(CountsOf(stats).Longest(), CountsOf(stats).Quantile(1));
}

TEST(LiveStatsTest, TellsNoTimesWhenNothingEnded) {
  EXPECT_EQ(LiveCounts().Quantile(0.5), absl::ZeroDuration());
  EXPECT_EQ(LiveCounts().Longest(), absl::ZeroDuration());
}

}  // namespace
}  // namespace meanwhile
