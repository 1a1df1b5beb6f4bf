#include "loadtest/comparison.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "loadtest/report/figures.h"
#include "loadtest/report/sentence.h"
#include "loadtest/statistics.h"

namespace meanwhile {
namespace {

using Rounds = std::vector<const v1::Cell*>;
using Figure = std::function<double(const v1::Cell&)>;

std::vector<double> FiguresOf(const Rounds& rounds, const Figure& figure) {
  std::vector<double> figures;
  for (const v1::Cell* round : rounds) figures.push_back(figure(*round));
  return figures;
}

double MedianOf(const Rounds& rounds, const Figure& figure) { return Median(FiguresOf(rounds, figure)); }

// The rounds of one server at one level, in order.
Rounds RoundsOf(const v1::ComparisonReport& report, const std::string& model, uint32_t in_flight) {
  Rounds rounds;
  for (const v1::Cell& cell : report.rounds()) {
    if (cell.model() == model && cell.in_flight() == in_flight) rounds.push_back(&cell);
  }
  return rounds;
}

void SummarizeLatency(const Rounds& rounds, v1::LatencySummary* summary) {
  const auto* reflection = v1::LatencySummary::GetReflection();
  const auto* descriptor = v1::LatencySummary::GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    reflection->SetDouble(summary, field, MedianOf(rounds, [&](const v1::Cell& cell) {
                            return reflection->GetDouble(cell.response_time(), field);
                          }));
  }
}

void SummarizeServer(const Rounds& all_rounds, v1::Cell* cell) {
  Rounds rounds;
  Rounds with_switches;
  for (const v1::Cell* round : all_rounds) {
    if (!round->has_server()) continue;
    rounds.push_back(round);
    if (round->server().has_context_switches_per_call()) with_switches.push_back(round);
  }
  if (rounds.empty()) return;
  v1::ServerUsage* usage = cell->mutable_server();
  usage->set_cpu_micros_per_call(
      MedianOf(rounds, [](const v1::Cell& round) { return round.server().cpu_micros_per_call(); }));
  usage->set_processors_used(MedianOf(rounds, [](const v1::Cell& round) { return round.server().processors_used(); }));
  if (!with_switches.empty()) {
    usage->set_context_switches_per_call(
        MedianOf(with_switches, [](const v1::Cell& round) { return round.server().context_switches_per_call(); }));
  }
  for (const v1::Cell* round : rounds) {
    usage->set_peak_threads(std::max(usage->peak_threads(), round->server().peak_threads()));
    usage->set_peak_rss_bytes(std::max(usage->peak_rss_bytes(), round->server().peak_rss_bytes()));
  }
}

// All error groups of the rounds, the most frequent first.
void AddErrorGroups(const Rounds& rounds, v1::Cell* cell) {
  std::map<std::pair<std::string, std::string>, double> counts;
  for (const v1::Cell* round : rounds) {
    for (const v1::ErrorGroup& group : round->error_groups()) {
      counts[{group.status(), group.message()}] += group.count();
    }
  }
  for (const auto& [name, count] : counts) {
    v1::ErrorGroup* group = cell->add_error_groups();
    group->set_status(name.first);
    group->set_message(name.second);
    group->set_count(count);
  }
  std::stable_sort(cell->mutable_error_groups()->begin(), cell->mutable_error_groups()->end(),
                   [](const v1::ErrorGroup& a, const v1::ErrorGroup& b) { return a.count() > b.count(); });
}

void AddCounts(const Rounds& rounds, v1::Cell* cell) {
  for (const v1::Cell* round : rounds) {
    cell->set_calls(cell->calls() + round->calls());
    cell->set_errors(cell->errors() + round->errors());
    cell->set_duration_seconds(cell->duration_seconds() + round->duration_seconds());
    for (const auto& [status, count] : round->statuses()) (*cell->mutable_statuses())[status] += count;
  }
}

void SummarizeCell(const Rounds& rounds, v1::Cell* cell) {
  cell->set_model(rounds.front()->model());
  cell->set_in_flight(rounds.front()->in_flight());
  AddCounts(rounds, cell);
  AddErrorGroups(rounds, cell);
  cell->set_achieved_rate(MedianOf(rounds, [](const v1::Cell& round) { return round.achieved_rate(); }));
  if (rounds.front()->has_ideal_share()) {
    cell->set_ideal_share(MedianOf(rounds, [](const v1::Cell& round) { return round.ideal_share(); }));
  }
  SummarizeLatency(rounds, cell->mutable_response_time());
  SummarizeServer(rounds, cell);
  v1::ClientUsage* client = cell->mutable_client();
  client->set_cpu_micros_per_call(
      MedianOf(rounds, [](const v1::Cell& round) { return round.client().cpu_micros_per_call(); }));
  client->set_processors_used(MedianOf(rounds, [](const v1::Cell& round) { return round.client().processors_used(); }));
  client->set_waited_for_stream(
      MedianOf(rounds, [](const v1::Cell& round) { return round.client().waited_for_stream(); }));
  const auto limited =
      std::count_if(rounds.begin(), rounds.end(), [](const auto* round) { return round->client_limited(); });
  cell->set_client_limited(2 * limited >= static_cast<long>(rounds.size()));
}

// Nothing when a side has no figure to divide by.
void SetRatio(const Rounds& subject, const Rounds& baseline, const Figure& figure, v1::Estimate* estimate) {
  const absl::StatusOr<RatioEstimate> ratio = BootstrapRatio(FiguresOf(subject, figure), FiguresOf(baseline, figure));
  if (!ratio.ok()) return;
  estimate->set_median(ratio->median);
  estimate->set_low(ratio->low);
  estimate->set_high(ratio->high);
}

void AddComparison(uint32_t in_flight, const std::string& subject, const std::string& baseline,
                   v1::ComparisonReport* report) {
  const Rounds subject_rounds = RoundsOf(*report, subject, in_flight);
  const Rounds baseline_rounds = RoundsOf(*report, baseline, in_flight);
  if (subject_rounds.empty() || baseline_rounds.empty()) return;
  v1::Comparison* comparison = report->add_comparisons();
  comparison->set_subject(subject);
  comparison->set_baseline(baseline);
  comparison->set_in_flight(in_flight);
  SetRatio(
      subject_rounds, baseline_rounds, [](const v1::Cell& cell) { return cell.achieved_rate(); },
      comparison->mutable_throughput_ratio());
  SetRatio(
      subject_rounds, baseline_rounds, [](const v1::Cell& cell) { return cell.server().cpu_micros_per_call(); },
      comparison->mutable_cpu_per_call_ratio());
}

std::string LevelOf(uint32_t in_flight) { return absl::StrCat("at ", FormatCount(in_flight), " in flight "); }

// False when nothing was measured, or a server served no call in one of its rounds: its ratio then has no interval.
bool JudgeRates(v1::ComparisonReport* report) {
  bool usable = true;
  for (const v1::Cell& cell : report->cells()) {
    const Rounds rounds = RoundsOf(*report, cell.model(), cell.in_flight());
    const auto idle =
        std::count_if(rounds.begin(), rounds.end(), [](const v1::Cell* round) { return round->achieved_rate() <= 0; });
    if (idle == 0) continue;
    report->add_problems(absl::StrCat(LevelOf(cell.in_flight()), cell.model(), " served no call in ", idle, " of ",
                                      rounds.size(), " rounds"));
    usable = false;
  }
  if (report->cells().empty()) {
    report->add_problems("nothing was measured");
    usable = false;
  }
  return usable;
}

// The load tester's limit at one level. False when a comparison says nothing because of it: the load tester was the
// limit of both sides, or of the only server that there is.
bool JudgeLimit(uint32_t in_flight, v1::ComparisonReport* report) {
  std::vector<std::string> limited;
  for (const v1::Cell& cell : report->cells()) {
    if (cell.in_flight() == in_flight && cell.client_limited()) limited.push_back(cell.model());
  }
  if (limited.empty()) return true;
  const bool compared = report->settings().models_size() > 1;
  const bool usable = compared && (limited.size() == 1 || limited.front() != report->settings().models(0));
  report->add_problems(absl::StrCat(
      usable ? "" : "client-limited: ", LevelOf(in_flight), "the load tester was the limit of ",
      absl::StrJoin(limited, " and "),
      usable ? ", which can serve more calls than these" : "; give it more processors, or the servers fewer"));
  return usable;
}

}  // namespace

std::vector<RoundStep> PlanRounds(std::size_t servers, const std::vector<uint32_t>& levels, uint32_t rounds) {
  std::vector<RoundStep> steps;
  for (uint32_t round = 1; round <= rounds; ++round) {
    for (const uint32_t level : levels) {
      for (std::size_t i = 0; i < servers; ++i) {
        steps.push_back(RoundStep{round % 2 == 1 ? i : servers - 1 - i, level, round});
      }
    }
  }
  return steps;
}

void Summarize(v1::ComparisonReport* report) {
  const auto& models = report->settings().models();
  for (const uint32_t in_flight : report->settings().in_flight()) {
    for (const std::string& model : models) {
      const Rounds rounds = RoundsOf(*report, model, in_flight);
      if (!rounds.empty()) SummarizeCell(rounds, report->add_cells());
    }
    for (int i = 1; i < models.size(); ++i) AddComparison(in_flight, models[0], models[i], report);
  }
  bool usable = JudgeRates(report);
  for (const uint32_t in_flight : report->settings().in_flight()) {
    if (!JudgeLimit(in_flight, report)) usable = false;
  }
  report->set_valid(usable);
  SetSentences(*report);
}

}  // namespace meanwhile
