// Schedule: when the calls of an open loop leave, as times since the load's start. It knows no clock and no answer:
// whatever a server does, and however late a call is sent, the times stay what they are.
//
// A shape says how many calls a second there shall be, and the arrival how they are spaced. With N(t), the integral of
// the rate from 0 to t, call i (from 0) leaves when N(t) = s(i):
//
//   constant  s(i) = i
//   burst:N   s(i) = i, rounded down to a multiple of N
//   poisson   s(i) = s(i - 1) + a draw of the exponential distribution with mean 1; s(-1) = 0
//
// The last is the inversion by which any Poisson process comes out of that of rate 1, also under a changing rate.
//
// Loops share a schedule by each walking all of it and taking every n-th call. Together they send exactly its calls,
// and no loop has to ask another.
//
// Thread: a schedule belongs to one; the shape is only read, and may be shared. It outlives its schedules.

#ifndef MEANWHILE_LOADTEST_LOAD_SCHEDULE_H_
#define MEANWHILE_LOADTEST_LOAD_SCHEDULE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "absl/time/time.h"

namespace meanwhile {

// A time in which the rate is constant or grows or falls evenly. Rates are calls a second, from 0 on.
struct RatePhase {
  double begin_rate = 0;
  double end_rate = 0;
  // May be infinite where the rate is constant and not 0.
  absl::Duration length = absl::InfiniteDuration();
};

struct Arrival {
  enum class Kind { kConstant, kPoisson, kBurst };
  Kind kind = Kind::kConstant;
  // Calls that leave at once.
  uint64_t burst = 1;
  // Of the Poisson process.
  uint64_t seed = 1;
};

// The seed of the measurement with that number, of several that share `seed`: another one for each.
uint64_t SeedOf(uint64_t seed, uint64_t number);

struct LoadShape {
  // One after another.
  std::vector<RatePhase> phases;
  // In place of phases: when each call leaves, in ascending order. The arrival has no say then.
  std::shared_ptr<const std::vector<std::chrono::nanoseconds>> replay;
  Arrival arrival;

  // In which all calls leave: to the end of the last phase, or to just after the last call of the replay.
  absl::Duration length() const;

  // In which so many calls are due: until N(t) is their number, however they are spaced. A replay takes after a call as
  // long again as its calls were apart on average. Zero when all are due at the start; no longer than the phases.
  absl::Duration TimeFor(uint64_t calls) const;
};

// `shape` after a time in which the rate is its first one. A replay only begins later.
LoadShape AfterWarmUp(const LoadShape& shape, absl::Duration warmup);

class Schedule {
 public:
  // Every `parts`-th call from that with the number `part` on.
  explicit Schedule(const LoadShape* shape, std::size_t part = 0, std::size_t parts = 1);

  // When the next call leaves, not before the one before it; none when there are no more. Constant time, but for the
  // calls of other parts, which are walked over.
  std::optional<std::chrono::nanoseconds> Next();

 private:
  // s(i) of the next call of all.
  double NextPosition();
  // When N(t) = position; none beyond the last phase.
  std::optional<std::chrono::nanoseconds> TimeOf(double position);

  const LoadShape& shape_;
  const std::size_t parts_;
  uint64_t next_;           // The number of the next call to give out.
  uint64_t walked_ = 0;     // Calls whose position has been drawn.
  double position_ = 0;     // Of the Poisson process.
  std::mt19937_64 random_;  // Of the Poisson process.
  std::size_t phase_ = 0;
  double phase_begin_ = 0;           // Of the phase, in seconds;
  double phase_begin_position_ = 0;  // N of it.
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_SCHEDULE_H_
