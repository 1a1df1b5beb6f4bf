#include "loadtest/compare/comparison.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "loadtest/compare/statistics.h"
#include "loadtest/report/level.h"
#include "loadtest/report/sentence.h"

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
Rounds RoundsOf(const v1::ComparisonReport& report, const std::string& model, const Level& level) {
  Rounds rounds;
  for (const v1::Cell& cell : report.rounds()) {
    if (cell.model() == model && LevelOf(cell) == level) rounds.push_back(&cell);
  }
  return rounds;
}

using Times = std::function<const v1::LatencySummary&(const v1::Cell&)>;

void SummarizeLatency(const Rounds& rounds, const Times& times, v1::LatencySummary* summary) {
  const auto* reflection = v1::LatencySummary::GetReflection();
  const auto* descriptor = v1::LatencySummary::GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    reflection->SetDouble(summary, field, MedianOf(rounds, [&](const v1::Cell& cell) {
                            return reflection->GetDouble(times(cell), field);
                          }));
  }
}

// Those of the rounds that are so.
template <typename Predicate>
Rounds Those(const Rounds& rounds, Predicate is_so) {
  Rounds those;
  std::copy_if(rounds.begin(), rounds.end(), std::back_inserter(those),
               [&](const v1::Cell* round) { return is_so(*round); });
  return those;
}

// What only streams have. A round in which no message came has no times of any.
void SummarizeStreams(const Rounds& all_rounds, v1::Cell* cell) {
  const Rounds rounds = Those(all_rounds, [](const v1::Cell& round) { return round.has_streams(); });
  if (rounds.empty()) return;
  v1::StreamFigures* streams = cell->mutable_streams();
  for (const v1::Cell* round : rounds) {
    streams->set_received(streams->received() + round->streams().received());
    streams->set_sent(streams->sent() + round->streams().sent());
  }
  streams->set_received_rate(MedianOf(rounds, [](const v1::Cell& round) { return round.streams().received_rate(); }));
  streams->set_sent_rate(MedianOf(rounds, [](const v1::Cell& round) { return round.streams().sent_rate(); }));
  using Figures = v1::StreamFigures;
  const auto summarize = [&](bool (Figures::*has)() const, const v1::LatencySummary& (Figures::*times)() const,
                             v1::LatencySummary* (Figures::*summary)()) {
    const Rounds with = Those(rounds, [&](const v1::Cell& round) { return (round.streams().*has)(); });
    if (with.empty()) return;
    const auto times_of = [&](const v1::Cell& round) -> const v1::LatencySummary& {
      return (round.streams().*times)();
    };
    SummarizeLatency(with, times_of, (streams->*summary)());
  };
  summarize(&Figures::has_time_to_first_message, &Figures::time_to_first_message,
            &Figures::mutable_time_to_first_message);
  summarize(&Figures::has_time_between_messages, &Figures::time_between_messages,
            &Figures::mutable_time_between_messages);
}

void SummarizeServer(const Rounds& all_rounds, v1::Cell* cell) {
  const Rounds rounds = Those(all_rounds, [](const v1::Cell& round) { return round.has_server(); });
  const Rounds with_switches =
      Those(rounds, [](const v1::Cell& round) { return round.server().has_context_switches_per_call(); });
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
    cell->set_not_sent(cell->not_sent() + round->not_sent());
    cell->set_in_flight_at_end(cell->in_flight_at_end() + round->in_flight_at_end());
    cell->set_unfinished(cell->unfinished() + round->unfinished());
    for (const auto& [status, count] : round->statuses()) (*cell->mutable_statuses())[status] += count;
  }
}

// Whether it was so in at least half of the rounds.
template <typename Predicate>
bool InMost(const Rounds& rounds, Predicate is_so) {
  const auto so = std::count_if(rounds.begin(), rounds.end(), [&](const v1::Cell* round) { return is_so(*round); });
  return 2 * so >= static_cast<long>(rounds.size());
}

// What only an open loop has.
void SummarizeSchedule(const Rounds& rounds, v1::Cell* cell) {
  const auto all_have = [&rounds](auto has) {
    return std::all_of(rounds.begin(), rounds.end(), [&](const v1::Cell* round) { return has(*round); });
  };
  if (all_have([](const v1::Cell& round) { return round.has_offered_rate(); })) {
    cell->set_offered_rate(MedianOf(rounds, [](const v1::Cell& round) { return round.offered_rate(); }));
    cell->set_behind(InMost(rounds, [](const v1::Cell& round) { return round.behind(); }));
  }
  if (all_have([](const v1::Cell& round) { return round.has_service_time(); })) {
    SummarizeLatency(rounds, &v1::Cell::service_time, cell->mutable_service_time());
  }
  if (all_have([](const v1::Cell& round) { return round.has_dispatch_delay(); })) {
    SummarizeLatency(rounds, &v1::Cell::dispatch_delay, cell->mutable_dispatch_delay());
  }
}

void SummarizeCell(const Rounds& rounds, v1::Cell* cell) {
  cell->set_model(rounds.front()->model());
  SetLevel(LevelOf(*rounds.front()), cell);
  AddCounts(rounds, cell);
  AddErrorGroups(rounds, cell);
  cell->set_achieved_rate(MedianOf(rounds, [](const v1::Cell& round) { return round.achieved_rate(); }));
  if (rounds.front()->has_ideal_share()) {
    cell->set_ideal_share(MedianOf(rounds, [](const v1::Cell& round) { return round.ideal_share(); }));
  }
  SummarizeLatency(rounds, &v1::Cell::response_time, cell->mutable_response_time());
  SummarizeSchedule(rounds, cell);
  SummarizeStreams(rounds, cell);
  SummarizeServer(rounds, cell);
  v1::ClientUsage* client = cell->mutable_client();
  client->set_cpu_micros_per_call(
      MedianOf(rounds, [](const v1::Cell& round) { return round.client().cpu_micros_per_call(); }));
  client->set_processors_used(MedianOf(rounds, [](const v1::Cell& round) { return round.client().processors_used(); }));
  client->set_waited_for_stream(
      MedianOf(rounds, [](const v1::Cell& round) { return round.client().waited_for_stream(); }));
  cell->set_client_limited(InMost(rounds, [](const v1::Cell& round) { return round.client_limited(); }));
}

void AddComparison(const Level& level, const std::string& subject, const std::string& baseline,
                   v1::ComparisonReport* report) {
  const Rounds subject_rounds = RoundsOf(*report, subject, level);
  const Rounds baseline_rounds = RoundsOf(*report, baseline, level);
  if (subject_rounds.empty() || baseline_rounds.empty()) return;
  v1::Comparison* comparison = report->add_comparisons();
  comparison->set_subject(subject);
  comparison->set_baseline(baseline);
  SetLevel(level, comparison);

  const Pairing pairing = report->settings().after_files().empty() ? Pairing::kByRound : Pairing::kNone;
  // Nothing when a side has no figure to divide by.
  const auto ratio_of = [&](const Figure& figure) {
    v1::Estimate estimate;
    const absl::StatusOr<RatioEstimate> ratio =
        BootstrapRatio(FiguresOf(subject_rounds, figure), FiguresOf(baseline_rounds, figure), /*seed=*/1,
                       /*resamples=*/10'000, pairing);
    if (!ratio.ok()) return estimate;
    estimate.set_median(ratio->median);
    estimate.set_low(ratio->low);
    estimate.set_high(ratio->high);
    return estimate;
  };
  *comparison->mutable_throughput_ratio() = ratio_of([](const v1::Cell& cell) { return cell.achieved_rate(); });
  *comparison->mutable_cpu_per_call_ratio() =
      ratio_of([](const v1::Cell& cell) { return cell.server().cpu_micros_per_call(); });
  *comparison->mutable_p50_ratio() = ratio_of([](const v1::Cell& cell) { return cell.response_time().p50(); });
  *comparison->mutable_p90_ratio() = ratio_of([](const v1::Cell& cell) { return cell.response_time().p90(); });
  *comparison->mutable_p99_ratio() = ratio_of([](const v1::Cell& cell) { return cell.response_time().p99(); });
}

std::string At(const Level& level) { return absl::StrCat("at ", level.text(), " "); }

// False when nothing was measured, or a server served no call in one of its rounds: its ratio then has no interval.
bool JudgeRates(v1::ComparisonReport* report) {
  bool usable = true;
  for (const v1::Cell& cell : report->cells()) {
    const Rounds rounds = RoundsOf(*report, cell.model(), LevelOf(cell));
    const auto idle =
        std::count_if(rounds.begin(), rounds.end(), [](const v1::Cell* round) { return round->achieved_rate() <= 0; });
    if (idle == 0) continue;
    report->add_problems(
        absl::StrCat(At(LevelOf(cell)), cell.model(), " served no call in ", idle, " of ", rounds.size(), " rounds"));
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
bool JudgeLimit(const Level& level, v1::ComparisonReport* report) {
  std::vector<std::string> limited;
  for (const v1::Cell& cell : report->cells()) {
    if (LevelOf(cell) == level && cell.client_limited()) limited.push_back(cell.model());
  }
  if (limited.empty()) return true;
  const bool compared = report->settings().models_size() > 1;
  const bool usable = compared && (limited.size() == 1 || limited.front() != report->settings().models(0));
  report->add_problems(absl::StrCat(
      usable ? "" : "client-limited: ", At(level), "the load tester was the limit of ", absl::StrJoin(limited, " and "),
      usable ? ", which can serve more calls than these" : "; give it more processors, or the servers fewer"));
  return usable;
}

}  // namespace

std::vector<RoundStep> PlanRounds(std::size_t servers, std::size_t levels, uint32_t rounds) {
  std::vector<RoundStep> steps;
  for (uint32_t round = 1; round <= rounds; ++round) {
    for (std::size_t level = 0; level < levels; ++level) {
      for (std::size_t i = 0; i < servers; ++i) {
        steps.push_back(RoundStep{round % 2 == 1 ? i : servers - 1 - i, level, round});
      }
    }
  }
  return steps;
}

void Summarize(v1::ComparisonReport* report) {
  const auto& models = report->settings().models();
  const std::vector<Level> levels = LevelsOf(report->settings());
  for (const Level& level : levels) {
    for (const std::string& model : models) {
      const Rounds rounds = RoundsOf(*report, model, level);
      if (!rounds.empty()) SummarizeCell(rounds, report->add_cells());
    }
    for (int i = 1; i < models.size(); ++i) AddComparison(level, models[0], models[i], report);
  }
  bool usable = JudgeRates(report);
  for (const Level& level : levels) {
    if (!JudgeLimit(level, report)) usable = false;
  }
  report->set_valid(usable);
  SetSentences(*report);
}

}  // namespace meanwhile
