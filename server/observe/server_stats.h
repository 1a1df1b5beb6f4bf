// ServerStats: what the server knows about itself, for Admin.GetServerStats, for the metrics, and for the line that it
// says when it stops.
//
// Calls are counted where they are served: each loop, and the blocking model as a whole, has a CallCounter of its own.
// The counters of a loop have one writer, so counting is a plain load and store; readers on other threads add them up.
//
// A thread looks every 50 ms for the peaks, because nobody counts at the moment when a thread starts or a call begins.
//
// Ownership: the server owns ServerStats, ServerStats owns the counters. Thread: any, except as told.
//
// Memory order: a counter's finished calls are released and acquired, so whoever sees a call's end sees its start, and
// never counts less than nothing in flight.

#ifndef MEANWHILE_SERVER_OBSERVE_SERVER_STATS_H_
#define MEANWHILE_SERVER_OBSERVE_SERVER_STATS_H_

#include <grpcpp/support/status_code_enum.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "meanwhile/v1/admin.pb.h"
#include "server/observe/call_counts.h"
#include "server/observe/call_record.h"

namespace meanwhile {

// Counts the calls of one loop, or of all blocking threads, and hands on the record of each.
class CallCounter {
 public:
  enum class Writers { kOne, kMany };

  // `sinks` outlives the counter.
  CallCounter(Writers writers, const std::vector<CallSink*>* sinks) : writers_(writers), sinks_(sinks) {}

  void OnStarted(CallMethod method) { Increment(&of(method).started); }
  void OnRan(const CallRun& run) {
    for (CallSink* sink : *sinks_) sink->OnCallRan(run);
  }
  // After the call's OnStarted.
  void OnEnded(const CallRecord& call) {
    if (call.shed) Increment(&of(call.method).shed[static_cast<std::size_t>(*call.shed)]);
    for (CallSink* sink : *sinks_) sink->OnCallEnded(call);
    Increment(&of(call.method).ended[Index(call.code)]);
  }
  void OnException(std::string_view what);

  // Adds these counts to `counts`.
  void AddTo(CallCounts* counts) const;

 private:
  using Count = std::atomic<std::uint64_t>;

  struct Counts {
    Count started = 0;
    std::array<Count, kShedReasons> shed{};
    std::array<Count, kStatusCodes> ended{};
  };

  Counts& of(CallMethod method) { return methods_[static_cast<std::size_t>(method)]; }

  static std::size_t Index(grpc::StatusCode code) {
    const auto index = static_cast<std::size_t>(code);
    return index < kStatusCodes ? index : static_cast<std::size_t>(grpc::StatusCode::UNKNOWN);
  }

  void Increment(Count* count) {
    if (writers_ == Writers::kOne) {
      count->store(count->load(std::memory_order_relaxed) + 1, std::memory_order_release);
    } else {
      count->fetch_add(1, std::memory_order_release);
    }
  }

  const Writers writers_;
  const std::vector<CallSink*>* const sinks_;
  std::array<Counts, kCallMethods> methods_;
  Count exceptions_ = 0;
};

class ServerStats {
 public:
  // `model`, `backend` and `mean_wait` are told to whoever asks.
  ServerStats(std::string model, std::string backend, absl::Duration mean_wait);
  ~ServerStats();

  // Before Start.
  CallCounter* AddCounter(CallCounter::Writers writers);

  // Before Start. `sink` is told of every call; it outlives the last one.
  void AddSink(CallSink* sink) { sinks_.push_back(sink); }

  // Looks for the peaks from now on.
  void Start();

  // After Start.
  void Fill(v1::GetServerStatsResponse* stats) const;
  CallCounts Counts() const;
  std::uint64_t in_flight() const;

  const std::string& model() const { return model_; }
  absl::Time start_time() const { return start_time_; }

 private:
  struct Peaks {
    std::uint64_t in_flight = 0;
    std::uint32_t threads = 0;
  };

  void WatchPeaks();
  // Takes in what was just seen; gives the highest ever.
  Peaks RaisePeaks(Peaks seen) const;

  const std::string model_;
  const std::string backend_;
  const absl::Duration mean_wait_;
  const absl::Time start_time_ = absl::Now();
  std::vector<CallSink*> sinks_;
  std::vector<std::unique_ptr<CallCounter>> counters_;
  mutable std::mutex mutex_;
  mutable Peaks peaks_;  // Under mutex_.
  absl::Notification stop_;
  std::thread watcher_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_SERVER_STATS_H_
