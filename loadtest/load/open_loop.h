// OpenLoop: sends by a schedule, whatever returns. What a call is late, because of the server or of the load tester, is
// part of its response time, which is counted from the send that the schedule intends.
//
// Calls count whose intended send is in the measured time, also when they end after it: those in flight at its end are
// waited for until the patience ends, where the measured time has an end of its own. One that is given up then counts
// as unfinished, with the time that it has had.
//
// A call whose time has come while as many are in flight as may be is counted as not sent, and forgotten. So is one
// whose turn has not come when the patience has ended.
//
// Thread: the engine's. The end of the measured time may be moved to an earlier moment by another thread.

#ifndef MEANWHILE_LOADTEST_LOAD_OPEN_LOOP_H_
#define MEANWHILE_LOADTEST_LOAD_OPEN_LOOP_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "loadtest/engine/engine.h"
#include "loadtest/load/load_loop.h"
#include "loadtest/load/schedule.h"

namespace meanwhile {

struct OpenLoopOptions {
  // The moment that the schedule's times count from: the same for all loops of a load.
  LoadTime start{};
  // Slots of the engine.
  std::size_t max_in_flight = 1;
  // Of the engine. Slot i sends over connection i modulo their number; calls take turns over them.
  std::size_t connections = 1;
  // Send no more once so many calls of the measured time have been sent; 0 for all of them.
  uint64_t total = 0;
  std::chrono::nanoseconds patience = std::chrono::seconds(5);
  IntervalLog* log = nullptr;
  // Of the calls, to measure those that stream; null when none does.
  const CallPlan* plan = nullptr;
  // Replaced by tests.
  std::function<LoadTime()> now = &std::chrono::steady_clock::now;
};

class OpenLoop final : public LoadLoop {
 public:
  // Engine and time outlive the loop; so does the schedule's shape.
  OpenLoop(Engine* engine, const MeasuredTime* time, Schedule schedule, const OpenLoopOptions& options);

  bool is_warm() const override { return true; }

 private:
  struct Call {
    LoadTime intended;
    LoadTime sent;
  };

  void OnStart() override;
  void OnCallEnded(std::size_t slot, const CallEnd& end) override;
  void OnTimer() override;

  // Deals with the calls whose time has come: some of them, so that the engine can turn to those that have ended.
  void SendDue(LoadTime now);
  void SendOrCount(LoadTime intended);
  // No call is left to be sent.
  bool IsScheduleOver(LoadTime end) const;
  bool IsCounted(LoadTime intended) const;
  std::optional<std::size_t> TakeSlot();
  void TakeNextFromSchedule();
  void GiveUp();
  void SetTimer(LoadTime now, LoadTime end);

  Engine* const engine_;
  const MeasuredTime* const time_;
  Schedule schedule_;
  const OpenLoopOptions options_;
  std::optional<LoadTime> next_;  // The intended send of the next call.
  std::vector<Call> calls_;       // By slot.
  // Free slots, by connection. The one used last is taken first: its memory is still in the cache.
  std::vector<std::vector<std::size_t>> free_slots_;
  std::size_t next_connection_ = 0;
  std::size_t in_flight_ = 0;
  bool cancelled_ = false;
  bool stopped_ = false;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_OPEN_LOOP_H_
