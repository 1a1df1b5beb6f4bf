#include "loadtest/load_report.h"

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace meanwhile {
namespace {

// A processor that is busy for so large a share of the time has none left to send on time.
constexpr double kFullShare = 0.95;

double ProcessorsUsed(const LoadResult& result) {
  return result.elapsed > absl::ZeroDuration() ? absl::FDivDuration(result.processor_time, result.elapsed) : 0;
}

absl::Duration ToAbsl(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
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
  summary.set_max(absl::ToDoubleSeconds(latencies.max()));
  return summary;
}

template <typename Report>
void SetMeasured(const LoadResult& result, Report* report) {
  const Measurement& measurement = result.measurement;
  const double seconds = absl::ToDoubleSeconds(result.elapsed);
  report->set_duration_seconds(seconds);
  report->set_calls(static_cast<double>(measurement.calls()));
  report->set_achieved_rate(seconds > 0 ? static_cast<double>(measurement.succeeded()) / seconds : 0);
  report->set_errors(static_cast<double>(measurement.calls() - measurement.succeeded()));
  for (int i = 0; i <= 16; ++i) {
    const auto code = static_cast<absl::StatusCode>(i);
    if (const uint64_t count = measurement.count(code); count > 0) {
      (*report->mutable_statuses())[absl::StatusCodeToString(code)] = static_cast<double>(count);
    }
  }
  for (const Measurement::ErrorGroup& group : measurement.ErrorGroups()) {
    v1::ErrorGroup* error = report->add_error_groups();
    error->set_status(absl::StatusCodeToString(group.code));
    error->set_message(group.message);
    error->set_count(static_cast<double>(group.count));
  }
  *report->mutable_response_time() = SummaryOf(measurement.response_times());
  v1::ClientUsage* client = report->mutable_client();
  client->set_processors_used(ProcessorsUsed(result));
  client->set_waited_for_stream(static_cast<double>(result.waited_for_stream));
  if (measurement.calls() > 0) {
    client->set_cpu_micros_per_call(absl::ToDoubleMicroseconds(result.processor_time) /
                                    static_cast<double>(measurement.calls()));
  }
}

template void SetMeasured(const LoadResult&, v1::Cell*);
template void SetMeasured(const LoadResult&, v1::RunReport*);

std::vector<std::string> ProblemsOf(const LoadResult& result) {
  std::vector<std::string> problems;
  if (result.measurement.calls() == 0) {
    problems.push_back("no call ended in the measured time");
  } else if (result.measurement.succeeded() == 0) {
    problems.push_back("no call succeeded");
  }
  if (IsServerGone(result)) problems.push_back("the server was gone when the measured time ended");
  if (IsClientLimited(result)) {
    problems.push_back(absl::StrFormat("client-limited: the load tester used %.2f of its %d processors",
                                       ProcessorsUsed(result), result.processors));
  }
  if (result.cancelled > 0) {
    problems.push_back(absl::StrFormat("%d calls did not end and were cancelled", result.cancelled));
  }
  return problems;
}

bool IsServerGone(const LoadResult& result) { return result.connections > 0 && result.connected == 0; }

bool IsClientLimited(const LoadResult& result) {
  return result.processors > 0 && ProcessorsUsed(result) >= kFullShare * static_cast<double>(result.processors);
}

v1::ServerUsage UsageBetween(const v1::GetServerStatsResponse& before, const v1::GetServerStatsResponse& after,
                             absl::Duration elapsed) {
  v1::ServerUsage usage;
  const absl::Duration spent = ToAbsl(after.processor_time()) - ToAbsl(before.processor_time());
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
