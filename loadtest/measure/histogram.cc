#include "loadtest/measure/histogram.h"

#include <cmath>

namespace meanwhile {

void Histogram::Add(const Histogram& other) {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  clamped_ += other.clamped_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

void Histogram::Clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  clamped_ = 0;
  min_ = std::numeric_limits<int64_t>::max();
  max_ = 0;
  sum_ = 0;
}

absl::Duration Histogram::mean() const {
  if (count_ == 0) return absl::ZeroDuration();
  return absl::Nanoseconds(static_cast<double>(sum_) / static_cast<double>(count_));
}

absl::Duration Histogram::stddev() const {
  if (count_ == 0) return absl::ZeroDuration();
  // Deviations are from the mean of the middles, not from mean(): equal values then have none.
  const auto middle_of = [](size_t index) {
    const Range range = RangeOf(index);
    return 0.5 * static_cast<double>(range.low + range.high);
  };
  double sum = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] != 0) sum += static_cast<double>(counts_[i]) * middle_of(i);
  }
  const double mean = sum / static_cast<double>(count_);
  double squares = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] != 0) squares += static_cast<double>(counts_[i]) * std::pow(middle_of(i) - mean, 2);
  }
  return absl::Nanoseconds(std::sqrt(squares / static_cast<double>(count_)));
}

absl::Duration Histogram::ValueAtQuantile(double quantile) const {
  if (count_ == 0 || quantile <= 0) return min();
  // One step below the quantile: 0.07 * 100 is 7.000000000000001 in doubles, and its rank is 7.
  const double rank = std::ceil(std::nextafter(quantile, 0) * static_cast<double>(count_));
  uint64_t seen = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen > 0 && static_cast<double>(seen) >= rank) return absl::Nanoseconds(std::min(RangeOf(i).high, max_));
  }
  return max();
}

std::vector<Histogram::Bucket> Histogram::NonEmptyBuckets() const {
  std::vector<Bucket> buckets;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const Range range = RangeOf(i);
    buckets.push_back({absl::Nanoseconds(range.low), absl::Nanoseconds(range.high), counts_[i]});
  }
  return buckets;
}

Histogram::Range Histogram::RangeOf(size_t index) {
  int bucket = static_cast<int>(index >> kHalfMagnitude) - 1;
  int64_t sub_bucket = static_cast<int64_t>(index) % kHalfCount + kHalfCount;
  if (bucket < 0) {
    bucket = 0;
    sub_bucket -= kHalfCount;
  }
  const int shift = bucket + kUnitMagnitude;
  return {sub_bucket << shift, ((sub_bucket + 1) << shift) - 1};
}

}  // namespace meanwhile
