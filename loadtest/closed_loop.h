// ClosedLoop: callers that each send a call when their last one has returned. It drives one engine: one loop's share of
// the callers, caller i in slot i.
//
// A call's intended send is the moment at which its caller's last call returned, and its response time is counted from
// there.
//
// A closed loop hides a server's stalls, because a stalled server is sent nothing: it answers what throughput so many
// callers get, not how the server behaves under a given rate.
//
// Thread: the engine's. The measured time may be set by another thread while the loop runs.

#ifndef MEANWHILE_LOADTEST_CLOSED_LOOP_H_
#define MEANWHILE_LOADTEST_CLOSED_LOOP_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "loadtest/engine.h"
#include "loadtest/live_stats.h"
#include "loadtest/measurement.h"

namespace meanwhile {

// The measured time: calls that end in [begin, end) count. No call is sent at or after the end. Either may be put off
// (LoadTime::max()) and set while the loop runs, the end first.
struct MeasuredTime {
  std::atomic<LoadTime> begin;
  std::atomic<LoadTime> end;
};

struct ClosedLoopOptions {
  std::size_t callers = 1;
  // Count so many calls and send no others than those; 0 for as many as the time allows.
  uint64_t total = 0;
  // The callers start evenly over this time: when thousands start at once, their calls come back in waves.
  std::chrono::nanoseconds start_spread{0};
  // How long calls in flight at the end are waited for; then they are cancelled.
  std::chrono::nanoseconds patience = std::chrono::seconds(5);
  // Replaced by tests.
  std::function<LoadTime()> now = &std::chrono::steady_clock::now;
};

class ClosedLoop final : public EngineDriver {
 public:
  // The engine has a slot for each caller. Engine and time outlive the loop.
  ClosedLoop(Engine* engine, const MeasuredTime* time, const ClosedLoopOptions& options);

  // After the engine's Run.
  const Measurement& measurement() const { return measurement_; }
  // When the last call ended that counted; LoadTime() when none did.
  LoadTime last_end() const { return last_end_; }
  // Calls that did not end within the patience.
  uint64_t cancelled() const { return cancelled_; }

  // Any thread, any time.
  const LiveStats& live_stats() const { return live_stats_; }
  bool all_callers_answered() const { return answered_.load(std::memory_order_relaxed) == options_.callers; }

 private:
  void OnStart() override;
  void OnCallEnded(std::size_t slot, const CallEnd& end) override;
  void OnTimer() override;

  bool MaySend(LoadTime now) const;
  void Send(std::size_t slot, LoadTime now);
  void StartCallers(LoadTime now);
  // Stops the engine when nothing is in flight and nothing will be.
  void StopIfDone(LoadTime now);

  Engine* const engine_;
  const MeasuredTime* const time_;
  const ClosedLoopOptions options_;
  LoadTime start_;
  std::size_t started_ = 0;  // Callers that have started, or that never will.
  std::size_t in_flight_ = 0;
  uint64_t cancelled_ = 0;
  bool stopped_ = false;
  struct Caller {
    LoadTime intended;  // When its call was to be sent.
    bool answered = false;
  };
  std::vector<Caller> callers_;
  std::atomic<std::size_t> answered_ = 0;  // Callers that have had an answer. Written by the loop alone.
  Measurement measurement_;
  LoadTime last_end_;
  LiveStats live_stats_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CLOSED_LOOP_H_
