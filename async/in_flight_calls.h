// InFlightCalls: the calls that are being served, for a thread that asks what a server is stuck on. A loop that is
// stuck cannot answer that; this is read past it.
//
//   InFlightCalls::Entry entry(&calls, "Fetch", now);  // Until the call has ended.
//   ...
//   for (const InFlightCalls::Call& call : calls.Look()) ...  // On any thread.
//
// A call takes a place in a table: one compare-and-swap of a place that is free, as a rule, and two stores. There is no
// lock, and no word that all calls write: threads look for places in different parts of the table. The table grows
// when a thread finds no free place among the 16 that it looks at, and does not shrink: in the end some 100 bytes for
// each call that was in flight at the busiest moment.
//
// Thread: any. Lifetime: outlives its entries.
//
// Invariants:
//  1. A place is free (no method) or belongs to one entry, which alone writes to it.
//  2. `since` is zero whenever a place is taken or given up, and these are acquired and released with `method`; so a
//     reader sees a call's own `since`, or zero and passes over it. A call that begins or ends meanwhile is seen or
//     not.

#ifndef MEANWHILE_ASYNC_IN_FLIGHT_CALLS_H_
#define MEANWHILE_ASYNC_IN_FLIGHT_CALLS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "async/timer_queue.h"

namespace meanwhile::async {

class InFlightCalls {
  struct Place;

 public:
  struct Call {
    const char* method;
    TimePoint since;
  };

  // One call, from its construction to End or its destructor, which may be on another thread.
  class Entry {
   public:
    Entry() = default;
    // `method` is a string literal.
    Entry(InFlightCalls* calls, const char* method, TimePoint since) : place_(calls->Take(method, since)) {}
    Entry(Entry&& other) noexcept : place_(std::exchange(other.place_, nullptr)) {}
    Entry& operator=(Entry&& other) noexcept {
      std::swap(place_, other.place_);
      return *this;
    }
    ~Entry() { End(); }

    void End();

   private:
    Place* place_ = nullptr;
  };

  InFlightCalls();
  InFlightCalls(const InFlightCalls&) = delete;
  InFlightCalls& operator=(const InFlightCalls&) = delete;
  ~InFlightCalls();

  // Those in flight now, the oldest first.
  std::vector<Call> Look() const;

 private:
  // Each part of the table has twice as many places as the one before; the last one holds most of them.
  static constexpr std::size_t kFirstBits = 8;
  static constexpr std::size_t kParts = 24;

  struct Place {
    std::atomic<const char*> method = nullptr;
    std::atomic<Duration::rep> since = 0;
  };
  static_assert(std::atomic<const char*>::is_always_lock_free && std::atomic<Duration::rep>::is_always_lock_free);

  static std::size_t PlacesOf(std::size_t part) { return std::size_t{1} << (kFirstBits + part); }

  Place* Take(const char* method, TimePoint since);
  Place* TryTakeIn(std::size_t part, const char* method);
  void AddPart(std::size_t part);

  std::array<std::atomic<Place*>, kParts> parts_{};
  std::atomic<std::size_t> last_part_ = 0;
};

inline void InFlightCalls::Entry::End() {
  if (place_ == nullptr) return;
  place_->since.store(0, std::memory_order_relaxed);
  std::exchange(place_, nullptr)->method.store(nullptr, std::memory_order_release);
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_IN_FLIGHT_CALLS_H_
