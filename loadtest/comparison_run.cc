#include "loadtest/comparison_run.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/version.h"
#include "loadtest/comparison.h"
#include "loadtest/host.h"
#include "loadtest/pinning.h"
#include "loadtest/progress.h"
#include "loadtest/server_round.h"

namespace meanwhile {
namespace {

v1::ComparisonReport ReportOf(const ComparisonOptions& options, const v1::Host& host, const Pinning& pinning) {
  v1::ComparisonReport report;
  report.set_version(kVersion);
  report.set_start_time(absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone()));
  *report.mutable_host() = host;
  v1::ComparisonSettings* settings = report.mutable_settings();
  for (const ServerCommand& server : options.servers) settings->add_models(server.name);
  settings->mutable_in_flight()->Assign(options.in_flight.begin(), options.in_flight.end());
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

// Adds the rounds, and the mean wait when a server tells one.
absl::Status MeasureRounds(const ComparisonOptions& options, const std::string& processors,
                           const std::function<bool()>& stopped, v1::ComparisonReport* report) {
  const std::vector<RoundStep> steps = PlanRounds(options.servers.size(), options.in_flight, options.rounds);
  ProgressLine progress(stderr);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const ServerCommand& server = options.servers[steps[i].server];
    LoadOptions load = options.load;
    load.in_flight = steps[i].in_flight;
    const std::string label = absl::StrCat(i + 1, "/", steps.size(), " ", server.name, " · ");
    const auto show = [&](const LoadProgress& now) { progress.Show(now, label); };
    absl::StatusOr<ServerRound> round = MeasureServer(server, processors, load, show, stopped);
    progress.Clear();
    if (stopped()) {
      // The round that was cut short is not like the others.
      report->set_interrupted(true);
      return absl::OkStatus();
    }
    if (!round.ok()) return round.status();
    round->cell.set_round(steps[i].round);
    *report->add_rounds() = std::move(round->cell);
    if (round->mean_wait && *round->mean_wait > absl::ZeroDuration()) {
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
    cell.set_ideal_share(cell.achieved_rate() * mean_wait / cell.in_flight());
  }
}

}  // namespace

absl::StatusOr<v1::ComparisonReport> RunComparison(const ComparisonOptions& options,
                                                   const std::function<bool()>& stopped) {
  const v1::Host host = ReadHost();  // Before pinning, which takes processors away.
  const absl::StatusOr<Pinning> pinning = options.pin ? PinLoadTester() : NoPinning();
  if (!pinning.ok()) return pinning.status();
  v1::ComparisonReport report = ReportOf(options, host, *pinning);
  if (absl::Status status = MeasureRounds(options, pinning->server, stopped, &report); !status.ok()) return status;
  SetIdealShares(&report);
  Summarize(&report);
  return report;
}

}  // namespace meanwhile
