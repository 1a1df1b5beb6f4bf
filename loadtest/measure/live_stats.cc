#include "loadtest/measure/live_stats.h"

#include <cmath>
#include <numeric>

namespace meanwhile {

absl::Duration TimeBuckets::LowestOf(std::size_t bucket) {
  if (bucket < (2u << kFractionBits)) return absl::Microseconds(bucket);
  const std::size_t shift = (bucket >> kFractionBits) - 1;
  return absl::Microseconds((bucket - (shift << kFractionBits)) << shift);
}

uint64_t LiveCounts::succeeded() const {
  return std::accumulate(succeeded_with.begin(), succeeded_with.end(), uint64_t{0});
}

uint64_t LiveCounts::failed() const { return std::accumulate(failed_with.begin(), failed_with.end(), uint64_t{0}); }

absl::Duration LiveCounts::Quantile(double quantile) const {
  // Of the times by themselves: another thread may have counted a call's end and not yet its time.
  const uint64_t all = std::accumulate(times.begin(), times.end(), uint64_t{0});
  // The rank of a quantile q is the first to have at least q of all at or below it.
  const double rank = std::max(1.0, std::ceil(std::nextafter(quantile, 0) * static_cast<double>(all)));
  uint64_t seen = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    seen += times[i];
    if (static_cast<double>(seen) >= rank) return (TimeBuckets::LowestOf(i) + TimeBuckets::LowestOf(i + 1)) / 2;
  }
  return absl::ZeroDuration();
}

absl::Duration LiveCounts::Longest() const {
  for (std::size_t i = times.size(); i-- > 0;) {
    if (times[i] > 0) return TimeBuckets::LowestOf(i + 1);
  }
  return absl::ZeroDuration();
}

LiveCounts LiveCounts::Since(const LiveCounts& before) const {
  LiveCounts since = *this;
  since.due -= before.due;
  since.not_sent -= before.not_sent;
  for (std::size_t i = 0; i < kStatusCodes; ++i) {
    since.succeeded_with[i] -= before.succeeded_with[i];
    since.failed_with[i] -= before.failed_with[i];
  }
  for (std::size_t i = 0; i < times.size(); ++i) since.times[i] -= before.times[i];
  return since;
}

void LiveCounts::Append(const LiveCounts& later) {
  due += later.due;
  not_sent += later.not_sent;
  in_flight = later.in_flight;
  for (std::size_t i = 0; i < kStatusCodes; ++i) {
    succeeded_with[i] += later.succeeded_with[i];
    failed_with[i] += later.failed_with[i];
  }
  for (std::size_t i = 0; i < times.size(); ++i) times[i] += later.times[i];
}

void LiveStats::AddTo(LiveCounts* counts) const {
  counts->due += due_.load(std::memory_order_relaxed);
  counts->not_sent += not_sent_.load(std::memory_order_relaxed);
  counts->in_flight += in_flight_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < kStatusCodes; ++i) {
    counts->succeeded_with[i] += succeeded_with_[i].load(std::memory_order_relaxed);
    counts->failed_with[i] += failed_with_[i].load(std::memory_order_relaxed);
  }
  for (std::size_t i = 0; i < times_.size(); ++i) counts->times[i] += times_[i].load(std::memory_order_relaxed);
}

}  // namespace meanwhile
