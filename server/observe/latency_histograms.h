// LatencyHistograms: how long calls were queued, waited and ran, by method, counted in buckets for Prometheus.
//
// Each processor has its counts, and whoever ends a call adds to those of the processor that it runs on: so loops and
// threads do not contend, however many there are. Readers add them up.
//
// Thread: any. Memory order: relaxed; each figure is exact, together they need not be of one moment.

#ifndef MEANWHILE_SERVER_OBSERVE_LATENCY_HISTOGRAMS_H_
#define MEANWHILE_SERVER_OBSERVE_LATENCY_HISTOGRAMS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "server/observe/call_record.h"

namespace meanwhile {

class LatencyHistograms final : public CallSink {
 public:
  // The parts of a call's time, and all of it.
  enum class Part { kTotal, kQueued, kWaiting, kRunning };
  static constexpr std::size_t kParts = 4;

  // A bucket holds what took no longer than its bound and longer than the one before. There is one more, without a
  // bound. From 10 us, as a call that waits runs that long, to the longest wait.
  static constexpr async::Duration kBounds[] = {
      std::chrono::microseconds(10),  std::chrono::microseconds(25),   std::chrono::microseconds(50),
      std::chrono::microseconds(100), std::chrono::microseconds(250),  std::chrono::microseconds(500),
      std::chrono::milliseconds(1),   std::chrono::microseconds(2500), std::chrono::milliseconds(5),
      std::chrono::milliseconds(10),  std::chrono::milliseconds(25),   std::chrono::milliseconds(50),
      std::chrono::milliseconds(100), std::chrono::milliseconds(250),  std::chrono::milliseconds(500),
      std::chrono::seconds(1),        std::chrono::milliseconds(2500), std::chrono::seconds(5),
      std::chrono::seconds(10),       std::chrono::seconds(30),        std::chrono::seconds(60)};
  static constexpr std::size_t kBuckets = std::size(kBounds) + 1;

  LatencyHistograms();

  void OnCallEnded(const CallRecord& call) override;

  struct Histogram {
    std::array<std::uint64_t, kBuckets> counts{};  // Of each bucket alone.
    async::Duration sum = async::Duration::zero();
  };
  Histogram Read(CallMethod method, Part part) const;

 private:
  struct Counts {
    std::array<std::atomic<std::uint64_t>, kBuckets> buckets{};
    std::atomic<std::int64_t> sum = 0;  // Nanoseconds.

    void Add(async::Duration duration);
  };
  // Of one processor.
  struct alignas(64) Shard {
    std::array<std::array<Counts, kParts>, kCallMethods> counts;
  };

  std::vector<Shard> shards_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_LATENCY_HISTOGRAMS_H_
