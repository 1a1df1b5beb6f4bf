// RunObserver: looks at the server when the measured time of `loadtest run` begins and ends and once a second between,
// shows the progress, and says when to abort.
//
// Thread: the one that calls RunLoad.

#ifndef MEANWHILE_LOADTEST_RUN_RUN_OBSERVER_H_
#define MEANWHILE_LOADTEST_RUN_RUN_OBSERVER_H_

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "loadtest/load/load_run.h"
#include "loadtest/load/threshold.h"
#include "loadtest/measure/interval_log.h"
#include "loadtest/measure/time_series.h"
#include "loadtest/run/live_view.h"
#include "loadtest/run/run_metrics.h"
#include "loadtest/run/server_sampler.h"
#include "loadtest/servers/server_stats_reader.h"
#include "meanwhile/v1/admin.pb.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

class RunObserver final : public LoadObserver {
 public:
  // `metrics` may be null. All of it outlives the observer.
  RunObserver(const LoadOptions& load, const std::optional<Threshold>& abort_condition, RunMetrics* metrics);

  void OnMeasuredTimeBegins() override;
  void OnMeasuredTimeEnded() override;
  void OnProgress(const LoadProgress& progress) override;
  void OnInterval(const LoadInterval& interval) override;

  // Somebody has pressed Ctrl-C. May be called again.
  void OnInterrupt();

  // Why the run shall end; empty when it shall not.
  const std::string& aborted() const { return aborted_; }

  // Sets what was seen: how the run went over time, and what the server told of itself, if it has an Admin service.
  void SetSeen(v1::RunReport* report) const;

 private:
  struct Sight {
    v1::GetServerStatsResponse stats;
    absl::Time time;
  };

  std::optional<Sight> Look();
  std::optional<ServerSight> Sampled() const { return sampler_ ? sampler_->Latest() : std::nullopt; }

  std::optional<ServerStatsReader> stats_reader_;
  std::optional<ServerSampler> sampler_;
  TimeSeries series_;
  const std::optional<Threshold>& abort_condition_;
  IntervalLog* const log_;
  RunMetrics* const metrics_;
  bool told_of_interrupt_ = false;
  uint64_t ended_ = 0;
  uint64_t failed_ = 0;
  std::string aborted_;
  std::optional<Sight> before_;
  std::optional<Sight> after_;
  LiveView view_{stderr};
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_RUN_RUN_OBSERVER_H_
