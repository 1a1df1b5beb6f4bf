#include "server/observe/server_stats.h"

#include <google/protobuf/util/time_util.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/version.h"
#include "server/observe/log.h"
#include "server/observe/process_figures.h"
#include "server/observe/status_name.h"

namespace meanwhile {
namespace {

using google::protobuf::util::TimeUtil;

constexpr absl::Duration kLookInterval = absl::Milliseconds(50);

}  // namespace

void CallCounter::OnException(std::string_view what) {
  Increment(&exceptions_);
  Log(LogLevel::kError, "exception", absl::StrCat("an exception left a handler: ", std::string(what)),
      {{"what", std::string(what)}});
}

void CallCounter::AddTo(CallCounts* counts) const {
  for (std::size_t i = 0; i < kCallMethods; ++i) {
    MethodCounts& sum = counts->methods[i];
    // What has ended is read first: a call that starts and ends in between is then counted as in flight, not as less
    // than nothing.
    for (std::size_t code = 0; code < kStatusCodes; ++code) {
      sum.ended[code] += methods_[i].ended[code].load(std::memory_order_acquire);
    }
    sum.started += methods_[i].started.load(std::memory_order_relaxed);
    for (std::size_t reason = 0; reason < kShedReasons; ++reason) {
      sum.shed[reason] += methods_[i].shed[reason].load(std::memory_order_relaxed);
    }
  }
  counts->exceptions += exceptions_.load(std::memory_order_relaxed);
}

ServerStats::ServerStats(std::string model, std::string backend, absl::Duration mean_wait)
    : model_(std::move(model)), backend_(std::move(backend)), mean_wait_(mean_wait) {}

ServerStats::~ServerStats() {
  stop_.Notify();
  if (watcher_.joinable()) watcher_.join();
}

CallCounter* ServerStats::AddCounter(CallCounter::Writers writers) {
  counters_.push_back(std::make_unique<CallCounter>(writers, &sinks_));
  return counters_.back().get();
}

void ServerStats::Start() {
  watcher_ = std::thread([this] { WatchPeaks(); });
}

void ServerStats::Fill(v1::GetServerStatsResponse* stats) const {
  stats->set_model(model_);
  stats->set_version(kVersion);
  *stats->mutable_start_time() = TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(start_time_));
  stats->set_backend(backend_);
  *stats->mutable_mean_wait() = TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(mean_wait_));

  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  *stats->mutable_processor_time() = TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(ProcessorTime()));
  stats->set_voluntary_context_switches(usage.ru_nvcsw);
  stats->set_involuntary_context_switches(usage.ru_nivcsw);

  const ProcessFigures process = ReadProcessFigures();
  stats->set_resident_bytes(process.resident_bytes);
  stats->set_peak_resident_bytes(process.peak_resident_bytes);
  stats->set_threads(process.threads);

  const CallCounts counts = Counts();
  for (const MethodCounts& method : counts.methods) {
    stats->set_in_flight(stats->in_flight() + method.in_flight());
    stats->set_started(stats->started() + method.started);
    for (const ShedReason reason : kAllShedReasons) {
      const std::uint64_t count = method.shed[static_cast<std::size_t>(reason)];
      if (count == 0) continue;
      stats->set_shed(stats->shed() + count);
      (*stats->mutable_shed_for())[std::string(ToString(reason))] += count;
    }
    for (std::size_t code = 0; code < kStatusCodes; ++code) {
      if (method.ended[code] == 0) continue;
      (*stats->mutable_finished())[StatusName(static_cast<grpc::StatusCode>(code))] += method.ended[code];
    }
  }
  const Peaks peaks = RaisePeaks({.in_flight = stats->in_flight(), .threads = process.threads});
  stats->set_peak_in_flight(peaks.in_flight);
  stats->set_peak_threads(peaks.threads);
}

CallCounts ServerStats::Counts() const {
  CallCounts counts;
  for (const auto& counter : counters_) counter->AddTo(&counts);
  return counts;
}

std::uint64_t ServerStats::in_flight() const {
  std::uint64_t in_flight = 0;
  for (const MethodCounts& method : Counts().methods) in_flight += method.in_flight();
  return in_flight;
}

void ServerStats::WatchPeaks() {
  do {
    RaisePeaks({.in_flight = in_flight(), .threads = ReadProcessFigures().threads});
  } while (!stop_.WaitForNotificationWithTimeout(kLookInterval));
}

ServerStats::Peaks ServerStats::RaisePeaks(Peaks seen) const {
  const std::lock_guard lock(mutex_);
  peaks_.in_flight = std::max(peaks_.in_flight, seen.in_flight);
  peaks_.threads = std::max(peaks_.threads, seen.threads);
  return peaks_;
}

}  // namespace meanwhile
