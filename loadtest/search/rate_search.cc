#include "loadtest/search/rate_search.h"

#include <algorithm>
#include <cmath>

namespace meanwhile {
namespace {

constexpr double kGrowth = 2;
// A server that does not hold this part of the first rate was asked for something else than a rate.
constexpr double kLowestShare = 1.0 / 64;

}  // namespace

RateSearch::RateSearch(const RateSearchOptions& options)
    : options_(options), next_(Probe{Stage::kGrow, options.from}) {}

void RateSearch::Record(Verdict verdict) {
  const Probe probe = *next_;
  if (probe.stage == Stage::kConfirm) {
    RecordConfirmation(probe.rate, verdict);
  } else if (verdict == Verdict::kHeld) {
    held_.insert(probe.rate);
    Plan();
  } else if (!first_failure_) {
    first_failure_ = verdict;
  } else {
    Fail(probe.rate, *first_failure_ == Verdict::kClientLimited && verdict == Verdict::kClientLimited);
    Plan();
  }
}

std::optional<double> RateSearch::highest_held() const {
  if (held_.empty()) return std::nullopt;
  return *held_.rbegin();
}

void RateSearch::Fail(double rate, bool client_limited) {
  lowest_failed_ = rate;
  is_client_limited_ = client_limited;
  held_.erase(held_.lower_bound(rate), held_.end());
}

void RateSearch::RecordConfirmation(double rate, Verdict verdict) {
  held_count_ += verdict == Verdict::kHeld;
  failed_count_ += verdict != Verdict::kHeld;
  client_limited_count_ += verdict == Verdict::kClientLimited;
  const bool is_refuted = 2 * failed_count_ >= options_.repeats;
  if (is_refuted) {
    Fail(rate, 2 * client_limited_count_ > failed_count_);
    Plan();
  } else if (held_count_ + failed_count_ == options_.repeats) {
    rate_ = rate;
    next_.reset();
  }
}

void RateSearch::Plan() {
  first_failure_.reset();
  const std::optional<double> held = highest_held();
  if (!held) {
    const double rate = *lowest_failed_ / kGrowth;
    next_.reset();
    if (rate >= options_.from * kLowestShare) next_ = Probe{Stage::kShrink, rate};
    return;
  }
  if (!lowest_failed_ && *held < options_.to) {
    next_ = Probe{Stage::kGrow, std::min(*held * kGrowth, options_.to)};
  } else if (lowest_failed_ && *lowest_failed_ > *held * (1 + options_.precision)) {
    next_ = Probe{Stage::kBisect, std::sqrt(*held * *lowest_failed_)};
  } else {
    next_ = Probe{Stage::kConfirm, *held};
    held_count_ = failed_count_ = client_limited_count_ = 0;
  }
}

absl::string_view NameOf(RateSearch::Stage stage) {
  switch (stage) {
    case RateSearch::Stage::kGrow:
      return "grow";
    case RateSearch::Stage::kShrink:
      return "shrink";
    case RateSearch::Stage::kBisect:
      return "bisect";
    case RateSearch::Stage::kConfirm:
      return "confirm";
  }
  return "";
}

}  // namespace meanwhile
