// What can be said about a figure that was measured in a few rounds: its median, and how far the ratio of two such
// figures can be trusted. Pure functions; any thread may call them.

#ifndef MEANWHILE_LOADTEST_COMPARE_STATISTICS_H_
#define MEANWHILE_LOADTEST_COMPARE_STATISTICS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace meanwhile {

// The middle value; the mean of the two middle values when there is an even number. NaN without a value.
double Median(absl::Span<const double> values);

// How many times the baseline's figure the subject's is.
struct RatioEstimate {
  // Median of the subject's rounds over median of the baseline's.
  double median = 0;
  // The 95 % interval. Both are the median when there is no interval.
  double low = 0;
  double high = 0;
  // One round does not tell how much the next would differ. Reports then show no interval, rather than one of width 0.
  bool has_interval = false;
};

// Whether round i of one side was measured next to round i of the other.
enum class Pairing { kByRound, kNone };

// The ratio of the medians, with a percentile bootstrap interval (Efron 1979): rounds are drawn with replacement, as
// many as there were, and the ratio is taken again, `resamples` times; the interval holds the middle 95 % of these
// ratios. Paired rounds, of which both sides have as many, are drawn together: they were measured next to each other,
// and what slowed the machine down then slowed both. Else (also with unequal numbers, of a run that was interrupted)
// each side is drawn by itself.
//
// What the interval means with few rounds: less than "95 %" says. A bootstrap makes nothing up: with paired rounds the
// interval never leaves the range from the smallest ratio of one round to the largest, and with two or three rounds it
// is that range. Such a range holds the true median with probability 1 - 2 * 0.5^n at best: 50 % with two rounds, 75 %
// with three, 88 % with four, 94 % with five, 97 % with six. Read it as "the rounds agreed so far", and add rounds when
// the answer is close.
//
// Equal arguments give equal results on every machine. INVALID_ARGUMENT when a side has no rounds, or a round is not a
// finite number of at least 0, or one of the baseline is 0.
absl::StatusOr<RatioEstimate> BootstrapRatio(absl::Span<const double> subject_rounds,
                                             absl::Span<const double> baseline_rounds, uint64_t seed = 1,
                                             int resamples = 10'000, Pairing pairing = Pairing::kByRound);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_STATISTICS_H_
