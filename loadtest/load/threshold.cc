#include "loadtest/load/threshold.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "client/flags.h"
#include "loadtest/report/figures.h"

namespace meanwhile {
namespace {

using Metric = Threshold::Metric;
using Comparison = Threshold::Comparison;

constexpr char kForms[] =
    "must be a metric (p99 or any other percentile, mean, max, errors, not-sent, rate), a comparison (<, <=, >, >=) "
    "and a bound such as 80ms, 0.1% or 10000; of one method of a mix, but for not-sent, p99{NAME}<80ms";

bool IsTime(Metric metric) { return metric == Metric::kQuantile || metric == Metric::kMean || metric == Metric::kMax; }
bool IsNotSent(Metric metric) { return metric == Metric::kNotSent || metric == Metric::kNotSentShare; }
bool IsShare(Metric metric) { return metric == Metric::kErrorShare || metric == Metric::kNotSentShare; }

// What stands before the first of these characters.
absl::string_view TakeUntil(absl::string_view ends, absl::string_view* text) {
  const absl::string_view taken = text->substr(0, text->find_first_of(ends));
  text->remove_prefix(taken.size());
  return taken;
}

// `{NAME}`, and what space follows it.
bool TakeMethod(absl::string_view* text, std::string* name) {
  text->remove_prefix(1);
  *name = std::string(TakeUntil("}", text));
  const bool is_closed = absl::ConsumePrefix(text, "}");
  *text = absl::StripLeadingAsciiWhitespace(*text);
  return is_closed && !name->empty();
}

std::optional<Comparison> TakeComparison(absl::string_view* text) {
  if (absl::ConsumePrefix(text, "<=")) return Comparison::kAtMost;
  if (absl::ConsumePrefix(text, "<")) return Comparison::kLess;
  if (absl::ConsumePrefix(text, ">=")) return Comparison::kAtLeast;
  if (absl::ConsumePrefix(text, ">")) return Comparison::kMore;
  return std::nullopt;
}

bool SetMetric(absl::string_view name, bool is_share, Threshold* threshold) {
  if (absl::ConsumePrefix(&name, "p")) {
    double percentile = 0;
    if (!absl::SimpleAtod(name, &percentile) || !(percentile > 0 && percentile < 100)) return false;
    threshold->metric = Metric::kQuantile;
    threshold->quantile = percentile / 100;
    return true;
  }
  const struct {
    absl::string_view name;
    Metric metric;
    Metric share;
  } metrics[] = {
      {"mean", Metric::kMean, Metric::kMean},
      {"max", Metric::kMax, Metric::kMax},
      {"rate", Metric::kRate, Metric::kRate},
      {"errors", Metric::kErrors, Metric::kErrorShare},
      {"not-sent", Metric::kNotSent, Metric::kNotSentShare},
  };
  for (const auto& metric : metrics) {
    if (name != metric.name) continue;
    threshold->metric = is_share ? metric.share : metric.metric;
    return true;
  }
  return false;
}

bool SetBound(absl::string_view text, Threshold* threshold) {
  if (IsTime(threshold->metric)) {
    absl::Duration time;
    threshold->bound = absl::ParseDuration(text, &time) ? absl::ToDoubleSeconds(time) : -1;
    return threshold->bound >= 0 && time < absl::InfiniteDuration();
  }
  const bool is_share = absl::ConsumeSuffix(&text, "%");
  if (is_share != IsShare(threshold->metric)) return false;
  if (!absl::SimpleAtod(text, &threshold->bound) || !(threshold->bound >= 0 && threshold->bound < 1e15)) return false;
  if (is_share) threshold->bound /= 100;
  return !is_share || threshold->bound <= 1;
}

double ShareOf(double part, double whole) { return whole > 0 ? part / whole : 0; }

double ActualOf(const Threshold& threshold, const LoadResult& result) {
  const MethodCounts* method = nullptr;
  for (const MethodCounts& counts : result.methods) {
    if (counts.name == threshold.method) method = &counts;
  }
  if (method == nullptr && !threshold.method.empty()) return std::numeric_limits<double>::quiet_NaN();
  const Measurement& measurement = method != nullptr ? method->measurement : result.measurement;
  const uint64_t succeeded_in_time = method != nullptr ? method->succeeded_in_time : result.succeeded_in_time;
  const auto failed = static_cast<double>(measurement.failed());
  const auto not_sent = static_cast<double>(result.not_sent);
  const double seconds = absl::ToDoubleSeconds(result.elapsed);
  if (IsTime(threshold.metric) && measurement.calls() == 0) return std::numeric_limits<double>::quiet_NaN();
  switch (threshold.metric) {
    case Metric::kQuantile:
      return absl::ToDoubleSeconds(measurement.response_times().ValueAtQuantile(threshold.quantile));
    case Metric::kMean:
      return absl::ToDoubleSeconds(measurement.response_times().mean());
    case Metric::kMax:
      return absl::ToDoubleSeconds(measurement.response_times().max());
    case Metric::kErrors:
      return failed;
    case Metric::kErrorShare:
      return ShareOf(failed, static_cast<double>(measurement.calls()));
    case Metric::kNotSent:
      return not_sent;
    case Metric::kNotSentShare:
      return ShareOf(not_sent, static_cast<double>(result.scheduled));
    case Metric::kRate:
      return ShareOf(static_cast<double>(succeeded_in_time), seconds);
  }
  return 0;
}

std::string TextOf(Metric metric, double actual) {
  if (IsTime(metric)) return FormatSeconds(actual);
  if (IsShare(metric)) return FormatShare(actual);
  return metric == Metric::kRate ? absl::StrCat(FormatFigure(actual), " calls/s") : FormatCount(actual);
}

}  // namespace

bool Threshold::Holds(double actual) const {
  switch (comparison) {
    case Comparison::kLess:
      return actual < bound;
    case Comparison::kAtMost:
      return actual <= bound;
    case Comparison::kMore:
      return actual > bound;
    case Comparison::kAtLeast:
      return actual >= bound;
  }
  return false;
}

absl::StatusOr<Threshold> ParseThreshold(absl::string_view flag, absl::string_view text) {
  Threshold threshold;
  threshold.text = std::string(text);
  absl::string_view rest = text;
  const absl::string_view metric = absl::StripAsciiWhitespace(TakeUntil("<>{", &rest));
  const bool has_method = absl::StartsWith(rest, "{");
  const bool is_method_good = !has_method || TakeMethod(&rest, &threshold.method);
  const std::optional<Comparison> comparison = TakeComparison(&rest);
  rest = absl::StripAsciiWhitespace(rest);
  if (!is_method_good || !comparison || !SetMetric(metric, absl::EndsWith(rest, "%"), &threshold) ||
      !SetBound(rest, &threshold) || (has_method && IsNotSent(threshold.metric))) {
    return absl::InvalidArgumentError(FlagError(flag, text, kForms));
  }
  threshold.comparison = *comparison;
  return threshold;
}

absl::StatusOr<Threshold> ParseAbortCondition(absl::string_view flag, absl::string_view text) {
  absl::StatusOr<Threshold> condition = ParseThreshold(flag, text);
  const bool is_errors = condition.ok() && condition->method.empty() &&
                         (condition->metric == Metric::kErrors || condition->metric == Metric::kErrorShare);
  if (is_errors && (condition->comparison == Comparison::kMore || condition->comparison == Comparison::kAtLeast)) {
    return condition;
  }
  return absl::InvalidArgumentError(FlagError(flag, text, "must be errors>N, errors>N% or one of these with >="));
}

absl::Status CheckMethods(absl::string_view flag, const std::vector<Threshold>& thresholds, const CallPlan* plan) {
  const std::vector<std::string> names = plan != nullptr ? plan->names() : std::vector<std::string>();
  for (const Threshold& threshold : thresholds) {
    if (threshold.method.empty()) continue;
    if (names.size() > 1 && std::find(names.begin(), names.end(), threshold.method) != names.end()) continue;
    const std::string why = names.size() > 1 ? absl::StrCat("there are ", absl::StrJoin(names, ", "))
                                             : "only the methods of a mix are told apart";
    return absl::InvalidArgumentError(
        FlagError(flag, threshold.text, absl::StrCat("no method ", threshold.method, "; ", why)));
  }
  return absl::OkStatus();
}

std::vector<v1::ThresholdVerdict> Judge(const std::vector<Threshold>& thresholds, const LoadResult& result) {
  std::vector<v1::ThresholdVerdict> verdicts;
  for (const Threshold& threshold : thresholds) {
    const double actual = ActualOf(threshold, result);
    v1::ThresholdVerdict& verdict = verdicts.emplace_back();
    verdict.set_threshold(threshold.text);
    verdict.set_passed(threshold.Holds(actual));
    if (std::isfinite(actual)) verdict.set_actual(actual);
    verdict.set_actual_text(TextOf(threshold.metric, actual));
  }
  return verdicts;
}

}  // namespace meanwhile
