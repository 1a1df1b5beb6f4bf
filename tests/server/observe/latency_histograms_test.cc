#include "server/observe/latency_histograms.h"

#include <gtest/gtest.h>

#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

namespace meanwhile {
namespace {

using namespace std::chrono_literals;
using Part = LatencyHistograms::Part;

// A call that was queued, waited and ran for so long.
CallRecord Call(CallMethod method, async::Duration queued, async::Duration waited, async::Duration ran) {
  CallRecord call{.method = method, .arrived = async::TimePoint(1h)};
  call.began = call.arrived + queued;
  call.ended = call.began + waited + ran;
  call.running = ran;
  return call;
}

// The bound of the bucket that holds the one value there is.
async::Duration BoundOf(const LatencyHistograms::Histogram& histogram) {
  for (std::size_t i = 0; i < LatencyHistograms::kBuckets; ++i) {
    if (histogram.counts[i] > 0) {
      return i + 1 < LatencyHistograms::kBuckets ? LatencyHistograms::kBounds[i] : async::Duration::max();
    }
  }
  return async::Duration::zero();
}

std::uint64_t Count(const LatencyHistograms::Histogram& histogram) {
  return std::accumulate(histogram.counts.begin(), histogram.counts.end(), std::uint64_t{0});
}

TEST(LatencyHistogramsTest, CountsEachPartOfACallInTheBucketThatHoldsIt) {
  LatencyHistograms histograms;
  histograms.OnCallEnded(Call(CallMethod::kFetch, 3ms, 51ms, 20us));
  const auto read = [&](Part part) { return histograms.Read(CallMethod::kFetch, part); };
  EXPECT_EQ(BoundOf(read(Part::kQueued)), 5ms);
  EXPECT_EQ(BoundOf(read(Part::kWaiting)), 100ms);
  EXPECT_EQ(BoundOf(read(Part::kRunning)), 25us);
  EXPECT_EQ(BoundOf(read(Part::kTotal)), 100ms);
  EXPECT_EQ(read(Part::kQueued).sum, 3ms);
  EXPECT_EQ(read(Part::kWaiting).sum, 51ms);
  EXPECT_EQ(read(Part::kRunning).sum, 20us);
  EXPECT_EQ(read(Part::kTotal).sum, 54ms + 20us);
  EXPECT_EQ(Count(histograms.Read(CallMethod::kGather, Part::kTotal)), 0u);
}

TEST(LatencyHistogramsTest, ABoundBelongsToItsBucket) {
  for (const async::Duration bound : LatencyHistograms::kBounds) {
    LatencyHistograms at, above;
    at.OnCallEnded(Call(CallMethod::kFetch, bound, 0s, 0s));
    above.OnCallEnded(Call(CallMethod::kFetch, bound + 1ns, 0s, 0s));
    EXPECT_EQ(BoundOf(at.Read(CallMethod::kFetch, Part::kQueued)), bound);
    EXPECT_GT(BoundOf(above.Read(CallMethod::kFetch, Part::kQueued)), bound);
  }
}

TEST(LatencyHistogramsTest, TheLastBucketHasNoBound) {
  LatencyHistograms histograms;
  histograms.OnCallEnded(Call(CallMethod::kWatch, 0s, 24h, 0s));
  EXPECT_EQ(BoundOf(histograms.Read(CallMethod::kWatch, Part::kWaiting)), async::Duration::max());
}

TEST(LatencyHistogramsTest, LosesNothingWhenManyThreadsCount) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 20'000;
  LatencyHistograms histograms;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int call = 0; call < kCalls; ++call) histograms.OnCallEnded(Call(CallMethod::kFetch, 0s, 1ms, 1us));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const LatencyHistograms::Histogram total = histograms.Read(CallMethod::kFetch, Part::kTotal);
  EXPECT_EQ(Count(total), std::uint64_t{kThreads} * kCalls);
  EXPECT_EQ(total.sum, kThreads * kCalls * (1ms + 1us));
}

}  // namespace
}  // namespace meanwhile
