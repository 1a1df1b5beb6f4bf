// LiveStats: what a loop tells while it runs, for the progress line. One thread writes, any thread reads; the two never
// wait for each other.
//
// Memory order: relaxed throughout. Each figure is right by itself; two read together may be some calls apart.

#ifndef MEANWHILE_LOADTEST_LIVE_STATS_H_
#define MEANWHILE_LOADTEST_LIVE_STATS_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace meanwhile {

// A cache line of its own: the neighbours are written by other threads.
class alignas(64) LiveStats {
 public:
  // The writer's.
  void OnSent() { Add(in_flight_, 1); }
  void OnEnded(std::chrono::nanoseconds response_time, absl::StatusCode code) {
    Add(in_flight_, -1);
    if (code != absl::StatusCode::kOk) Add(failed_, 1);
    Add(buckets_[BucketOf(response_time)], 1);
  }

 private:
  friend class LiveStatsReader;

  // A bucket is a sixteenth of a power of two of microseconds wide: at most 6 % of its values.
  static constexpr int kFractionBits = 4;
  static constexpr std::size_t kBuckets = (33 - kFractionBits) << kFractionBits;  // To more than an hour.

  static std::size_t BucketOf(std::chrono::nanoseconds response_time) {
    const auto micros = static_cast<uint64_t>(std::clamp<int64_t>(response_time.count() / 1000, 0, 0xffffffff));
    const int shift = std::max(0, static_cast<int>(std::bit_width(micros)) - kFractionBits - 1);
    return (static_cast<std::size_t>(shift) << kFractionBits) + (micros >> shift);
  }
  static absl::Duration LowestOf(std::size_t bucket);

  // The only writer needs no atomic addition.
  template <typename T>
  static void Add(std::atomic<T>& counter, int change) {
    counter.store(counter.load(std::memory_order_relaxed) + static_cast<T>(change), std::memory_order_relaxed);
  }

  std::atomic<int64_t> in_flight_ = 0;
  std::atomic<uint64_t> failed_ = 0;
  std::array<std::atomic<uint64_t>, kBuckets> buckets_{};
};

// What happened on some loops since the last look.
class LiveStatsReader {
 public:
  struct View {
    uint64_t ended = 0;
    uint64_t failed = 0;  // Of those.
    int64_t in_flight = 0;
    // To 6 %; 0 when nothing ended.
    absl::Duration p50;
    absl::Duration p99;
  };

  explicit LiveStatsReader(std::vector<const LiveStats*> loops)
      : loops_(std::move(loops)), seen_(LiveStats::kBuckets) {}

  View Look();

 private:
  std::vector<const LiveStats*> loops_;
  std::vector<uint64_t> seen_;  // What the buckets of all loops held at the last look.
  uint64_t failed_seen_ = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LIVE_STATS_H_
