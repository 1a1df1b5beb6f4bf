#include "async/in_flight_calls.h"

#include <algorithm>

namespace meanwhile::async {
namespace {

// How many places are looked at before a part counts as full.
constexpr std::size_t kLooks = 16;

// Where this thread looks next, as a fraction of the table in 64 bits. Multiples of the golden ratio are spread evenly
// over it, and threads begin far from each other.
std::size_t NextStart() {
  constexpr std::size_t kGoldenRatio = 0x9E3779B97F4A7C15;
  static std::atomic<std::size_t> threads = 0;
  thread_local std::size_t start = threads.fetch_add(1, std::memory_order_relaxed) * 0xD1B54A32D192ED03;
  return start += kGoldenRatio;
}

}  // namespace

InFlightCalls::InFlightCalls() { AddPart(0); }

InFlightCalls::~InFlightCalls() {
  for (std::atomic<Place*>& part : parts_) delete[] part.load();
}

InFlightCalls::Place* InFlightCalls::Take(const char* method, TimePoint since) {
  Place* place = nullptr;
  while (true) {
    const std::size_t part = last_part_.load(std::memory_order_acquire);
    place = TryTakeIn(part, method);
    // All the others are as large together: worth a look before memory is taken for good.
    if (place == nullptr && part > 0) place = TryTakeIn(part - 1, method);
    if (place != nullptr || part + 1 == kParts) break;
    AddPart(part + 1);
  }
  if (place != nullptr) place->since.store(since.time_since_epoch().count(), std::memory_order_relaxed);
  return place;
}

InFlightCalls::Place* InFlightCalls::TryTakeIn(std::size_t part, const char* method) {
  Place* const places = parts_[part].load(std::memory_order_acquire);
  const std::size_t mask = PlacesOf(part) - 1;
  const std::size_t start = NextStart() >> (64 - kFirstBits - part);
  for (std::size_t i = 0; i < kLooks; ++i) {
    Place& place = places[(start + i) & mask];
    const char* free = nullptr;
    if (place.method.load(std::memory_order_relaxed) == nullptr &&
        place.method.compare_exchange_strong(free, method, std::memory_order_acq_rel, std::memory_order_relaxed)) {
      return &place;
    }
  }
  return nullptr;
}

void InFlightCalls::AddPart(std::size_t part) {
  std::unique_ptr<Place[]> places(new Place[PlacesOf(part)]);
  Place* none = nullptr;
  if (parts_[part].compare_exchange_strong(none, places.get(), std::memory_order_acq_rel)) {
    places.release();
    last_part_.store(part, std::memory_order_release);
  }
}

std::vector<InFlightCalls::Call> InFlightCalls::Look() const {
  std::vector<Call> calls;
  for (std::size_t part = 0; part < kParts; ++part) {
    const Place* const places = parts_[part].load(std::memory_order_acquire);
    if (places == nullptr) break;
    for (const Place* place = places; place != places + PlacesOf(part); ++place) {
      const char* const method = place->method.load(std::memory_order_acquire);
      const Duration::rep since = place->since.load(std::memory_order_relaxed);
      if (method != nullptr && since != 0) calls.push_back({method, TimePoint(Duration(since))});
    }
  }
  std::sort(calls.begin(), calls.end(), [](const Call& a, const Call& b) { return a.since < b.since; });
  return calls;
}

}  // namespace meanwhile::async
