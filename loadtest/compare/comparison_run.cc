#include "loadtest/compare/comparison_run.h"

#include <cstdio>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/version.h"
#include "loadtest/compare/pinning.h"
#include "loadtest/load/load_shape.h"
#include "loadtest/load/progress.h"
#include "loadtest/measure/host.h"
#include "loadtest/servers/server_round.h"

namespace meanwhile {
namespace {

v1::ComparisonReport ReportOf(const ComparisonOptions& options, const v1::Host& host, const Pinning& pinning) {
  v1::ComparisonReport report;
  report.set_version(kVersion);
  report.set_start_time(absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone()));
  *report.mutable_host() = host;
  v1::ComparisonSettings* settings = report.mutable_settings();
  for (const ComparedServer& server : options.servers) settings->add_models(NameOf(server));
  for (const Level& level : options.levels) {
    if (level.rate) {
      settings->add_rates(*level.rate);
    } else {
      settings->add_in_flight(level.in_flight);
    }
  }
  if (options.levels.front().rate) settings->set_arrival(FormatArrival(options.arrival));
  settings->set_scenario(options.scenario);
  settings->set_backend(options.backend);
  settings->set_rounds(options.rounds);
  settings->set_warmup_seconds(absl::ToDoubleSeconds(options.load.warmup));
  settings->set_measure_seconds(absl::ToDoubleSeconds(options.load.duration));
  settings->set_connections(static_cast<uint32_t>(options.load.connections));
  settings->set_payload_bytes(static_cast<uint32_t>(options.load.request.payload().size()));
  settings->set_pinning(pinning.description);
  settings->set_engine(std::string(NameOf(options.load.engine)));
  return report;
}

absl::StatusOr<ServerRound> Measure(const ComparedServer& server, const std::string& processors, LoadOptions load,
                                    const std::function<void(const LoadProgress&)>& show,
                                    const std::function<bool()>& stopped) {
  if (const auto* command = std::get_if<ServerCommand>(&server)) {
    return MeasureServer(*command, processors, std::move(load), show, stopped);
  }
  const auto& running = std::get<RunningServer>(server);
  load.target = running.target;
  return MeasureTarget(running.name, load, show, stopped);
}

// Those that run already have their processors.
absl::StatusOr<Pinning> PinAll(const ComparisonOptions& options) {
  if (!options.pin) return NoPinning();
  for (const ComparedServer& server : options.servers) {
    if (std::holds_alternative<RunningServer>(server)) {
      return Pinning{"", absl::StrCat("nothing was pinned: ", NameOf(server), " runs already")};
    }
  }
  return PinLoadTester();
}

// Adds the rounds, and the mean wait when a server tells one and it is all that calls do.
absl::Status MeasureRounds(const ComparisonOptions& options, const std::string& processors,
                           const std::function<bool()>& stopped, v1::ComparisonReport* report) {
  const std::vector<RoundStep> steps = PlanRounds(options.servers.size(), options.levels.size(), options.rounds);
  ProgressLine progress(stderr);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const ComparedServer& server = options.servers[steps[i].server];
    const LoadOptions load = LoadOf(options, steps[i]);
    const std::string label = absl::StrCat(i + 1, "/", steps.size(), " ", NameOf(server), " · ");
    const auto show = [&](const LoadProgress& now) { progress.Show(now, label); };
    absl::StatusOr<ServerRound> round = Measure(server, processors, load, show, stopped);
    progress.Clear();
    if (stopped()) {
      // The round that was cut short is not like the others.
      report->set_interrupted(true);
      return absl::OkStatus();
    }
    if (!round.ok()) return round.status();
    round->cell.set_round(steps[i].round);
    *report->add_rounds() = std::move(round->cell);
    if (options.only_wait && round->mean_wait && *round->mean_wait > absl::ZeroDuration()) {
      report->mutable_settings()->set_mean_wait_seconds(absl::ToDoubleSeconds(*round->mean_wait));
    }
  }
  return absl::OkStatus();
}

// The share of what Little's law allows, where a server told its mean wait.
void SetIdealShares(v1::ComparisonReport* report) {
  const double mean_wait = report->settings().mean_wait_seconds();
  if (mean_wait <= 0) return;
  for (v1::Cell& cell : *report->mutable_rounds()) {
    if (cell.in_flight() > 0) cell.set_ideal_share(cell.achieved_rate() * mean_wait / cell.in_flight());
  }
}

}  // namespace

LoadOptions LoadOf(const ComparisonOptions& options, const RoundStep& step) {
  LoadOptions load = options.load;
  const Level& level = options.levels[step.level];
  if (!level.rate) {
    load.in_flight = level.in_flight;
    return load;
  }
  load.shape.emplace().phases = {{*level.rate, *level.rate}};
  load.shape->arrival = options.arrival;
  load.shape->arrival.seed = SeedOf(options.arrival.seed, step.round);
  return load;
}

absl::StatusOr<v1::ComparisonReport> RunComparison(ComparisonOptions options, const std::function<bool()>& stopped) {
  const v1::Host host = ReadHost();  // Before pinning, which takes processors away.
  const absl::StatusOr<Pinning> pinning = PinAll(options);
  if (!pinning.ok()) return pinning.status();
  if (options.prepare_calls) {
    if (absl::Status status = options.prepare_calls(&options.load); !status.ok()) return status;
  }
  v1::ComparisonReport report = ReportOf(options, host, *pinning);
  if (absl::Status status = MeasureRounds(options, pinning->server, stopped, &report); !status.ok()) return status;
  SetIdealShares(&report);
  Summarize(&report);
  return report;
}

}  // namespace meanwhile
