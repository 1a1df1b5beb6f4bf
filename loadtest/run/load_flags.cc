#include "loadtest/run/load_flags.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/flags.h"
#include "loadtest/flags/open_loop_flags.h"
#include "loadtest/flags/output_files.h"
#include "loadtest/load/load_shape.h"
#include "loadtest/report/figures.h"

namespace meanwhile {
namespace {

// What was given for the flag, which was given.
void Refuse(const CLI::Option* option, const std::string& bound) {
  throw UsageError(FlagError(option->get_name(), option->results().front(), bound));
}

}  // namespace

void LoadFlags::Add(CLI::App& app, LoadOptions* load) {
  AddClosedLoop(app, load);
  AddOpenLoop(app, load);
  AddLimits(app, load);
}

void LoadFlags::AddClosedLoop(CLI::App& app, LoadOptions* load) {
  concurrency_option_ =
      AddCountFlag(app, "-c,--concurrency", &load->in_flight, {1, 100'000},
                   "Callers, each with one call in flight; no more than --total unless this is given");
  think_time_option_ = AddDurationFlag(app, "--think-time", &load->think_time, {absl::ZeroDuration(), absl::Hours(1)},
                                       "How long a caller waits after each call");
}

void LoadFlags::AddOpenLoop(CLI::App& app, LoadOptions* load) {
  auto parse_rate = [this](const std::string& text) {
    const absl::StatusOr<double> rate = ParseRate("--rps", text);
    if (rate.ok()) rate_ = *rate;
    return rate.status();
  };
  rate_option_ = AddParsedFlag(app, "-r,--rps", parse_rate, "RATE", "",
                               "Send so many calls a second, whatever returns, instead of by callers");
  auto parse_shape = [this](const std::string& text) {
    absl::StatusOr<LoadShape> shape = ParseLoadShape("--load", text, ResolvePath);
    if (!shape.ok()) return shape.status();
    shape_ = *std::move(shape);
    shape_text_ = text;
    return absl::OkStatus();
  };
  shape_option_ = AddParsedFlag(app, "--load", parse_shape, "SHAPE", "",
                                "Send at a rate that changes: ramp:…, step:…, spike:… or replay:FILE, see below");
  arrival_option_ = AddArrivalFlag(app, &arrival_, "How calls are spaced at the rate: constant, poisson or burst:N");
  max_in_flight_option_ =
      AddMaxInFlightFlag(app, load, "With --rps or --load: one call more is not sent, and counted as that");
  max_delay_option_ =
      AddMaxDispatchDelayFlag(app, load, "With --rps or --load: the run is invalid if 1 % of the calls leave later");
}

void LoadFlags::AddLimits(CLI::App& app, LoadOptions* load) {
  duration_option_ = AddDurationFlag(app, "-z,--duration", &duration_, {absl::Milliseconds(1), absl::Hours(24)},
                                     "Of the measured time; with --load its own length unless this is given");
  AddCountFlag(app, "-n,--total", &load->total, {1, 1'000'000'000'000},
               "Measure exactly so many calls; without limit of time and without warm-up unless these are given")
      ->default_str("");
  warmup_option_ = AddDurationFlag(app, "--warmup", &load->warmup, {absl::ZeroDuration(), absl::Hours(1)},
                                   "How long calls are sent before they are measured");
}

void LoadFlags::Finish(LoadOptions* load) const {
  const auto given = [](const CLI::Option* option) { return option->count() > 0; };
  if (given(rate_option_) && given(shape_option_)) Refuse(shape_option_, "cannot be given together with --rps");
  const bool is_open = given(rate_option_) || given(shape_option_);
  for (const CLI::Option* option : {concurrency_option_, think_time_option_}) {
    if (is_open && given(option)) Refuse(option, "cannot be given together with --rps or --load");
  }
  for (const CLI::Option* option : {arrival_option_, max_in_flight_option_, max_delay_option_}) {
    if (!is_open && given(option)) Refuse(option, "needs --rps or --load");
  }
  if (shape_ && shape_->replay != nullptr && given(arrival_option_)) {
    Refuse(arrival_option_, "cannot be given together with --load=replay:FILE");
  }
  if (given(rate_option_)) load->shape.emplace().phases = {{rate_, rate_}};
  if (given(shape_option_)) load->shape = shape_;
  if (load->shape) load->shape->arrival = arrival_;

  load->duration = duration_;
  if (!given(duration_option_) && (load->total > 0 || given(shape_option_))) {
    load->duration = absl::InfiniteDuration();
  }
  // A replay has no rate to warm up with.
  const bool is_replay = load->shape && load->shape->replay != nullptr;
  if (!given(warmup_option_) && (load->total > 0 || is_replay)) load->warmup = absl::ZeroDuration();
  if (!is_open && load->total > 0 && !given(concurrency_option_)) {
    load->in_flight = std::min<std::size_t>(load->in_flight, load->total);
  }
  if (!is_open && load->total > 0 && load->in_flight > load->total) {
    throw UsageError(FlagError("--concurrency", std::to_string(load->in_flight),
                               absl::StrCat("must be at most --total, which is ", load->total)));
  }
}

std::string LoadFlags::Description(const LoadOptions& load) const {
  if (!load.shape) {
    std::string text = absl::StrCat(FormatCount(static_cast<double>(load.in_flight)), " in flight");
    if (load.think_time > absl::ZeroDuration()) {
      absl::StrAppend(&text, " or thinking for ", absl::FormatDuration(load.think_time));
    }
    return text;
  }
  std::string text = shape_ ? shape_text_ : absl::StrCat(FormatFigure(rate_), " calls/s");
  if (arrival_.kind != Arrival::Kind::kConstant) absl::StrAppend(&text, ", ", FormatArrival(arrival_));
  return text;
}

}  // namespace meanwhile
