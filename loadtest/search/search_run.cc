#include "loadtest/search/search_run.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/version.h"
#include "loadtest/load/load_report.h"
#include "loadtest/load/load_shape.h"
#include "loadtest/load/progress.h"
#include "loadtest/load/validity.h"
#include "loadtest/measure/host.h"
#include "loadtest/report/figures.h"
#include "loadtest/report/search_sentence.h"
#include "loadtest/servers/server_round.h"

namespace meanwhile {
namespace {

v1::SearchReport ReportOf(const SearchOptions& options) {
  v1::SearchReport report;
  report.set_version(kVersion);
  report.set_start_time(absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone()));
  *report.mutable_host() = ReadHost();
  report.set_target(options.load.target);
  report.set_engine(std::string(NameOf(options.load.engine)));
  report.set_arrival(FormatArrival(options.arrival));
  for (const Threshold& objective : options.objectives) report.add_objectives(objective.text);
  report.set_warmup_seconds(absl::ToDoubleSeconds(options.load.warmup));
  report.set_measure_seconds(absl::ToDoubleSeconds(options.load.duration));
  report.set_precision(options.rates.precision);
  return report;
}

// Why a run did not hold its rate; empty when it did.
std::string ReasonOf(const v1::SearchProbe& probe, const LoadResult& result) {
  std::vector<std::string> reasons;
  if (result.measurement.succeeded() == 0) reasons.emplace_back("no call succeeded");
  if (probe.cell().behind()) {
    reasons.push_back(absl::StrCat("only ", FormatFigure(probe.cell().achieved_rate()), " of ",
                                   FormatFigure(probe.cell().offered_rate()), " calls/s were answered"));
  }
  for (const v1::ThresholdVerdict& verdict : probe.thresholds()) {
    if (!verdict.passed()) reasons.push_back(absl::StrCat(verdict.threshold(), " was ", verdict.actual_text()));
  }
  if (reasons.empty()) return "";
  // What the load tester did wrong explains all of them.
  const std::vector<std::string> limits = OwnLimits(result);
  return absl::StrJoin(limits.empty() ? reasons : limits, ", ");
}

v1::SearchProbe ProbeOf(RateSearch::Stage stage, const SearchOptions& options, ServerRound round) {
  v1::SearchProbe probe;
  probe.set_stage(std::string(NameOf(stage)));
  *probe.mutable_cell() = std::move(round.cell);
  for (v1::ThresholdVerdict& verdict : Judge(options.objectives, round.result)) {
    *probe.add_thresholds() = std::move(verdict);
  }
  probe.set_reason(ReasonOf(probe, round.result));
  probe.set_held(probe.reason().empty());
  return probe;
}

RateSearch::Verdict VerdictOf(const v1::SearchProbe& probe) {
  if (probe.held()) return RateSearch::Verdict::kHeld;
  return probe.cell().client_limited() ? RateSearch::Verdict::kClientLimited : RateSearch::Verdict::kFailed;
}

// Makes the runs. False when the server was gone before the end, which the report's problems then say.
absl::StatusOr<bool> Probe(const SearchOptions& options, const std::function<bool()>& stopped, RateSearch* search,
                           v1::SearchReport* report) {
  ProgressLine progress(stderr);
  while (search->next()) {
    const RateSearch::Probe next = *search->next();
    const LoadOptions load = LoadOf(options, next.rate, static_cast<std::size_t>(report->probes_size()));
    const std::string label =
        absl::StrCat(report->probes_size() + 1, " ", NameOf(next.stage), " ", FormatFigure(next.rate), " calls/s · ");
    absl::StatusOr<ServerRound> round = MeasureTarget(
        load.target, load, [&](const LoadProgress& now) { progress.Show(now, label); }, stopped);
    progress.Clear();
    if (stopped()) {
      // The run that was cut short is not like the others.
      report->set_interrupted(true);
      return true;
    }
    if (!round.ok() && report->probes().empty()) return round.status();
    if (!round.ok() || IsServerGone(round->result)) {
      report->add_problems(absl::StrCat("the server was gone at ", FormatFigure(next.rate), " calls/s"));
      return false;
    }
    report->set_model(round->model);
    report->set_connections(static_cast<uint32_t>(round->result.connections));
    report->set_loops(static_cast<uint32_t>(round->result.loops));
    *report->add_probes() = ProbeOf(next.stage, options, *std::move(round));
    search->Record(VerdictOf(report->probes(report->probes_size() - 1)));
  }
  return true;
}

// The limits that the load tester met at the lowest rate that failed.
std::string LimitsAt(const v1::SearchReport& report, double rate) {
  for (const v1::SearchProbe& probe : report.probes()) {
    if (probe.cell().rate() == rate && probe.cell().client_limited()) return probe.reason();
  }
  return "";
}

}  // namespace

LoadOptions LoadOf(const SearchOptions& options, double rate, std::size_t number) {
  LoadOptions load = options.load;
  load.shape.emplace().phases = {{rate, rate}};
  load.shape->arrival = options.arrival;
  load.shape->arrival.seed = SeedOf(options.arrival.seed, number);
  return load;
}

absl::StatusOr<v1::SearchReport> RunSearch(const SearchOptions& options, const std::function<bool()>& stopped) {
  v1::SearchReport report = ReportOf(options);
  RateSearch search(options.rates);
  const absl::StatusOr<bool> completed = Probe(options, stopped, &search, &report);
  if (!completed.ok()) return completed.status();

  report.set_held(search.held());
  report.set_repeats(search.confirmed());
  if (search.rate()) report.set_rate(*search.rate());
  if (search.highest_held()) report.set_highest_held(*search.highest_held());
  if (search.lowest_failed()) report.set_lowest_failed(*search.lowest_failed());
  const bool is_over = *completed && !report.interrupted();
  const bool is_limited = is_over && search.is_client_limited();
  report.set_client_limited(is_limited);
  if (is_limited) {
    report.add_problems(
        absl::StrCat("client-limited: the server may hold more, but ", LimitsAt(report, *search.lowest_failed())));
  }
  if (report.probes().empty()) report.add_problems("nothing was measured");
  report.set_valid(*completed && !is_limited && !report.probes().empty());
  report.set_sentence(SearchSentence(report));
  return report;
}

}  // namespace meanwhile
