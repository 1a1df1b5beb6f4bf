#include "server/observe/server_stats.h"

#include <google/protobuf/util/time_util.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "client/version.h"

namespace meanwhile {
namespace {

using google::protobuf::util::TimeUtil;

constexpr absl::Duration kLookInterval = absl::Milliseconds(50);

struct ProcessStatus {
  std::uint64_t resident_bytes = 0;
  std::uint64_t peak_resident_bytes = 0;
  std::uint32_t threads = 0;
};

// Reads /proc/self/status: see proc(5).
ProcessStatus ReadProcessStatus() {
  ProcessStatus status;
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    absl::string_view rest = line;
    const auto number = [&] {
      std::uint64_t value = 0;
      absl::ConsumeSuffix(&rest, " kB");
      return absl::SimpleAtoi(rest, &value) ? value : 0;
    };
    if (absl::ConsumePrefix(&rest, "VmHWM:")) {
      status.peak_resident_bytes = number() * 1024;
    } else if (absl::ConsumePrefix(&rest, "VmRSS:")) {
      status.resident_bytes = number() * 1024;
    } else if (absl::ConsumePrefix(&rest, "Threads:")) {
      status.threads = static_cast<std::uint32_t>(number());
    }
  }
  return status;
}

}  // namespace

void CallCounter::OnException(std::string_view what) {
  std::fprintf(stderr, "an exception left a handler: %.*s\n", static_cast<int>(what.size()), what.data());
}

void CallCounter::AddTo(v1::GetServerStatsResponse* stats) const {
  stats->set_in_flight(stats->in_flight() + in_flight());
  stats->set_started(stats->started() + started_.load(std::memory_order_relaxed));
  for (const ShedReason reason : kAllShedReasons) {
    const std::uint64_t count = shed_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
    if (count == 0) continue;
    stats->set_shed(stats->shed() + count);
    (*stats->mutable_shed_for())[std::string(ToString(reason))] += count;
  }
  for (std::size_t i = 0; i < kCodes; ++i) {
    const std::uint64_t count = finished_[i].load(std::memory_order_relaxed);
    // Abseil's codes have gRPC's numbers and names.
    if (count > 0) (*stats->mutable_finished())[absl::StatusCodeToString(static_cast<absl::StatusCode>(i))] += count;
  }
}

std::uint64_t CallCounter::in_flight() const {
  // What has finished is read first: a call that starts and finishes in between is then counted as in flight, not as
  // less than nothing.
  std::uint64_t finished = 0;
  for (const Count& count : finished_) finished += count.load(std::memory_order_acquire);
  return started_.load(std::memory_order_relaxed) - finished;
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
  *stats->mutable_processor_time() = TimeUtil::NanosecondsToDuration(
      absl::ToInt64Nanoseconds(absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime)));
  stats->set_voluntary_context_switches(usage.ru_nvcsw);
  stats->set_involuntary_context_switches(usage.ru_nivcsw);

  const ProcessStatus status = ReadProcessStatus();
  stats->set_resident_bytes(status.resident_bytes);
  stats->set_peak_resident_bytes(status.peak_resident_bytes);
  stats->set_threads(status.threads);

  for (const auto& counter : counters_) counter->AddTo(stats);
  const Peaks peaks = RaisePeaks({.in_flight = stats->in_flight(), .threads = status.threads});
  stats->set_peak_in_flight(peaks.in_flight);
  stats->set_peak_threads(peaks.threads);
}

std::uint64_t ServerStats::in_flight() const {
  std::uint64_t in_flight = 0;
  for (const auto& counter : counters_) in_flight += counter->in_flight();
  return in_flight;
}

void ServerStats::WatchPeaks() {
  do {
    RaisePeaks({.in_flight = in_flight(), .threads = ReadProcessStatus().threads});
  } while (!stop_.WaitForNotificationWithTimeout(kLookInterval));
}

ServerStats::Peaks ServerStats::RaisePeaks(Peaks seen) const {
  const std::lock_guard lock(mutex_);
  peaks_.in_flight = std::max(peaks_.in_flight, seen.in_flight);
  peaks_.threads = std::max(peaks_.threads, seen.threads);
  return peaks_;
}

}  // namespace meanwhile
