// Places: how many handlers may be live at a time. A handler holds a place from before it is run until it has returned,
// whatever becomes of its call: a client that resets a stream frees the stream, while the handler still runs.
//
// The bound is exact: never are more places held, and none is refused while one is free. A refusal only looks, so that
// those that are refused do not hold up those that are served.
//
// Owned by Admission. Thread: any. What was done while a place was held happens before what is done with it next.

#ifndef MEANWHILE_SERVER_ADMISSION_PLACES_H_
#define MEANWHILE_SERVER_ADMISSION_PLACES_H_

#include <atomic>
#include <cstddef>

namespace meanwhile {

class Places {
 public:
  // 0: as many as there are calls. Then nothing is counted, and no memory that threads share is written.
  explicit Places(std::size_t count) : count_(count) {}

  std::size_t count() const { return count_; }

  // Whether a place is held now.
  bool TryTake() {
    if (count_ == 0) return true;
    std::size_t taken = taken_.load(std::memory_order_relaxed);
    do {
      if (taken >= count_) return false;
    } while (!taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_acquire, std::memory_order_relaxed));
    return true;
  }

  void GiveBack() {
    if (count_ > 0) taken_.fetch_sub(1, std::memory_order_release);
  }

 private:
  const std::size_t count_;
  // On a cache line of its own.
  alignas(64) std::atomic<std::size_t> taken_ = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_ADMISSION_PLACES_H_
