#include "server/observe/latency_histograms.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

namespace meanwhile {

LatencyHistograms::LatencyHistograms()
    : shards_(static_cast<std::size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_CONF)))) {}

void LatencyHistograms::OnCallEnded(const CallRecord& call) {
  // Whoever is moved to another processor on the way counts there what is still right.
  const auto processor = static_cast<std::size_t>(std::max(0, sched_getcpu()));
  auto& counts = shards_[processor % shards_.size()].counts[static_cast<std::size_t>(call.method)];
  const auto add = [&](Part part, async::Duration duration) { counts[static_cast<std::size_t>(part)].Add(duration); };
  add(Part::kTotal, call.ended - call.arrived);
  add(Part::kQueued, call.queued());
  add(Part::kWaiting, call.waiting());
  add(Part::kRunning, call.running);
}

void LatencyHistograms::Counts::Add(async::Duration duration) {
  const auto bucket = static_cast<std::size_t>(std::lower_bound(std::begin(kBounds), std::end(kBounds), duration) -
                                               std::begin(kBounds));
  buckets[bucket].fetch_add(1, std::memory_order_relaxed);
  sum.fetch_add(duration.count(), std::memory_order_relaxed);
}

LatencyHistograms::Histogram LatencyHistograms::Read(CallMethod method, Part part) const {
  Histogram histogram;
  for (const Shard& shard : shards_) {
    const Counts& counts = shard.counts[static_cast<std::size_t>(method)][static_cast<std::size_t>(part)];
    for (std::size_t i = 0; i < kBuckets; ++i) {
      histogram.counts[i] += counts.buckets[i].load(std::memory_order_relaxed);
    }
    histogram.sum += async::Duration(counts.sum.load(std::memory_order_relaxed));
  }
  return histogram;
}

}  // namespace meanwhile
