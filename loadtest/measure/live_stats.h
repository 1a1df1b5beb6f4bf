// LiveStats: what a loop counts while it runs, for whoever looks on: the live view, the time series, the metrics. One
// thread writes, any thread reads; the two never wait for each other.
//
// LiveCounts: what some loops had counted at a moment, or between two moments. A plain value.
//
// Memory order: relaxed throughout. Each figure is right by itself; two read together may be some calls apart.

#ifndef MEANWHILE_LOADTEST_MEASURE_LIVE_STATS_H_
#define MEANWHILE_LOADTEST_MEASURE_LIVE_STATS_H_

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
#include "loadtest/measure/verdict.h"

namespace meanwhile {

// How response times are sorted: a bucket is a thirty-second of a power of two of microseconds wide, so at most 3 % of
// its values. Coarser than Histogram, whose every bucket would be too much to keep for each second.
struct TimeBuckets {
  static constexpr int kFractionBits = 5;
  static constexpr std::size_t kCount = (33 - kFractionBits) << kFractionBits;  // To more than an hour.

  static std::size_t IndexOf(std::chrono::nanoseconds time) {
    const auto micros = static_cast<uint64_t>(std::clamp<int64_t>(time.count() / 1000, 0, 0xffffffff));
    const int shift = std::max(0, static_cast<int>(std::bit_width(micros)) - kFractionBits - 1);
    return (static_cast<std::size_t>(shift) << kFractionBits) + (micros >> shift);
  }
  // The values of a bucket begin here, and end where those of the next begin.
  static absl::Duration LowestOf(std::size_t bucket);
};

// gRPC's status codes, OK included.
inline constexpr std::size_t kStatusCodes = 17;

struct LiveCounts {
  uint64_t due = 0;  // Open loop: calls whose time had come, and those of them that were not sent.
  uint64_t not_sent = 0;
  int64_t in_flight = 0;  // At the later moment.
  // Calls that ended as they should, and the others, by status. The status alone does not tell: another one than OK may
  // be expected, and an answer with OK may be wrong.
  std::array<uint64_t, kStatusCodes> succeeded_with{};
  std::array<uint64_t, kStatusCodes> failed_with{};
  std::vector<uint64_t> times = std::vector<uint64_t>(TimeBuckets::kCount);  // By bucket.

  uint64_t calls() const { return succeeded() + failed(); }
  uint64_t succeeded() const;
  uint64_t failed() const;

  // The response time that a share `quantile` of the calls did not exceed, to 2 %; the longest, never too short and too
  // long by at most 3 %. 0 when nothing ended.
  absl::Duration Quantile(double quantile) const;
  absl::Duration Longest() const;

  // What was counted after `before`.
  LiveCounts Since(const LiveCounts& before) const;
  // Adds what was counted after this.
  void Append(const LiveCounts& later);
};

// A cache line of its own: the neighbours are written by other threads.
class alignas(64) LiveStats {
 public:
  // The writer's.
  void OnDue() { Add(due_, 1); }
  void OnNotSent() { Add(not_sent_, 1); }
  void OnSent() { Add(in_flight_, 1); }
  void OnEnded(std::chrono::nanoseconds response_time, absl::StatusCode code) {
    OnEnded(response_time, code, VerdictOf(code));
  }
  // One that was judged otherwise than by its status.
  void OnEnded(std::chrono::nanoseconds response_time, absl::StatusCode code, Verdict verdict) {
    Add(in_flight_, -1);
    auto& ended = verdict == Verdict::kSucceeded ? succeeded_with_ : failed_with_;
    Add(ended[static_cast<std::size_t>(code)], 1);
    Add(times_[TimeBuckets::IndexOf(response_time)], 1);
  }

  // Any thread: adds what was counted until now.
  void AddTo(LiveCounts* counts) const;

 private:
  // The only writer needs no atomic addition.
  template <typename T>
  static void Add(std::atomic<T>& counter, int change) {
    counter.store(counter.load(std::memory_order_relaxed) + static_cast<T>(change), std::memory_order_relaxed);
  }

  std::atomic<uint64_t> due_ = 0;
  std::atomic<uint64_t> not_sent_ = 0;
  std::atomic<int64_t> in_flight_ = 0;
  std::array<std::atomic<uint64_t>, kStatusCodes> succeeded_with_{};
  std::array<std::atomic<uint64_t>, kStatusCodes> failed_with_{};
  std::array<std::atomic<uint64_t>, TimeBuckets::kCount> times_{};
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_LIVE_STATS_H_
