#include "loadtest/load/load_report.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/proto_duration.h"
#include "loadtest/load/validity.h"

namespace meanwhile {
namespace {

constexpr std::size_t kBars = 10;
// Points of the spectrum between one nine and the next.
constexpr int kPointsADecade = 10;

// Of calls whose status was as it should be and whose answer was not. It is no status, and does not look like one.
constexpr char kWrongAnswer[] = "wrong-answer";

// Whether calls had an intended send that was not the actual one.
bool HasDispatchDelay(const Measurement& measurement) {
  return measurement.dispatch_delays().max() > absl::ZeroDuration();
}

uint64_t Finished(const v1::GetServerStatsResponse& stats) {
  uint64_t finished = 0;
  for (const auto& [status, count] : stats.finished()) finished += count;
  return finished;
}

uint64_t ContextSwitches(const v1::GetServerStatsResponse& stats) {
  return stats.voluntary_context_switches() + stats.involuntary_context_switches();
}

}  // namespace

v1::LatencySummary SummaryOf(const Histogram& latencies) {
  const auto at = [&](double quantile) { return absl::ToDoubleSeconds(latencies.ValueAtQuantile(quantile)); };
  v1::LatencySummary summary;
  summary.set_min(absl::ToDoubleSeconds(latencies.min()));
  summary.set_mean(absl::ToDoubleSeconds(latencies.mean()));
  summary.set_p50(at(0.5));
  summary.set_p75(at(0.75));
  summary.set_p90(at(0.9));
  summary.set_p99(at(0.99));
  summary.set_p999(at(0.999));
  summary.set_p9999(at(0.9999));
  summary.set_p99999(at(0.99999));
  summary.set_max(absl::ToDoubleSeconds(latencies.max()));
  summary.set_stddev(absl::ToDoubleSeconds(latencies.stddev()));
  return summary;
}

namespace {

v1::StreamFigures FiguresOf(const StreamMeasurement& streams, double seconds) {
  v1::StreamFigures figures;
  if (streams.times_to_first.count() > 0) {
    *figures.mutable_time_to_first_message() = SummaryOf(streams.times_to_first);
  }
  if (streams.times_between.count() > 0) *figures.mutable_time_between_messages() = SummaryOf(streams.times_between);
  const auto received = static_cast<double>(streams.received);
  const auto sent = static_cast<double>(streams.sent);
  figures.set_received(received);
  figures.set_sent(sent);
  if (seconds > 0) {
    figures.set_received_rate(received / seconds);
    figures.set_sent_rate(sent / seconds);
  }
  return figures;
}

// How many calls there were, and how they ended.
template <typename Report>
void SetCounts(const Measurement& measurement, Report* report) {
  report->set_calls(static_cast<double>(measurement.calls()));
  report->set_errors(static_cast<double>(measurement.failed()));
  for (int i = 0; i <= 16; ++i) {
    const auto code = static_cast<absl::StatusCode>(i);
    if (const uint64_t count = measurement.count(code); count > 0) {
      (*report->mutable_statuses())[absl::StatusCodeToString(code)] = static_cast<double>(count);
    }
  }
  if (const uint64_t count = measurement.wrong_answers(); count > 0) {
    (*report->mutable_statuses())[kWrongAnswer] = static_cast<double>(count);
  }
  for (const Measurement::ErrorGroup& group : measurement.ErrorGroups()) {
    v1::ErrorGroup* error = report->add_error_groups();
    error->set_status(group.is_wrong_answer ? kWrongAnswer : absl::StatusCodeToString(group.code));
    error->set_message(group.message);
    error->set_count(static_cast<double>(group.count));
  }
}

}  // namespace

template <typename Report>
void SetMeasured(const LoadResult& result, Report* report) {
  const Measurement& measurement = result.measurement;
  const double seconds = absl::ToDoubleSeconds(result.elapsed);
  report->set_duration_seconds(seconds);
  report->set_achieved_rate(seconds > 0 ? static_cast<double>(result.succeeded_in_time) / seconds : 0);
  SetCounts(measurement, report);
  *report->mutable_response_time() = SummaryOf(measurement.response_times());
  if (HasDispatchDelay(measurement)) {
    *report->mutable_service_time() = SummaryOf(measurement.service_times());
    *report->mutable_dispatch_delay() = SummaryOf(measurement.dispatch_delays());
  }
  if (const double due = absl::ToDoubleSeconds(result.scheduled_time); result.scheduled > 0 && due > 0) {
    report->set_offered_rate(static_cast<double>(result.scheduled) / due);
  }
  report->set_not_sent(static_cast<double>(result.not_sent));
  report->set_in_flight_at_end(static_cast<double>(result.in_flight_at_end));
  report->set_unfinished(static_cast<double>(result.unfinished));
  if (result.streams) *report->mutable_streams() = FiguresOf(*result.streams, seconds);
  v1::ClientUsage* client = report->mutable_client();
  if (seconds > 0) client->set_processors_used(absl::ToDoubleSeconds(result.processor_time) / seconds);
  client->set_waited_for_stream(static_cast<double>(result.waited_for_stream));
  if (measurement.calls() > 0) {
    client->set_cpu_micros_per_call(absl::ToDoubleMicroseconds(result.processor_time) /
                                    static_cast<double>(measurement.calls()));
  }
}

template void SetMeasured(const LoadResult&, v1::Cell*);
template void SetMeasured(const LoadResult&, v1::RunReport*);

void SetDistributions(const LoadResult& result, v1::RunReport* report) {
  const Measurement& measurement = result.measurement;
  for (int i = 0; i <= 16; ++i) {
    const auto code = static_cast<absl::StatusCode>(i);
    const Histogram* times = measurement.response_times(code);
    if (times != nullptr) (*report->mutable_status_times())[absl::StatusCodeToString(code)] = SummaryOf(*times);
  }
  if (const Histogram* times = measurement.wrong_answer_times(); times != nullptr) {
    (*report->mutable_status_times())[kWrongAnswer] = SummaryOf(*times);
  }
  if (result.targets.size() > 1) {
    for (const TargetConnections& target : result.targets) {
      v1::TargetConnections* connections = report->add_targets();
      connections->set_target(target.target);
      connections->set_opened(static_cast<uint32_t>(target.opened));
      connections->set_standing(static_cast<uint32_t>(target.standing));
    }
  }
  const Histogram response_times = measurement.response_times();
  for (const v1::HistogramBar& bar : BarsOf(response_times)) *report->add_histogram() = bar;

  const bool has_delay = HasDispatchDelay(measurement);
  const auto calls = static_cast<double>(response_times.count());
  for (int i = 0; i <= kPointsADecade * std::log10(std::max(1.0, calls)); ++i) {
    const double quantile = 1 - std::pow(10, -static_cast<double>(i) / kPointsADecade);
    const auto at = [quantile](const Histogram& times) {
      return absl::ToDoubleSeconds(times.ValueAtQuantile(quantile));
    };
    v1::SpectrumPoint* point = report->add_spectrum();
    point->set_quantile(quantile);
    point->set_response_time(at(response_times));
    if (!has_delay) continue;
    point->set_service_time(at(measurement.service_times()));
    point->set_dispatch_delay(at(measurement.dispatch_delays()));
  }
}

void SetMethods(const LoadResult& result, const CallPlan& plan, v1::RunReport* report) {
  const double seconds = absl::ToDoubleSeconds(result.elapsed);
  for (const MethodCounts& counts : result.methods) {
    v1::MethodFigures* figures = report->add_method_figures();
    figures->set_name(counts.name);
    std::set<std::string> methods;
    for (const TargetMethod& method : plan.methods) {
      if (method.name() == counts.name) methods.insert(method.path.substr(1));
    }
    figures->mutable_methods()->Assign(methods.begin(), methods.end());
    SetCounts(counts.measurement, figures);
    if (report->calls() > 0) figures->set_share(figures->calls() / report->calls());
    if (seconds > 0) figures->set_achieved_rate(static_cast<double>(counts.succeeded_in_time) / seconds);
    figures->set_unfinished(static_cast<double>(counts.measurement.unfinished()));
    *figures->mutable_response_time() = SummaryOf(counts.measurement.response_times());
  }
}

std::vector<v1::HistogramBar> BarsOf(const Histogram& times) {
  std::vector<v1::HistogramBar> bars;
  if (times.count() == 0) return bars;
  const double low = absl::ToDoubleSeconds(times.min());
  const double high = absl::ToDoubleSeconds(times.ValueAtQuantile(0.99));
  const double width = (high - low) / kBars;
  const std::size_t equal = width > 0 ? kBars : 1;
  bars.resize(equal + 1);
  for (std::size_t i = 0; i < equal; ++i) {
    bars[i].set_low(low + static_cast<double>(i) * width);
    bars[i].set_high(i + 1 == equal ? high : low + static_cast<double>(i + 1) * width);
  }
  bars.back().set_low(high);
  bars.back().set_high(absl::ToDoubleSeconds(times.max()));
  for (const Histogram::Bucket& bucket : times.NonEmptyBuckets()) {
    // A bucket is much narrower than a bar, so its end decides.
    const double time = std::min(absl::ToDoubleSeconds(bucket.high), bars.back().high());
    const auto bar = std::find_if(bars.begin(), bars.end(), [time](const auto& bar) { return time <= bar.high(); });
    bar->set_count(bar->count() + static_cast<double>(bucket.count));
  }
  if (bars.back().count() == 0) bars.pop_back();
  return bars;
}

namespace {

bool IsGone(const TargetConnections& target) { return target.opened > 0 && target.standing == 0; }

}  // namespace

std::vector<std::string> ProblemsOf(const LoadResult& result) {
  std::vector<std::string> problems;
  if (result.measurement.calls() == 0) {
    problems.push_back("no call ended in the measured time");
  } else if (result.measurement.succeeded() == 0) {
    problems.push_back("no call succeeded");
  }
  for (const TargetConnections& target : result.targets) {
    const std::string name = result.targets.size() == 1 ? "the server" : target.target;
    if (IsGone(target)) problems.push_back(absl::StrCat(name, " was gone when the measured time ended"));
    if (target.opened == 0) {
      problems.push_back(absl::StrCat("nothing was sent to ", name, ": there are more targets than connections"));
    }
  }
  const std::vector<std::string> limits = ClientLimits(result);
  for (const std::string& limit : limits) problems.push_back(absl::StrCat("client-limited: ", limit));
  if (limits.empty() && IsServerBehind(result)) {
    problems.push_back(absl::StrFormat(
        "%d of the %d calls that were due in the measured time had no answer in it: unless the rate grew, or the "
        "warm-up was shorter than an answer takes, the server does not keep up, and its response times tell how long "
        "the run was",
        result.scheduled - result.succeeded_in_time - result.measurement.failed(), result.scheduled));
  }
  if (result.unfinished > 0) {
    problems.push_back(absl::StrFormat("%d calls did not end and were given up", result.unfinished));
  }
  return problems;
}

bool IsServerGone(const LoadResult& result) {
  return std::any_of(result.targets.begin(), result.targets.end(), &IsGone);
}

v1::ServerUsage UsageBetween(const v1::GetServerStatsResponse& before, const v1::GetServerStatsResponse& after,
                             absl::Duration elapsed) {
  v1::ServerUsage usage;
  const absl::Duration spent = FromProto(after.processor_time()) - FromProto(before.processor_time());
  const auto calls = static_cast<double>(Finished(after) - Finished(before));
  if (calls > 0) {
    usage.set_cpu_micros_per_call(absl::ToDoubleMicroseconds(spent) / calls);
    usage.set_context_switches_per_call(static_cast<double>(ContextSwitches(after) - ContextSwitches(before)) / calls);
  }
  if (elapsed > absl::ZeroDuration()) usage.set_processors_used(absl::FDivDuration(spent, elapsed));
  usage.set_peak_threads(after.peak_threads());
  usage.set_peak_rss_bytes(static_cast<double>(after.peak_resident_bytes()));
  return usage;
}

}  // namespace meanwhile
