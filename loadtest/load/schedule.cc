#include "loadtest/load/schedule.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace meanwhile {
namespace {

// Of N, from the phase's begin to `seconds` after it.
double CallsIn(const RatePhase& phase, double seconds) {
  if (phase.length == absl::InfiniteDuration()) return phase.begin_rate * seconds;
  const double growth = (phase.end_rate - phase.begin_rate) / absl::ToDoubleSeconds(phase.length);
  return (phase.begin_rate + growth * seconds / 2) * seconds;
}

// Seconds after the phase's begin until so many calls were due: the inverse of CallsIn, written so that it loses no
// digits where the rate hardly changes.
double SecondsFor(const RatePhase& phase, double calls) {
  if (calls <= 0) return 0;
  if (phase.length == absl::InfiniteDuration()) return calls / phase.begin_rate;
  const double growth = (phase.end_rate - phase.begin_rate) / absl::ToDoubleSeconds(phase.length);
  const double rate_then = std::sqrt(std::max(0.0, phase.begin_rate * phase.begin_rate + 2 * growth * calls));
  return 2 * calls / (phase.begin_rate + rate_then);
}

std::chrono::nanoseconds FromSeconds(double seconds) { return std::chrono::nanoseconds(std::llround(1e9 * seconds)); }

}  // namespace

uint64_t SeedOf(uint64_t seed, uint64_t number) {
  // A seed_seq takes 32 bits of each number.
  std::seed_seq mixed{seed & 0xffffffff, seed >> 32, number & 0xffffffff, number >> 32};
  std::array<uint32_t, 2> bits;
  mixed.generate(bits.begin(), bits.end());
  return uint64_t{bits[0]} << 32 | bits[1];
}

absl::Duration LoadShape::length() const {
  if (replay != nullptr)
    return absl::FromChrono(replay->empty() ? std::chrono::nanoseconds(0) : replay->back()) + absl::Nanoseconds(1);
  absl::Duration length;
  for (const RatePhase& phase : phases) length += phase.length;
  return length;
}

absl::Duration LoadShape::TimeFor(uint64_t calls) const {
  if (replay != nullptr) {
    const std::size_t due = std::min<uint64_t>(calls, replay->size());
    if (due == 0) return absl::ZeroDuration();
    const absl::Duration last = absl::FromChrono((*replay)[due - 1]);
    return due == 1 ? last : last + (last - absl::FromChrono(replay->front())) / static_cast<double>(due - 1);
  }
  absl::Duration time;
  auto left = static_cast<double>(calls);
  for (const RatePhase& phase : phases) {
    const double due = CallsIn(phase, absl::ToDoubleSeconds(phase.length));
    if (left <= due) return time + absl::Seconds(SecondsFor(phase, left));
    left -= due;
    time += phase.length;
  }
  return time;
}

LoadShape AfterWarmUp(const LoadShape& shape, absl::Duration warmup) {
  LoadShape after = shape;
  if (warmup <= absl::ZeroDuration()) return after;
  if (shape.replay != nullptr) {
    std::vector<std::chrono::nanoseconds> times = *shape.replay;
    for (std::chrono::nanoseconds& time : times) time += absl::ToChronoNanoseconds(warmup);
    after.replay = std::make_shared<const std::vector<std::chrono::nanoseconds>>(std::move(times));
  } else if (!shape.phases.empty()) {
    const double rate = shape.phases.front().begin_rate;
    after.phases.insert(after.phases.begin(), {rate, rate, warmup});
  }
  return after;
}

Schedule::Schedule(const LoadShape* shape, std::size_t part, std::size_t parts)
    : shape_(*shape), parts_(parts), next_(part), random_(shape->arrival.seed) {}

std::optional<std::chrono::nanoseconds> Schedule::Next() {
  const uint64_t call = std::exchange(next_, next_ + parts_);
  if (shape_.replay != nullptr) {
    if (call >= shape_.replay->size()) return std::nullopt;
    return (*shape_.replay)[call];
  }
  double position = 0;
  while (walked_ <= call) position = NextPosition();
  return TimeOf(position);
}

double Schedule::NextPosition() {
  const uint64_t call = walked_++;
  switch (shape_.arrival.kind) {
    case Arrival::Kind::kConstant:
      return static_cast<double>(call);
    case Arrival::Kind::kBurst:
      return static_cast<double>(call - call % shape_.arrival.burst);
    case Arrival::Kind::kPoisson:
      break;
  }
  // From a number in (0, 1): 53 random bits, and half a step.
  const double uniform = (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53;
  position_ -= std::log(uniform);
  return position_;
}

std::optional<std::chrono::nanoseconds> Schedule::TimeOf(double position) {
  for (; phase_ < shape_.phases.size(); ++phase_) {
    const RatePhase& phase = shape_.phases[phase_];
    const double length = absl::ToDoubleSeconds(phase.length);
    const double calls = CallsIn(phase, length);
    if (position < phase_begin_position_ + calls) {
      return FromSeconds(phase_begin_ + SecondsFor(phase, position - phase_begin_position_));
    }
    phase_begin_ += length;
    phase_begin_position_ += calls;
  }
  return std::nullopt;
}

}  // namespace meanwhile
