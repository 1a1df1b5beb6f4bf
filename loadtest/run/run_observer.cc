#include "loadtest/run/run_observer.h"

#include <iostream>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/channel_pool.h"
#include "loadtest/engine/engine_set.h"
#include "loadtest/load/load_report.h"

namespace meanwhile {
namespace {

// Calls that must have ended before a share of them means something.
constexpr uint64_t kFewestToAbort = 20;

}  // namespace

RunObserver::RunObserver(const LoadOptions& load, const std::optional<Threshold>& abort_condition, RunMetrics* metrics)
    : abort_condition_(abort_condition), log_(load.log), metrics_(metrics) {
  // What several servers tell of themselves makes no sense as one.
  if (!IsOneServer(load.target)) return;
  stats_reader_.emplace(load.target, load.credentials);
  sampler_.emplace(load.target, load.credentials);
}

void RunObserver::OnMeasuredTimeBegins() { before_ = Look(); }

void RunObserver::OnMeasuredTimeEnded() {
  view_.Clear();
  if (before_) after_ = Look();
}

void RunObserver::OnProgress(const LoadProgress& progress) {
  view_.Show(progress, Sampled(), absl::Now());
  if (metrics_ != nullptr) metrics_->Update(progress);
  if (log_ != nullptr) log_->WriteClosed();
  ended_ += progress.ended;
  failed_ += progress.failed;
  if (!abort_condition_ || ended_ < kFewestToAbort) return;
  const double share = static_cast<double>(failed_) / static_cast<double>(ended_);
  const bool is_share = abort_condition_->metric == Threshold::Metric::kErrorShare;
  if (!abort_condition_->Holds(is_share ? share : static_cast<double>(failed_))) return;
  aborted_ = absl::StrCat(abort_condition_->text, ": ", failed_, " of ", ended_, " calls had failed");
}

void RunObserver::OnInterval(const LoadInterval& interval) { series_.Add(interval.length, interval.counts, Sampled()); }

void RunObserver::OnInterrupt() {
  if (std::exchange(told_of_interrupt_, true)) return;
  view_.Clear();
  std::cerr << "loadtest: interrupted, waiting for calls in flight; once more ends it at once\n" << std::flush;
}

void RunObserver::SetSeen(v1::RunReport* report) const {
  if (before_) report->set_model(before_->stats.model());
  series_.AddTo(report);
  if (after_) *report->mutable_server() = UsageBetween(before_->stats, after_->stats, after_->time - before_->time);
}

std::optional<RunObserver::Sight> RunObserver::Look() {
  if (!stats_reader_) return std::nullopt;
  absl::StatusOr<v1::GetServerStatsResponse> stats = stats_reader_->Read();
  if (!stats.ok()) return std::nullopt;
  return Sight{*std::move(stats), absl::Now()};
}

}  // namespace meanwhile
