// LatencyDistribution says how long the waits on a simulated backend take: what is drawn, and in closed form the mean
// and the quantiles of what is drawn.
//
// Every distribution is clamped: a draw under 0 is taken as 0 and a draw over an hour as an hour, so that no tail,
// however heavy, yields a wait that never ends. Means and quantiles are those of the clamped wait. The mean of a
// clamped X is
//
//     E[min(max(X, 0), c)] = ∫ P(X > x) dx from 0 to c, with c = 1 h,
//
// and the formulas of the means below are that integral. Clamping moves a mean that one can see only where much of the
// distribution lies outside: for normal:50ms,5ms not at all, for normal:1ms,5ms from 1 ms to 2.53 ms.
//
// A draw is the quantile of a random fraction (inverse transform): one random number a draw, nothing kept between
// draws, and the same random numbers give waits in the same order under any distribution.
//
// A small value, immutable; any thread may use it. What has a state, the random numbers, belongs to the caller.
#ifndef MEANWHILE_SERVER_BACKEND_SIMULATED_LATENCY_DISTRIBUTION_H_
#define MEANWHILE_SERVER_BACKEND_SIMULATED_LATENCY_DISTRIBUTION_H_

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/backend/simulated/latency_trace.h"
#include "server/backend/simulated/random_bits.h"

namespace meanwhile {

// The distributions. All times are in nanoseconds. `Quantile` is that of X, not clamped yet, for 0 < p < 1; `Mean` is
// that of the clamped wait. Φ and φ are the standard normal distribution's probability and density, z(p) its quantile.
// The formulas not said to be from elsewhere are textbook ones: N. Johnson, S. Kotz, N. Balakrishnan, "Continuous
// Univariate Distributions", volume 1 (1994), and the integral above.
namespace latency {

// constant:LATENCY. Every wait takes the same time.
struct Constant {
  double latency;

  double Quantile(double p) const;
  double Mean() const;
  bool operator==(const Constant&) const = default;
};

// uniform:LOW,HIGH. Any time from LOW to HIGH is as likely as any other.
struct Uniform {
  double low;
  double high;

  // LOW + p (HIGH - LOW).
  double Quantile(double p) const;
  // (LOW + HIGH) / 2.
  double Mean() const;
  bool operator==(const Uniform&) const = default;
};

// normal:MEAN,STDDEV, with m and σ for short. Both are those of X; clamping raises the mean of a wide one.
struct Normal {
  double mean;
  double stddev;

  // m + σ z(p).
  double Quantile(double p) const;
  // m (Φ(b) - Φ(a)) + σ (φ(a) - φ(b)) + c (1 - Φ(b)) with a = -m/σ and b = (c - m)/σ.
  double Mean() const;
  bool operator==(const Normal&) const = default;
};

// lognormal:MEDIAN,P99. exp(Y) with Y normal, of mean μ = ln MEDIAN and standard deviation σ = ln(P99 / MEDIAN) /
// z(0.99): many services' latencies look like it.
struct Lognormal {
  Lognormal(double median, double p99);

  double median;
  double p99;
  double sigma;

  // MEDIAN exp(σ z(p)).
  double Quantile(double p) const;
  // MEDIAN exp(σ²/2) Φ(b - σ) + c (1 - Φ(b)) with b = (ln c - μ) / σ.
  double Mean() const;
  bool operator==(const Lognormal&) const = default;
};

// exponential:MEAN, with m for short.
struct Exponential {
  double mean;

  // -m ln(1 - p).
  double Quantile(double p) const;
  // m (1 - exp(-c/m)).
  double Mean() const;
  bool operator==(const Exponential&) const = default;
};

// pareto:SCALE,SHAPE, with s and α for short: P(X > x) = (s/x)^α from s on. The smaller the shape the heavier the tail;
// with a shape of 1 or less X has no mean.
struct Pareto {
  double scale;
  double shape;

  // s (1 - p)^(-1/α).
  double Quantile(double p) const;
  // s (1 + (1 - (s/c)^(α-1)) / (α - 1)).
  double Mean() const;
  bool operator==(const Pareto&) const = default;
};

// bimodal:LOW,HIGH,SHARE. A share of the waits takes HIGH, the rest LOW: a cache that misses.
struct Bimodal {
  double low;
  double high;
  double share;

  // LOW up to p = 1 - SHARE, HIGH above.
  double Quantile(double p) const;
  // LOW + SHARE (HIGH - LOW).
  double Mean() const;
  bool operator==(const Bimodal&) const = default;
};

// trace:FILE. Latencies that were measured elsewhere; each is as likely as the others. BackendDraws gives them in the
// order of the file instead.
struct Trace {
  const LatencyTrace* latencies;

  // The latency of rank p of those sorted.
  double Quantile(double p) const;
  double Mean() const;
  bool operator==(const Trace&) const = default;
};

using Any = std::variant<Constant, Uniform, Normal, Lognormal, Exponential, Pareto, Bimodal, Trace>;

}  // namespace latency

class LatencyDistribution {
 public:
  // What `text` says: a name and its arguments, as above. Times are from 0 (MEDIAN and SCALE: from 1 ns) to 1 h; HIGH
  // is not under LOW and P99 not under MEDIAN; SHAPE is over 1 and up to 1000; SHARE is from 0 to 1; FILE is read, as
  // LatencyTrace says. An InvalidArgumentError names the argument and its bound: `STDDEV=-5ms: must be from 0 to 1h`.
  static absl::StatusOr<LatencyDistribution> Parse(absl::string_view text);

  // `constant:LATENCY` without the text. REQUIRES: from 0 to 1 h.
  static LatencyDistribution Constant(absl::Duration latency);

  // Parses to an equal distribution: `normal:50ms,5ms`.
  std::string ToString() const;

  // A wait, to the nanosecond, from 0 to 1 h.
  absl::Duration Draw(RandomBits& bits) const;

  // What a trace replays; null for the other distributions.
  const LatencyTrace* trace() const;

  // The mean of all draws.
  absl::Duration Mean() const;

  // The wait that a share `p` of all draws does not exceed. REQUIRES: 0 < p < 1.
  absl::Duration Quantile(double p) const;

  bool operator==(const LatencyDistribution&) const = default;

 private:
  explicit LatencyDistribution(latency::Any distribution) : distribution_(distribution) {}

  // In nanoseconds, clamped.
  double ClampedQuantile(double p) const;

  latency::Any distribution_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_SIMULATED_LATENCY_DISTRIBUTION_H_
