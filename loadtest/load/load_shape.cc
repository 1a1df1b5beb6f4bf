#include "loadtest/load/load_shape.h"

#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/flags.h"

namespace meanwhile {
namespace {

constexpr char kShapes[] =
    "must be ramp:RATE..RATE/TIME, step:RATE,RATE,…/TIME, spike:RATE..RATE/TIME,TIME, several with + between, or "
    "replay:FILE";
constexpr char kRates[] = "each rate must be a number from 0 to 10000000, and one of them over 0";
constexpr char kTimes[] = "each time must be a duration from 1ms to 24h";
constexpr std::size_t kMostSteps = 1000;
constexpr std::size_t kMostArrivals = 50'000'000;

std::optional<double> Rate(absl::string_view text) {
  double rate = 0;
  if (!absl::SimpleAtod(text, &rate) || !(rate >= 0 && rate <= kHighestRate)) return std::nullopt;
  return rate;
}

std::optional<std::vector<double>> Rates(absl::string_view text, absl::string_view separator) {
  std::vector<double> rates;
  double highest = 0;
  for (const absl::string_view part : absl::StrSplit(text, separator)) {
    const std::optional<double> rate = Rate(part);
    if (!rate) return std::nullopt;
    highest = std::max(highest, *rate);
    rates.push_back(*rate);
  }
  if (highest < kLowestRate) return std::nullopt;
  return rates;
}

std::optional<std::vector<absl::Duration>> Times(absl::string_view text) {
  std::vector<absl::Duration> times;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    absl::Duration time;
    if (!absl::ParseDuration(part, &time) || time < absl::Milliseconds(1) || time > absl::Hours(24)) {
      return std::nullopt;
    }
    times.push_back(time);
  }
  return times;
}

// A message for FlagError when the file cannot be used.
absl::StatusOr<std::vector<std::chrono::nanoseconds>> ReadArrivals(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::InvalidArgumentError("cannot be read");
  std::vector<std::chrono::nanoseconds> arrivals;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    const absl::string_view text = absl::StripAsciiWhitespace(absl::string_view(line).substr(0, line.find('#')));
    if (text.empty()) continue;
    const auto refuse = [number](absl::string_view bound) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", bound));
    };
    absl::Duration time;
    double seconds = 0;
    if (absl::SimpleAtod(text, &seconds)) {
      time = absl::Seconds(seconds);
    } else if (!absl::ParseDuration(text, &time)) {
      return refuse("must be a time such as 1.25s or 80ms, or a number of seconds");
    }
    if (!(time >= absl::ZeroDuration() && time <= absl::Hours(24))) return refuse("must be from 0 to 24h");
    const std::chrono::nanoseconds arrival = absl::ToChronoNanoseconds(time);
    if (!arrivals.empty() && arrival < arrivals.back()) return refuse("must not be before the line above");
    if (arrivals.size() == kMostArrivals) return refuse("must be one of at most 50000000");
    arrivals.push_back(arrival);
  }
  if (file.bad()) return absl::InvalidArgumentError("cannot be read");  // A directory, for one.
  if (arrivals.empty()) return absl::InvalidArgumentError("must have a line with a time");
  return arrivals;
}

// Of one shape. A message for FlagError when it is none.
absl::StatusOr<std::vector<RatePhase>> ParsePhases(absl::string_view text) {
  const auto refuse = [](const char* bound) { return absl::InvalidArgumentError(bound); };
  const std::pair<absl::string_view, absl::string_view> named = absl::StrSplit(text, absl::MaxSplits(':', 1));
  const auto [name, rest] = named;
  const bool is_step = name == "step";
  if ((!is_step && name != "ramp" && name != "spike") || !absl::StrContains(rest, '/')) return refuse(kShapes);
  const std::pair<absl::string_view, absl::string_view> sides = absl::StrSplit(rest, absl::MaxSplits('/', 1));
  const auto rates = Rates(sides.first, is_step ? "," : "..");
  if (!rates) return refuse(kRates);
  const auto times = Times(sides.second);
  if (!times) return refuse(kTimes);
  if (times->size() != (name == "spike" ? 2 : 1) || (!is_step && rates->size() != 2)) return refuse(kShapes);

  if (name == "ramp") return std::vector<RatePhase>{{rates->front(), rates->back(), times->front()}};
  if (name == "spike") {
    const RatePhase around = {rates->front(), rates->front(), times->front()};
    return std::vector<RatePhase>{around, {rates->back(), rates->back(), times->back()}, around};
  }
  std::vector<RatePhase> phases;
  for (const double rate : *rates) phases.push_back({rate, rate, times->front()});
  return phases;
}

}  // namespace

absl::StatusOr<double> ParseRate(absl::string_view flag, absl::string_view text) {
  const std::optional<double> rate = Rate(text);
  if (rate && *rate >= kLowestRate) return *rate;
  return absl::InvalidArgumentError(FlagError(flag, text, "must be a number of calls a second from 0.001 to 10000000"));
}

absl::StatusOr<LoadShape> ParseLoadShape(absl::string_view flag, absl::string_view text,
                                         const std::function<std::string(const std::string&)>& resolve_path) {
  const auto refuse = [&](absl::string_view bound) { return absl::InvalidArgumentError(FlagError(flag, text, bound)); };
  LoadShape shape;
  if (absl::string_view file = text; absl::ConsumePrefix(&file, "replay:") && resolve_path && !file.empty()) {
    auto arrivals = ReadArrivals(resolve_path(std::string(file)));
    if (!arrivals.ok()) return refuse(arrivals.status().message());
    shape.replay = std::make_shared<const std::vector<std::chrono::nanoseconds>>(*std::move(arrivals));
    return shape;
  }
  for (const absl::string_view part : absl::StrSplit(text, '+')) {
    const absl::StatusOr<std::vector<RatePhase>> phases = ParsePhases(part);
    if (!phases.ok()) return refuse(phases.status().message());
    shape.phases.insert(shape.phases.end(), phases->begin(), phases->end());
  }
  if (shape.phases.size() > kMostSteps) return refuse("must have at most 1000 steps");
  return shape;
}

absl::StatusOr<Arrival> ParseArrival(absl::string_view flag, absl::string_view text) {
  Arrival arrival;
  if (text == "constant") return arrival;
  if (text == "poisson") {
    arrival.kind = Arrival::Kind::kPoisson;
    return arrival;
  }
  absl::string_view burst = text;
  if (!absl::ConsumePrefix(&burst, "burst:") || !absl::SimpleAtoi(burst, &arrival.burst) || arrival.burst < 1 ||
      arrival.burst > 1'000'000) {
    return absl::InvalidArgumentError(
        FlagError(flag, text, "must be constant, poisson or burst:N with N from 1 to 1000000"));
  }
  arrival.kind = Arrival::Kind::kBurst;
  return arrival;
}

std::string FormatArrival(const Arrival& arrival) {
  if (arrival.kind == Arrival::Kind::kBurst) return absl::StrCat("burst:", arrival.burst);
  return arrival.kind == Arrival::Kind::kPoisson ? "poisson" : "constant";
}

}  // namespace meanwhile
