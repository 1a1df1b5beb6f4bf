// ClosedLoop: callers that each send a call when their last one has returned, or a think time later. Caller i has slot
// i of the engine.
//
// A call's intended send is the moment at which its caller's last call returned, and the think time later where there
// is one. Response time is counted from there. Calls that end in the measured time count.
//
// A closed loop hides a server's stalls, because a stalled server is sent nothing: it answers what throughput so many
// callers get, not how the server behaves under a given rate.
//
// Thread: the engine's. The measured time may be set by another thread while the loop runs.

#ifndef MEANWHILE_LOADTEST_LOAD_CLOSED_LOOP_H_
#define MEANWHILE_LOADTEST_LOAD_CLOSED_LOOP_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "loadtest/engine/engine.h"
#include "loadtest/load/load_loop.h"

namespace meanwhile {

struct ClosedLoopOptions {
  std::size_t callers = 1;
  // Count so many calls and send no others than those; 0 for as many as the time allows.
  uint64_t total = 0;
  // How long a caller waits between a call's return and its next one.
  std::chrono::nanoseconds think_time{0};
  // The callers start evenly over this time: when thousands start at once, their calls come back in waves.
  std::chrono::nanoseconds start_spread{0};
  // How long calls in flight at the end are waited for; then they are cancelled.
  std::chrono::nanoseconds patience = std::chrono::seconds(5);
  IntervalLog* log = nullptr;
  // Of the calls, to measure those that stream; null when none does.
  const CallPlan* plan = nullptr;
  // Replaced by tests.
  std::function<LoadTime()> now = &std::chrono::steady_clock::now;
};

class ClosedLoop final : public LoadLoop {
 public:
  // The engine has a slot for each caller. Engine and time outlive the loop.
  ClosedLoop(Engine* engine, const MeasuredTime* time, const ClosedLoopOptions& options);

  bool is_warm() const override { return answered_.load(std::memory_order_relaxed) == options_.callers; }

 private:
  void OnStart() override;
  void OnCallEnded(std::size_t slot, const CallEnd& end) override;
  void OnTimer() override;

  bool MaySend(LoadTime now) const;
  void Send(std::size_t slot, LoadTime intended, LoadTime now);
  void StartCallers(LoadTime now);
  void SendThoughtOver(LoadTime now);
  // Stops the engine when nothing is in flight and nothing will be.
  void StopIfDone(LoadTime now);
  void SetTimer(LoadTime now);

  Engine* const engine_;
  const MeasuredTime* const time_;
  const ClosedLoopOptions options_;
  LoadTime start_;
  std::size_t started_ = 0;  // Callers that have started, or that never will.
  std::size_t in_flight_ = 0;
  bool cancelled_ = false;
  bool stopped_ = false;
  struct Caller {
    LoadTime intended;  // When its call was to be sent.
    LoadTime sent;
    bool answered = false;
  };
  std::vector<Caller> callers_;
  // Callers that think, and until when: first in, first out, as all think equally long.
  struct Thought {
    LoadTime end;
    std::size_t caller;
  };
  std::deque<Thought> thinking_;
  std::atomic<std::size_t> answered_ = 0;  // Callers that have had an answer. Written by the loop alone.
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_CLOSED_LOOP_H_
