#include "loadtest/servers/server_round.h"

#include <sys/types.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "loadtest/engine/engine_set.h"
#include "loadtest/load/load_report.h"
#include "loadtest/load/validity.h"
#include "loadtest/measure/process_stats.h"
#include "loadtest/servers/server_stats_reader.h"

namespace meanwhile {
namespace {

// Watches the server from outside during the measured time, where its process is known, and asks its Admin service at
// both ends.
class ServerWatch final : public LoadObserver {
 public:
  ServerWatch(std::optional<pid_t> pid, const std::string& target, const Credentials& credentials,
              const std::function<void(const LoadProgress&)>& on_progress)
      : pid_(pid), on_progress_(on_progress) {
    if (IsOneServer(target)) stats_reader_.emplace(target, credentials);
  }

  void OnMeasuredTimeBegins() override {
    if (pid_) sampler_ = ProcessSampler::Start(*pid_);
    if (stats_reader_) before_ = stats_reader_->Read();
    before_time_ = absl::Now();
  }
  void OnMeasuredTimeEnded() override {
    if (sampler_.ok()) usage_ = (*sampler_)->Stop();
    if (before_.ok()) after_ = stats_reader_->Read();
    after_time_ = absl::Now();
    // A server that stops waits for its connections to close.
    stats_reader_.reset();
  }
  void OnProgress(const LoadProgress& progress) override {
    if (on_progress_) on_progress_(progress);
  }

  // `rate`: all calls that ended a second of the measured time.
  void SetServer(double rate, ServerRound* round) const {
    if (after_.ok()) {
      round->model = after_->model();
      round->mean_wait = absl::Seconds(after_->mean_wait().seconds()) + absl::Nanoseconds(after_->mean_wait().nanos());
    }
    if (!pid_ && after_.ok()) {
      *round->cell.mutable_server() = UsageBetween(*before_, *after_, after_time_ - before_time_);
    }
    if (!usage_.ok()) return;
    v1::ServerUsage* server = round->cell.mutable_server();
    const double processors_used = absl::FDivDuration(usage_->processor_time, usage_->elapsed);
    server->set_processors_used(processors_used);
    if (rate > 0) server->set_cpu_micros_per_call(1e6 * processors_used / rate);
    server->set_peak_threads(usage_->peak_threads);
    server->set_peak_rss_bytes(static_cast<double>(usage_->peak_resident_bytes));
    if (!after_.ok()) return;
    // Switches of threads that have ended are known to the process alone.
    const v1::ServerUsage told = UsageBetween(*before_, *after_, usage_->elapsed);
    if (told.has_context_switches_per_call()) {
      server->set_context_switches_per_call(told.context_switches_per_call());
    }
  }

 private:
  const std::optional<pid_t> pid_;
  std::optional<ServerStatsReader> stats_reader_;
  const std::function<void(const LoadProgress&)>& on_progress_;
  absl::StatusOr<std::unique_ptr<ProcessSampler>> sampler_ = absl::UnavailableError("not measured");
  absl::StatusOr<ProcessUsage> usage_ = absl::UnavailableError("not measured");
  absl::StatusOr<v1::GetServerStatsResponse> before_ = absl::UnavailableError("not measured");
  absl::StatusOr<v1::GetServerStatsResponse> after_ = absl::UnavailableError("not measured");
  absl::Time before_time_;
  absl::Time after_time_;
};

absl::Status Explained(const absl::Status& status, const std::string& name) {
  return absl::Status(status.code(), absl::StrCat("server ", name, ": ", status.message()));
}

ServerRound RoundOf(const std::string& name, const LoadOptions& load, LoadResult result, const ServerWatch& watch) {
  ServerRound round;
  round.cell.set_model(name);
  if (load.shape) {
    round.cell.set_rate(load.shape->phases.front().begin_rate);
    round.cell.set_behind(IsServerBehind(result));
  } else {
    round.cell.set_in_flight(static_cast<uint32_t>(load.in_flight));
  }
  SetMeasured(result, &round.cell);
  round.cell.set_client_limited(!OwnLimits(result).empty());
  const double seconds = absl::ToDoubleSeconds(result.elapsed);
  watch.SetServer(seconds > 0 ? round.cell.calls() / seconds : 0, &round);
  round.result = std::move(result);
  return round;
}

}  // namespace

absl::StatusOr<ServerRound> MeasureServer(const ServerCommand& server, const std::string& processors, LoadOptions load,
                                          const std::function<void(const LoadProgress&)>& on_progress,
                                          const std::function<bool()>& stopped) {
  absl::StatusOr<std::unique_ptr<ServerProcess>> process =
      ServerProcess::Start(server, processors, stopped, load.credentials);
  if (!process.ok()) return process.status();
  load.target = (*process)->target();
  ServerWatch watch((*process)->pid(), load.target, load.credentials, on_progress);
  absl::StatusOr<LoadResult> result = RunLoad(load, &watch, [&] { return stopped() || (*process)->has_ended(); });
  // How the server ended explains a failed load better than the load does.
  if (absl::Status ended = (*process)->Stop(); !ended.ok()) return ended;
  if (!result.ok()) return Explained(result.status(), server.name);
  return RoundOf(server.name, load, *std::move(result), watch);
}

absl::StatusOr<ServerRound> MeasureTarget(const std::string& name, const LoadOptions& load,
                                          const std::function<void(const LoadProgress&)>& on_progress,
                                          const std::function<bool()>& stopped) {
  ServerWatch watch(std::nullopt, load.target, load.credentials, on_progress);
  absl::StatusOr<LoadResult> result = RunLoad(load, &watch, stopped);
  if (!result.ok()) return Explained(result.status(), name);
  return RoundOf(name, load, *std::move(result), watch);
}

}  // namespace meanwhile
