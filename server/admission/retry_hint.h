// RetryHint: when a client that was refused should try again.
//
// A place becomes free when a call ends, so the hint is the time for which calls have lately held theirs: a moving mean
// in which a call counts for a sixteenth. It is spread from a half of that to one and a half, because clients that were
// refused together must not come back together, and bounded.
//
// Calls are measured from the first hint on: a server that refuses nobody writes nothing here.
//
// Thread: any. Two calls that end at once may be counted as one; a mean bears that.

#ifndef MEANWHILE_SERVER_ADMISSION_RETRY_HINT_H_
#define MEANWHILE_SERVER_ADMISSION_RETRY_HINT_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "async/timer_queue.h"

namespace meanwhile {

class RetryHint {
 public:
  static constexpr std::chrono::milliseconds kShortest{1};
  static constexpr std::chrono::milliseconds kLongest{10'000};

  // `guess` stands for the mean until calls have been measured.
  explicit RetryHint(async::Duration guess) : mean_(guess) {}

  // A call has held its place for so long.
  void OnHeld(async::Duration held) {
    if (hints_.load(std::memory_order_relaxed) == 0) return;
    const async::Duration mean = mean_.load(std::memory_order_relaxed);
    mean_.store(mean + (held - mean) / 16, std::memory_order_relaxed);
  }

  std::chrono::milliseconds Next() {
    // Multiples of the golden ratio, without their whole part: however many are taken, they lie evenly from 0 to 1.
    const std::uint64_t spread = hints_.fetch_add(1, std::memory_order_relaxed) * 0x9e3779b97f4a7c15;
    const double factor = 0.5 + static_cast<double>(spread >> 11) * 0x1p-53;
    const std::chrono::duration<double, std::nano> hint = mean_.load(std::memory_order_relaxed) * factor;
    return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(hint), kShortest, kLongest);
  }

 private:
  std::atomic<std::uint64_t> hints_ = 0;  // How many have been given.
  std::atomic<async::Duration> mean_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_ADMISSION_RETRY_HINT_H_
