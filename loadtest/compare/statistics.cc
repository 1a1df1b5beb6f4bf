#include "loadtest/compare/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace meanwhile {
namespace {

absl::Status CheckRounds(absl::string_view side, absl::Span<const double> rounds, bool zero_allowed) {
  if (rounds.empty()) return absl::InvalidArgumentError(absl::StrCat(side, ": must have at least one round"));
  for (size_t i = 0; i < rounds.size(); ++i) {
    if (std::isfinite(rounds[i]) && (rounds[i] > 0 || (zero_allowed && rounds[i] == 0))) continue;
    return absl::InvalidArgumentError(absl::StrCat(side, ": round ", i + 1, " is ", rounds[i], ": must be finite and ",
                                                   zero_allowed ? "at least 0" : "above 0"));
  }
  return absl::OkStatus();
}

// The value at `quantile` of sorted values, between two of them in proportion.
double Quantile(absl::Span<const double> sorted, double quantile) {
  const double position = quantile * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

}  // namespace

double Median(absl::Span<const double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return Quantile(sorted, 0.5);
}

absl::StatusOr<RatioEstimate> BootstrapRatio(absl::Span<const double> subject_rounds,
                                             absl::Span<const double> baseline_rounds, uint64_t seed, int resamples,
                                             Pairing pairing) {
  if (absl::Status status = CheckRounds("subject", subject_rounds, /*zero_allowed=*/true); !status.ok()) return status;
  if (absl::Status status = CheckRounds("baseline", baseline_rounds, /*zero_allowed=*/false); !status.ok()) {
    return status;
  }
  if (resamples < 1) return absl::InvalidArgumentError(absl::StrCat("resamples=", resamples, ": must be at least 1"));

  const double median = Median(subject_rounds) / Median(baseline_rounds);
  RatioEstimate estimate{.median = median, .low = median, .high = median};
  if (subject_rounds.size() < 2 || baseline_rounds.size() < 2) return estimate;

  // The standard fixes what this engine draws, not what its distributions make of it; hence the remainder, whose bias
  // is one in 2^60.
  std::mt19937_64 random(seed);
  const bool paired = pairing == Pairing::kByRound && subject_rounds.size() == baseline_rounds.size();
  std::vector<double> subject(subject_rounds.size());
  std::vector<double> baseline(baseline_rounds.size());
  std::vector<double> ratios(static_cast<size_t>(resamples));
  for (double& ratio : ratios) {
    for (size_t i = 0; i < subject.size(); ++i) {
      const size_t round = random() % subject.size();
      subject[i] = subject_rounds[round];
      if (paired) baseline[i] = baseline_rounds[round];
    }
    if (!paired) {
      for (double& value : baseline) value = baseline_rounds[random() % baseline.size()];
    }
    ratio = Median(subject) / Median(baseline);
  }
  std::sort(ratios.begin(), ratios.end());
  estimate.low = Quantile(ratios, 0.025);
  estimate.high = Quantile(ratios, 0.975);
  estimate.has_interval = true;
  return estimate;
}

}  // namespace meanwhile
