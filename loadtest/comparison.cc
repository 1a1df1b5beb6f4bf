#include "loadtest/comparison.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "loadtest/report/figures.h"
#include "loadtest/report/sentence.h"
#include "loadtest/statistics.h"

namespace meanwhile {
namespace {

constexpr int kErrorGroupsKept = 20;

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
  usage->set_processors_used(
      MedianOf(rounds, [](const v1::Cell& round) { return round.server().processors_used(); }));
  if (!with_switches.empty()) {
    usage->set_context_switches_per_call(MedianOf(
        with_switches, [](const v1::Cell& round) { return round.server().context_switches_per_call(); }));
  }
  for (const v1::Cell* round : rounds) {
    usage->set_peak_threads(std::max(usage->peak_threads(), round->server().peak_threads()));
    usage->set_peak_rss_bytes(std::max(usage->peak_rss_bytes(), round->server().peak_rss_bytes()));
  }
}

void AddErrors(const Rounds& rounds, v1::Cell* cell) {
  std::map<std::pair<std::string, std::string>, double> groups;
  for (const v1::Cell* round : rounds) {
    cell->set_calls(cell->calls() + round->calls());
    cell->set_errors(cell->errors() + round->errors());
    cell->set_duration_seconds(cell->duration_seconds() + round->duration_seconds());
    for (const auto& [status, count] : round->statuses()) (*cell->mutable_statuses())[status] += count;
    for (const v1::ErrorGroup& group : round->error_groups()) {
      groups[{group.status(), group.message()}] += group.count();
    }
  }
  for (const auto& [name, count] : groups) {
    if (cell->error_groups_size() == kErrorGroupsKept) break;
    v1::ErrorGroup* group = cell->add_error_groups();
    group->set_status(name.first);
    group->set_message(name.second);
    group->set_count(count);
  }
}

void SummarizeCell(const Rounds& rounds, v1::Cell* cell) {
  cell->set_model(rounds.front()->model());
  cell->set_in_flight(rounds.front()->in_flight());
  AddErrors(rounds, cell);
  cell->set_achieved_rate(MedianOf(rounds, [](const v1::Cell& round) { return round.achieved_rate(); }));
  if (rounds.front()->has_ideal_share()) {
    cell->set_ideal_share(MedianOf(rounds, [](const v1::Cell& round) { return round.ideal_share(); }));
  }
  SummarizeLatency(rounds, cell->mutable_response_time());
  SummarizeServer(rounds, cell);
  v1::ClientUsage* client = cell->mutable_client();
  client->set_cpu_micros_per_call(
      MedianOf(rounds, [](const v1::Cell& round) { return round.client().cpu_micros_per_call(); }));
  client->set_processors_used(
      MedianOf(rounds, [](const v1::Cell& round) { return round.client().processors_used(); }));
  const auto limited = std::count_if(rounds.begin(), rounds.end(), [](const auto* round) { return round->client_limited(); });
  cell->set_client_limited(2 * limited >= static_cast<long>(rounds.size()));
}

// Nothing when a side has no figure to divide by.
void SetRatio(const Rounds& subject, const Rounds& baseline, const Figure& figure, v1::Estimate* estimate) {
  const absl::StatusOr<RatioEstimate> ratio =
      BootstrapRatio(FiguresOf(subject, figure), FiguresOf(baseline, figure));
  if (!ratio.ok()) return;
  estimate->set_median(ratio->median);
  estimate->set_low(ratio->low);
  estimate->set_high(ratio->high);
}

const v1::Cell* FindCell(const v1::ComparisonReport& report, const std::string& model, uint32_t in_flight) {
  for (const v1::Cell& cell : report.cells()) {
    if (cell.model() == model && cell.in_flight() == in_flight) return &cell;
  }
  return nullptr;
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
  SetRatio(subject_rounds, baseline_rounds, [](const v1::Cell& cell) { return cell.achieved_rate(); },
           comparison->mutable_throughput_ratio());
  SetRatio(subject_rounds, baseline_rounds, [](const v1::Cell& cell) { return cell.server().cpu_micros_per_call(); },
           comparison->mutable_cpu_per_call_ratio());
}

// Tells where the load tester was the limit. False when that leaves nothing to compare.
bool JudgeLimits(v1::ComparisonReport* report) {
  bool usable = true;
  for (const v1::Comparison& comparison : report->comparisons()) {
    const v1::Cell* subject = FindCell(*report, comparison.subject(), comparison.in_flight());
    const v1::Cell* baseline = FindCell(*report, comparison.baseline(), comparison.in_flight());
    const std::string level = absl::StrCat("at ", FormatCount(comparison.in_flight()), " in flight ");
    if (subject->client_limited() && baseline->client_limited()) {
      report->add_problems(absl::StrCat("client-limited: ", level, "the load tester was the limit of both ",
                                        subject->model(), " and ", baseline->model(),
                                        "; give it more processors, or the servers fewer"));
      usable = false;
    } else if (subject->client_limited() || baseline->client_limited()) {
      const v1::Cell* limited = subject->client_limited() ? subject : baseline;
      report->add_problems(absl::StrCat(level, "the load tester was the limit of ", limited->model(),
                                        ": it can serve more calls than these"));
    }
  }
  return usable;
}

bool JudgeCells(v1::ComparisonReport* report) {
  bool usable = true;
  for (const v1::Cell& cell : report->cells()) {
    if (cell.achieved_rate() > 0) continue;
    report->add_problems(
        absl::StrCat("at ", FormatCount(cell.in_flight()), " in flight ", cell.model(), " served no call"));
    usable = false;
  }
  if (report->cells().empty()) {
    report->add_problems("nothing was measured");
    usable = false;
  }
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
  const bool cells_usable = JudgeCells(report);
  const bool limits_usable = JudgeLimits(report);
  report->set_valid(cells_usable && limits_usable);
  SetSentences(*report);
}

}  // namespace meanwhile
