// A histogram of latencies: how many values fell where, in memory that never grows.
//
// The layout is HdrHistogram's (Gil Tene, hdrhistogram.org): a bucket covers values up to twice as large as the bucket
// before it, and is cut into sub-buckets of equal width, so that the width of a sub-bucket is always a small share of
// the values in it. Of each bucket but the first only the upper half is stored, because the lower half is what the
// buckets before it cover. Here, with values in nanoseconds:
//
//   u = 9     the magnitude of the unit: floor(log2(1,000 ns)), so that 1 us can be told from 2 us
//   h = 10    the magnitude of half the sub-buckets: 2 * 2^h = 2048 is the first power of two above 2 * 10^3, which
//             keeps 3 significant decimal digits
//   mask = (2 * 2^h - 1) << u
//
//   bucket     b = floor(log2(value | mask)) - h - u
//   sub-bucket s = value >> (b + u)                     from 2^h to 2 * 2^h - 1; in bucket 0 from 0
//   index        = ((b + 1) << h) + s - 2^h
//
// A sub-bucket is 2^(b + u) ns wide. From 2^h * 2^u ns = 524 us on that is less than 0.1 % of the value; below, it is
// 512 ns. Values to one hour need 24,205 counts of 8 bytes: 190 KiB, taken by the constructor.
//
// A histogram belongs to one thread: nothing here is locked or atomic. Give each thread its own and Add them up in the
// end.

#ifndef MEANWHILE_LOADTEST_MEASURE_HISTOGRAM_H_
#define MEANWHILE_LOADTEST_MEASURE_HISTOGRAM_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/time/time.h"

namespace meanwhile {

class Histogram {
 public:
  // The longest value told apart. A longer one counts as this one, a negative one as 0, and clamped() tells how many.
  static constexpr absl::Duration kHighest = absl::Hours(1);

  // A sub-bucket that is not empty: `count` values from `low` to `high`, both included.
  struct Bucket {
    absl::Duration low;
    absl::Duration high;
    uint64_t count = 0;

    friend bool operator==(const Bucket&, const Bucket&) = default;
  };

  Histogram() : counts_(kCounts) {}

  // Counts a value. Constant time, no allocation. Parts of a nanosecond are dropped.
  void Record(absl::Duration value) { RecordNanos(absl::ToInt64Nanoseconds(value)); }
  void RecordNanos(int64_t nanos) {
    const int64_t value = std::clamp<int64_t>(nanos, 0, kHighestNanos);
    clamped_ += value != nanos;
    ++counts_[IndexOf(value)];
    ++count_;
    min_ = std::min(min_, value);
    max_ = std::max(max_, value);
    sum_ += static_cast<uint64_t>(value);
  }

  // Counts all that `other` has counted, as if it had been recorded here.
  void Add(const Histogram& other);

  uint64_t count() const { return count_; }
  // How many of them were clamped to the range from 0 to kHighest.
  uint64_t clamped() const { return clamped_; }

  // Exact, but for clamped values. 0 when empty.
  absl::Duration min() const { return absl::Nanoseconds(count_ == 0 ? 0 : min_); }
  absl::Duration max() const { return absl::Nanoseconds(max_); }
  absl::Duration mean() const;

  // The standard deviation of all values, taking each for the middle of its sub-bucket. 0 when empty.
  absl::Duration stddev() const;

  // The value that a share `quantile` of all values does not exceed: the nearest rank, ceil(quantile * count). Exact at
  // 0 and 1; between them the upper end of the sub-bucket, so that it is never too small, and too large by less than
  // 0.1 % or 512 ns. Quantiles outside of [0, 1] mean the nearer end. 0 when empty.
  absl::Duration ValueAtQuantile(double quantile) const;

  // In ascending order.
  std::vector<Bucket> NonEmptyBuckets() const;

  // The counts by index, in the layout above, which is HdrHistogram's for values from kUnit to kHighest with
  // kSignificantDigits: for writing its format.
  const std::vector<uint64_t>& counts() const { return counts_; }
  static constexpr absl::Duration kUnit = absl::Microseconds(1);
  static constexpr int kSignificantDigits = 3;

  // Forgets everything.
  void Clear();

  friend bool operator==(const Histogram&, const Histogram&) = default;

 private:
  static constexpr int kUnitMagnitude = 9;
  static constexpr int kHalfMagnitude = 10;
  static constexpr int64_t kHalfCount = int64_t{1} << kHalfMagnitude;
  static constexpr uint64_t kMask = uint64_t{2 * kHalfCount - 1} << kUnitMagnitude;
  static constexpr int64_t kHighestNanos = int64_t{3'600} * 1'000'000'000;

  // REQUIRES: 0 <= value <= kHighestNanos.
  static constexpr size_t IndexOf(int64_t value) {
    const int bucket = std::bit_width(static_cast<uint64_t>(value) | kMask) - 1 - kHalfMagnitude - kUnitMagnitude;
    const int64_t sub_bucket = value >> (bucket + kUnitMagnitude);
    return static_cast<size_t>(((int64_t{bucket} + 1) << kHalfMagnitude) + sub_bucket - kHalfCount);
  }

  static const size_t kCounts;

  struct Range {
    int64_t low;
    int64_t high;
  };
  static Range RangeOf(size_t index);

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  uint64_t clamped_ = 0;
  int64_t min_ = std::numeric_limits<int64_t>::max();
  int64_t max_ = 0;
  // Of nanoseconds. 64 bits would overflow after 51 hours with 100,000 calls in flight.
  absl::uint128 sum_ = 0;
};

inline constexpr size_t Histogram::kCounts = IndexOf(kHighestNanos) + 1;

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_HISTOGRAM_H_
