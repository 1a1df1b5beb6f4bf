#include "loadtest/live_stats.h"

#include <utility>

namespace meanwhile {

absl::Duration LiveStats::LowestOf(std::size_t bucket) {
  if (bucket < (2u << kFractionBits)) return absl::Microseconds(bucket);
  const std::size_t shift = (bucket >> kFractionBits) - 1;
  return absl::Microseconds((bucket - (shift << kFractionBits)) << shift);
}

LiveStatsReader::View LiveStatsReader::Look() {
  View view;
  std::vector<uint64_t> ended(LiveStats::kBuckets);
  for (const LiveStats* loop : loops_) {
    view.in_flight += loop->in_flight_.load(std::memory_order_relaxed);
    view.failed += loop->failed_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < ended.size(); ++i) ended[i] += loop->buckets_[i].load(std::memory_order_relaxed);
  }
  for (std::size_t i = 0; i < ended.size(); ++i) {
    const uint64_t now = ended[i];
    ended[i] -= seen_[i];
    seen_[i] = now;
    view.ended += ended[i];
  }
  view.failed -= std::exchange(failed_seen_, view.failed);
  uint64_t below = 0;
  for (std::size_t i = 0; i < ended.size(); ++i) {
    // The rank of a quantile q is the first to have at least q of all at or below it.
    const uint64_t up_to = below + ended[i];
    if (below * 2 < view.ended && up_to * 2 >= view.ended) view.p50 = LiveStats::LowestOf(i);
    if (below * 100 < view.ended * 99 && up_to * 100 >= view.ended * 99) view.p99 = LiveStats::LowestOf(i);
    below = up_to;
  }
  return view;
}

}  // namespace meanwhile
