#include "loadtest/measure/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <numeric>
#include <random>
#include <vector>

#include "absl/time/time.h"

namespace {
std::atomic<int64_t> allocations = 0;
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace meanwhile {
namespace {

constexpr double kQuantiles[] = {0.01, 0.07, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 0.99999};

// Latencies from some 1 ms to some 3 s.
std::vector<int64_t> Sample(uint64_t seed, size_t count) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> latency(17.7, 0.8);
  std::vector<int64_t> nanos(count);
  for (int64_t& value : nanos) value = static_cast<int64_t>(latency(random));
  return nanos;
}

Histogram Of(const std::vector<int64_t>& nanos) {
  Histogram histogram;
  for (const int64_t value : nanos) histogram.RecordNanos(value);
  return histogram;
}

// The value of the nearest rank, as a person would find it.
int64_t ExactQuantile(std::vector<int64_t> nanos, double quantile) {
  std::sort(nanos.begin(), nanos.end());
  const auto rank = static_cast<size_t>(std::ceil(quantile * static_cast<double>(nanos.size()) - 1e-6));
  return nanos[rank - 1];
}

TEST(HistogramTest, QuantilesAreWithinATenthOfAPercentOfTheSortedSample) {
  for (const size_t count : {10, 100, 1'000, 200'000}) {
    const std::vector<int64_t> sample = Sample(count, count);
    const Histogram histogram = Of(sample);
    for (const double quantile : kQuantiles) {
      SCOPED_TRACE(testing::Message() << "quantile " << quantile << " of " << count);
      const auto exact = static_cast<double>(ExactQuantile(sample, quantile));
      const double value = absl::ToDoubleNanoseconds(histogram.ValueAtQuantile(quantile));
      EXPECT_GE(value, exact);
      EXPECT_LE(value, exact * 1.001);
    }
  }
}

TEST(HistogramTest, QuantilesOfShortValuesAreWithinHalfAMicrosecond) {
  std::vector<int64_t> sample(1'000);
  std::iota(sample.begin(), sample.end(), 0);
  for (int64_t& value : sample) value *= 499;
  const Histogram histogram = Of(sample);
  for (const double quantile : {0.01, 0.1, 0.5, 0.9, 0.99}) {
    const int64_t exact = ExactQuantile(sample, quantile);
    const int64_t value = absl::ToInt64Nanoseconds(histogram.ValueAtQuantile(quantile));
    EXPECT_GE(value, exact);
    EXPECT_LT(value, exact + 512);
  }
}

TEST(HistogramTest, TheRankOfAQuantileIsNotRoundedUpByArithmetic) {
  // In doubles 0.07 * 100 is a little more than 7.
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Record(absl::Milliseconds(i));
  EXPECT_NEAR(absl::ToDoubleMilliseconds(histogram.ValueAtQuantile(0.07)), 7, 0.007);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(histogram.ValueAtQuantile(0.5)), 50, 0.05);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(histogram.ValueAtQuantile(0.9)), 90, 0.09);
}

TEST(HistogramTest, QuantilesAtAndBeyondTheEndsAreTheExactMinimumAndMaximum) {
  const Histogram histogram = Of({123'456'789, 9'876'543'211, 55'555'555'555});
  for (const double quantile : {-1.0, 0.0}) EXPECT_EQ(histogram.ValueAtQuantile(quantile), histogram.min());
  for (const double quantile : {1.0, 2.0}) EXPECT_EQ(histogram.ValueAtQuantile(quantile), histogram.max());
  EXPECT_EQ(histogram.min(), absl::Nanoseconds(123'456'789));
  EXPECT_EQ(histogram.max(), absl::Nanoseconds(55'555'555'555));
}

TEST(HistogramTest, MeanIsExactAndStddevWithinATenthOfAPercent) {
  const std::vector<int64_t> sample = Sample(7, 100'000);
  const Histogram histogram = Of(sample);
  const double mean = std::accumulate(sample.begin(), sample.end(), 0.0) / static_cast<double>(sample.size());
  double squares = 0;
  for (const int64_t value : sample) squares += std::pow(static_cast<double>(value) - mean, 2);
  const double stddev = std::sqrt(squares / static_cast<double>(sample.size()));
  EXPECT_NEAR(absl::ToDoubleNanoseconds(histogram.mean()), mean, 1);
  EXPECT_NEAR(absl::ToDoubleNanoseconds(histogram.stddev()), stddev, stddev * 0.001);
}

TEST(HistogramTest, SumDoesNotOverflow) {
  Histogram histogram;
  histogram.Record(Histogram::kHighest);
  // Doubling 40 times makes 2^40 hours: more nanoseconds than 64 bits hold.
  for (int i = 0; i < 40; ++i) histogram.Add(Histogram(histogram));
  EXPECT_EQ(histogram.count(), uint64_t{1} << 40);
  EXPECT_EQ(histogram.mean(), Histogram::kHighest);
}

TEST(HistogramTest, MergedHistogramsEqualOneThatRecordedEverything) {
  const std::vector<int64_t> first = Sample(1, 5'000);
  std::vector<int64_t> second = Sample(2, 3'000);
  second.push_back(-1);
  std::vector<int64_t> all = first;
  all.insert(all.end(), second.begin(), second.end());

  Histogram merged = Of(first);
  merged.Add(Of(second));
  merged.Add(Histogram());
  EXPECT_EQ(merged, Of(all));
  EXPECT_EQ(merged.count(), 8'001u);
  EXPECT_EQ(merged.clamped(), 1u);
}

TEST(HistogramTest, ValuesOutOfRangeAreCountedAtTheEndsOfTheRange) {
  Histogram histogram;
  histogram.Record(Histogram::kHighest);
  histogram.RecordNanos(0);
  EXPECT_EQ(histogram.clamped(), 0u);

  histogram.Record(Histogram::kHighest + absl::Nanoseconds(1));
  histogram.Record(absl::InfiniteDuration());
  histogram.Record(-absl::Nanoseconds(1));
  EXPECT_EQ(histogram.clamped(), 3u);
  EXPECT_EQ(histogram.count(), 5u);
  EXPECT_EQ(histogram.min(), absl::ZeroDuration());
  EXPECT_EQ(histogram.max(), Histogram::kHighest);
  EXPECT_EQ(histogram.ValueAtQuantile(0.99), Histogram::kHighest);
  EXPECT_EQ(histogram.ValueAtQuantile(0.4), absl::Nanoseconds(511));
}

TEST(HistogramTest, OneValueIsItsOwnMinimumMaximumMeanAndEveryQuantile) {
  const absl::Duration value = absl::Milliseconds(50);
  Histogram histogram;
  histogram.Record(value);
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.min(), value);
  EXPECT_EQ(histogram.max(), value);
  EXPECT_EQ(histogram.mean(), value);
  EXPECT_EQ(histogram.stddev(), absl::ZeroDuration());
  for (const double quantile : {0.0, 1e-9, 0.5, 0.99999, 1.0}) EXPECT_EQ(histogram.ValueAtQuantile(quantile), value);
}

TEST(HistogramTest, EmptyIsZeroEverywhere) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.clamped(), 0u);
  EXPECT_EQ(histogram.min(), absl::ZeroDuration());
  EXPECT_EQ(histogram.max(), absl::ZeroDuration());
  EXPECT_EQ(histogram.mean(), absl::ZeroDuration());
  EXPECT_EQ(histogram.stddev(), absl::ZeroDuration());
  for (const double quantile : {0.0, 0.5, 1.0}) EXPECT_EQ(histogram.ValueAtQuantile(quantile), absl::ZeroDuration());
  EXPECT_TRUE(histogram.NonEmptyBuckets().empty());
}

TEST(HistogramTest, BucketsHoldTheirValuesAndLieSideBySide) {
  // The edges of the layout: every power of two, and what lies next to it.
  std::vector<int64_t> values = {0};
  for (int magnitude = 0; magnitude <= 41; ++magnitude) {
    const int64_t power = int64_t{1} << magnitude;
    for (const int64_t value : {power - 1, power, power + 1}) values.push_back(value);
  }
  for (const int64_t value : values) {
    SCOPED_TRACE(value);
    const std::vector<Histogram::Bucket> buckets = Of({value}).NonEmptyBuckets();
    ASSERT_EQ(buckets.size(), 1u);
    const int64_t low = absl::ToInt64Nanoseconds(buckets[0].low);
    const int64_t high = absl::ToInt64Nanoseconds(buckets[0].high);
    EXPECT_LE(low, value);
    EXPECT_GE(high, value);
    EXPECT_LT(high - low, std::max(0.001 * static_cast<double>(value), 512.0));
    // The next bucket begins where this one ends.
    const std::vector<Histogram::Bucket> next = Of({high + 1}).NonEmptyBuckets();
    EXPECT_EQ(next[0].low, absl::Nanoseconds(high + 1));
  }
}

TEST(HistogramTest, NonEmptyBucketsAscendAndHoldEveryCount) {
  const Histogram histogram = Of({1'000, 1'000'000'000, 1'000, 50'000'000});
  const std::vector<Histogram::Bucket> buckets = histogram.NonEmptyBuckets();
  ASSERT_EQ(buckets.size(), 3u);
  EXPECT_EQ(buckets[0], (Histogram::Bucket{absl::Nanoseconds(512), absl::Nanoseconds(1'023), 2}));
  EXPECT_LT(buckets[0].high, buckets[1].low);
  EXPECT_LT(buckets[1].high, buckets[2].low);
  EXPECT_EQ(buckets[1].count + buckets[2].count, 2u);
}

TEST(HistogramTest, RecordingAMillionValuesAllocatesNothing) {
  const std::vector<int64_t> sample = Sample(3, 1'000'000);
  Histogram histogram;
  const int64_t before = allocations;
  for (const int64_t value : sample) histogram.RecordNanos(value);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(histogram.count(), sample.size());
}

TEST(HistogramTest, IsLikeANewOneWhenCleared) {
  Histogram histogram;
  histogram.Record(absl::Milliseconds(7));
  histogram.Record(absl::Hours(7));
  histogram.Clear();
  EXPECT_EQ(histogram, Histogram());
}

}  // namespace
}  // namespace meanwhile
