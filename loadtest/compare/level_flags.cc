#include "loadtest/compare/level_flags.h"

#include <algorithm>
#include <functional>
#include <string>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/flags.h"
#include "loadtest/flags/open_loop_flags.h"
#include "loadtest/load/load_shape.h"

namespace meanwhile {
namespace {

using ParseLevel = std::function<absl::StatusOr<Level>(const std::string&)>;

absl::Status ParseLevels(absl::string_view flag, const std::string& text, const ParseLevel& parse,
                         std::vector<Level>* levels) {
  levels->clear();
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const absl::StatusOr<Level> level = parse(std::string(part));
    if (!level.ok()) return level.status();
    if (std::find(levels->begin(), levels->end(), *level) != levels->end()) {
      return absl::InvalidArgumentError(FlagError(flag, text, "must hold each level once"));
    }
    levels->push_back(*level);
  }
  return absl::OkStatus();
}

absl::StatusOr<Level> ParseInFlight(const std::string& text) {
  const absl::StatusOr<uint64_t> count = ParseCount("--concurrency", text, {1, 100'000});
  if (!count.ok()) return count.status();
  return Level{.in_flight = static_cast<uint32_t>(*count), .rate = {}};
}

absl::StatusOr<Level> ParseRateLevel(const std::string& text) {
  const absl::StatusOr<double> rate = ParseRate("--rps", text);
  if (!rate.ok()) return rate.status();
  return Level{.in_flight = 0, .rate = *rate};
}

[[noreturn]] void Refuse(const CLI::Option* option, const std::string& bound) {
  throw UsageError(FlagError(option->get_name(), option->results().front(), bound));
}

}  // namespace

void LevelFlags::Add(CLI::App& app, ComparisonOptions* comparison) {
  const auto parse_in_flight = [this](const std::string& text) {
    return ParseLevels("--concurrency", text, ParseInFlight, &in_flight_);
  };
  concurrency_option_ =
      AddParsedFlag(app, "-c,--concurrency", parse_in_flight, "LIST", "100,1000,4000", "Calls in flight, a level each");
  const auto parse_rates = [this](const std::string& text) {
    return ParseLevels("--rps", text, ParseRateLevel, &rates_);
  };
  AddParsedFlag(
      app, "-r,--rps", parse_rates, "LIST", "",
      "Calls a second, a level each: every server is sent as many, whatever returns, and their times compared");
  open_loop_options_ = {
      AddArrivalFlag(app, &comparison->arrival, "With --rps: how calls are spaced, constant, poisson or burst:N"),
      AddMaxInFlightFlag(app, &comparison->load, "With --rps: one call more is not sent, and counted as that"),
      AddMaxDispatchDelayFlag(app, &comparison->load,
                              "With --rps: the load tester was the limit if 1 % of the calls leave later"),
  };
}

void LevelFlags::Finish(ComparisonOptions* comparison) const {
  if (!rates_.empty() && concurrency_option_->count() > 0) {
    Refuse(concurrency_option_, "cannot be given together with --rps");
  }
  for (const CLI::Option* option : open_loop_options_) {
    if (rates_.empty() && option->count() > 0) Refuse(option, "needs --rps");
  }
  comparison->levels = rates_.empty() ? in_flight_ : rates_;
}

}  // namespace meanwhile
