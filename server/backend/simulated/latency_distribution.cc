#include "server/backend/simulated/latency_distribution.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/backend/simulated/shortest_decimal.h"
#include "server/backend/simulated/standard_normal.h"

namespace meanwhile {
namespace {

// An hour, in nanoseconds: the c of the formulas.
constexpr double kLongest = 3'600e9;

}  // namespace

namespace latency {

double Constant::Quantile(double) const { return latency; }

double Constant::Mean() const { return latency; }

double Uniform::Quantile(double p) const { return low + p * (high - low); }

double Uniform::Mean() const { return (low + high) / 2; }

double Normal::Quantile(double p) const { return mean + stddev * StandardNormalQuantile(p); }

double Normal::Mean() const {
  if (stddev == 0) return mean;
  const double a = -mean / stddev;
  const double b = (kLongest - mean) / stddev;
  return mean * (StandardNormalProbability(b) - StandardNormalProbability(a)) +
         stddev * (StandardNormalDensity(a) - StandardNormalDensity(b)) + kLongest * StandardNormalProbability(-b);
}

Lognormal::Lognormal(double median, double p99)
    : median(median), p99(p99), sigma(std::log(p99 / median) / StandardNormalQuantile(0.99)) {}

double Lognormal::Quantile(double p) const { return median * std::exp(sigma * StandardNormalQuantile(p)); }

double Lognormal::Mean() const {
  if (sigma == 0) return median;
  const double b = std::log(kLongest / median) / sigma;
  return median * std::exp(sigma * sigma / 2) * StandardNormalProbability(b - sigma) +
         kLongest * StandardNormalProbability(-b);
}

double Exponential::Quantile(double p) const { return -mean * std::log1p(-p); }

double Exponential::Mean() const { return mean == 0 ? 0 : -mean * std::expm1(-kLongest / mean); }

double Pareto::Quantile(double p) const { return scale * std::exp(-std::log1p(-p) / shape); }

// By expm1 because the difference 1 - (s/c)^(α-1) is lost in rounding where α is close to 1.
double Pareto::Mean() const { return scale * (1 - std::expm1((shape - 1) * std::log(scale / kLongest)) / (shape - 1)); }

double Bimodal::Quantile(double p) const { return p > 1 - share ? high : low; }

double Bimodal::Mean() const { return low + share * (high - low); }

double Trace::Quantile(double p) const { return absl::ToDoubleNanoseconds(latencies->Quantile(p)); }

double Trace::Mean() const { return absl::ToDoubleNanoseconds(latencies->Mean()); }

}  // namespace latency

namespace {

// Hands out the arguments of a distribution in their order, checked. Remembers the first that was wrong.
class Arguments {
 public:
  Arguments(absl::string_view names, std::vector<absl::string_view> values)
      : names_(absl::StrSplit(names, ',')), values_(std::move(values)) {}

  bool Complete() const { return names_.size() == values_.size(); }

  // Times, in nanoseconds: from 0, from 1 ns, and from the argument before, which was `previous`.
  double TakeTime() { return TakeTimeFrom(0, "0"); }
  double TakePositiveTime() { return TakeTimeFrom(1, "1ns"); }
  double TakeTimeNotUnder(double previous) {
    return TakeTimeFrom(previous, absl::StrCat(names_[next_ - 1], " (", values_[next_ - 1], ")"));
  }

  // A number for which `allowed` is true; `bound` says in words which ones those are.
  double TakeNumber(bool (*allowed)(double), absl::string_view bound) {
    double number;
    if (!absl::SimpleAtod(values_[next_], &number) || !allowed(number)) return Refuse(bound);
    return Accept(number + 0.0);  // -0 becomes 0.
  }

  // A file that is read; null when it cannot be.
  const LatencyTrace* TakeTrace() {
    const absl::StatusOr<const LatencyTrace*> trace = LatencyTrace::Read(std::string(values_[next_]));
    status_.Update(trace.status());
    ++next_;
    return trace.ok() ? *trace : nullptr;
  }

  const absl::Status& status() const { return status_; }

 private:
  double TakeTimeFrom(double lowest, absl::string_view lowest_in_words) {
    absl::Duration time;
    if (!absl::ParseDuration(values_[next_], &time)) return Refuse("must be a time such as 50ms or 1.5s");
    const double nanoseconds = absl::ToDoubleNanoseconds(time);
    if (nanoseconds < lowest || nanoseconds > kLongest) {
      return Refuse(absl::StrCat("must be from ", lowest_in_words, " to 1h"));
    }
    return Accept(nanoseconds);
  }

  double Accept(double value) {
    ++next_;
    return value;
  }

  double Refuse(absl::string_view bound) {
    status_.Update(absl::InvalidArgumentError(absl::StrCat(names_[next_], "=", values_[next_], ": ", bound)));
    return Accept(0);
  }

  std::vector<absl::string_view> names_;
  std::vector<absl::string_view> values_;
  size_t next_ = 0;
  absl::Status status_;
};

latency::Any MakeConstant(Arguments& arguments) { return latency::Constant{arguments.TakeTime()}; }

latency::Any MakeUniform(Arguments& arguments) {
  const double low = arguments.TakeTime();
  return latency::Uniform{low, arguments.TakeTimeNotUnder(low)};
}

latency::Any MakeNormal(Arguments& arguments) {
  const double mean = arguments.TakeTime();
  return latency::Normal{mean, arguments.TakeTime()};
}

latency::Any MakeLognormal(Arguments& arguments) {
  const double median = arguments.TakePositiveTime();
  return latency::Lognormal(median, arguments.TakeTimeNotUnder(median));
}

latency::Any MakeExponential(Arguments& arguments) { return latency::Exponential{arguments.TakeTime()}; }

latency::Any MakePareto(Arguments& arguments) {
  const double scale = arguments.TakePositiveTime();
  return latency::Pareto{scale, arguments.TakeNumber([](double shape) { return shape > 1 && shape <= 1000; },
                                                     "must be over 1, where the mean is infinite, and up to 1000")};
}

latency::Any MakeBimodal(Arguments& arguments) {
  const double low = arguments.TakeTime();
  const double high = arguments.TakeTimeNotUnder(low);
  return latency::Bimodal{
      low, high, arguments.TakeNumber([](double share) { return share >= 0 && share <= 1; }, "must be from 0 to 1")};
}

latency::Any MakeTrace(Arguments& arguments) { return latency::Trace{arguments.TakeTrace()}; }

// How a distribution is written.
struct Syntax {
  absl::string_view name;
  absl::string_view arguments;
  latency::Any (*make)(Arguments& arguments);
};

// In the order of the alternatives of latency::Any.
constexpr Syntax kSyntaxes[] = {
    {"constant", "LATENCY", MakeConstant},      {"uniform", "LOW,HIGH", MakeUniform},
    {"normal", "MEAN,STDDEV", MakeNormal},      {"lognormal", "MEDIAN,P99", MakeLognormal},
    {"exponential", "MEAN", MakeExponential},   {"pareto", "SCALE,SHAPE", MakePareto},
    {"bimodal", "LOW,HIGH,SHARE", MakeBimodal}, {"trace", "FILE", MakeTrace},
};
static_assert(std::size(kSyntaxes) == std::variant_size_v<latency::Any>);

std::string Time(double nanoseconds) { return absl::FormatDuration(absl::Nanoseconds(nanoseconds)); }

// The arguments as they are written.
struct ArgumentsOf {
  std::string operator()(const latency::Constant& d) const { return Time(d.latency); }
  std::string operator()(const latency::Uniform& d) const { return absl::StrCat(Time(d.low), ",", Time(d.high)); }
  std::string operator()(const latency::Normal& d) const { return absl::StrCat(Time(d.mean), ",", Time(d.stddev)); }
  std::string operator()(const latency::Lognormal& d) const { return absl::StrCat(Time(d.median), ",", Time(d.p99)); }
  std::string operator()(const latency::Exponential& d) const { return Time(d.mean); }
  std::string operator()(const latency::Pareto& d) const {
    return absl::StrCat(Time(d.scale), ",", ShortestDecimal(d.shape));
  }
  std::string operator()(const latency::Bimodal& d) const {
    return absl::StrCat(Time(d.low), ",", Time(d.high), ",", ShortestDecimal(d.share));
  }
  std::string operator()(const latency::Trace& d) const { return d.latencies->file(); }
};

}  // namespace

// Specifications travel by value through coroutines (see the traps in async/task.h), one or more a wait.
static_assert(std::is_trivially_copyable_v<LatencyDistribution>);

LatencyDistribution LatencyDistribution::Constant(absl::Duration latency) {
  return LatencyDistribution(latency::Constant{absl::ToDoubleNanoseconds(latency)});
}

absl::StatusOr<LatencyDistribution> LatencyDistribution::Parse(absl::string_view text) {
  const size_t colon = text.find(':');
  const absl::string_view name = text.substr(0, colon);
  const Syntax* syntax =
      std::find_if(std::begin(kSyntaxes), std::end(kSyntaxes), [&](const Syntax& s) { return s.name == name; });
  if (syntax == std::end(kSyntaxes)) {
    const auto append_name = [](std::string* out, const Syntax& s) { absl::StrAppend(out, s.name); };
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": unknown distribution, must be one of ", absl::StrJoin(kSyntaxes, ", ", append_name)));
  }
  std::vector<absl::string_view> values;
  if (colon != absl::string_view::npos) values = absl::StrSplit(text.substr(colon + 1), ',');
  Arguments arguments(syntax->arguments, std::move(values));
  if (!arguments.Complete()) return absl::InvalidArgumentError(absl::StrCat(text, ": needs ", syntax->arguments));
  const latency::Any distribution = syntax->make(arguments);
  if (!arguments.status().ok()) return arguments.status();
  return LatencyDistribution(distribution);
}

std::string LatencyDistribution::ToString() const {
  return absl::StrCat(kSyntaxes[distribution_.index()].name, ":", std::visit(ArgumentsOf(), distribution_));
}

absl::Duration LatencyDistribution::Draw(RandomBits& bits) const {
  return absl::Nanoseconds(static_cast<int64_t>(ClampedQuantile(bits.NextFraction()) + 0.5));
}

const LatencyTrace* LatencyDistribution::trace() const {
  const auto* trace = std::get_if<latency::Trace>(&distribution_);
  return trace != nullptr ? trace->latencies : nullptr;
}

absl::Duration LatencyDistribution::Mean() const {
  return absl::Nanoseconds(std::visit([](const auto& d) { return d.Mean(); }, distribution_));
}

absl::Duration LatencyDistribution::Quantile(double p) const {
  assert(p > 0 && p < 1);
  return absl::Nanoseconds(ClampedQuantile(p));
}

double LatencyDistribution::ClampedQuantile(double p) const {
  return std::clamp(std::visit([p](const auto& d) { return d.Quantile(p); }, distribution_), 0.0, kLongest);
}

}  // namespace meanwhile
