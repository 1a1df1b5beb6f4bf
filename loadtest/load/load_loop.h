// LoadLoop: a loop's share of a load. It drives one engine and counts what becomes of the calls. Closed and open loops
// differ in what makes them send the next call, and in which calls they count.
//
// Thread: the engine's, but for what is said to be of any thread.

#ifndef MEANWHILE_LOADTEST_LOAD_LOAD_LOOP_H_
#define MEANWHILE_LOADTEST_LOAD_LOAD_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "loadtest/engine/engine.h"
#include "loadtest/measure/answer_checker.h"
#include "loadtest/measure/interval_log.h"
#include "loadtest/measure/live_stats.h"
#include "loadtest/measure/measured_time.h"
#include "loadtest/measure/measurement.h"
#include "loadtest/measure/method_recorder.h"
#include "loadtest/measure/stream_measurement.h"
#include "loadtest/measure/stream_recorder.h"

namespace meanwhile {

struct LoopCounts {
  Measurement measurement;
  // Successful calls that ended in the measured time, whenever they were sent.
  uint64_t succeeded_in_time = 0;
  // Open loop: calls that the schedule set in the measured time, and those of them that never left.
  uint64_t scheduled = 0;
  uint64_t not_sent = 0;
  // Calls that had not ended when the measured time had, and those of them that were cancelled when the patience ended.
  uint64_t in_flight_at_end = 0;
  uint64_t unfinished = 0;
  // When the last call ended that the measurement has; LoadTime() when it has none.
  LoadTime last_end;
};

class LoadLoop : public EngineDriver {
 public:
  // What is measured also goes into the log, which may be null; so may `streams` when nothing streams, and `methods`
  // when there is one.
  LoadLoop(IntervalLog* log, std::unique_ptr<StreamRecorder> streams, std::unique_ptr<MethodRecorder> methods)
      : recorder_(log), streams_(std::move(streams)), methods_(std::move(methods)) {}

  // Before the engine's Run: judges the calls, in place of their status. It knows the engine's slots.
  void set_checker(std::unique_ptr<AnswerChecker> checker) { checker_ = std::move(checker); }

  // After the engine's Run.
  const LoopCounts& counts() const { return counts_; }
  // After the engine's Run; null when nothing streams.
  const StreamMeasurement* streams() const { return streams_ == nullptr ? nullptr : &streams_->measurement(); }
  // Null when calls are not told apart by method.
  const MethodRecorder* methods() const { return methods_.get(); }
  // After the engine's Run, on its thread: hands over what the log does not have yet.
  void FlushLog() { recorder_.Flush(); }

  // Any thread, any time.
  const LiveStats& live_stats() const { return live_stats_; }
  // Whether a measurement may begin: every caller, if there are callers, has had an answer.
  virtual bool is_warm() const = 0;

  void OnMessage(std::size_t slot, absl::string_view message) override {
    if (checker_ != nullptr) checker_->OnMessage(slot, message);
    if (streams_ != nullptr) streams_->OnMessage(slot);
  }
  void OnMessageSent(std::size_t /*slot*/) override {
    if (streams_ != nullptr) streams_->OnMessageSent();
  }

 protected:
  // Sends the next call in the slot.
  void SendFrom(Engine* engine, std::size_t slot, LoadTime intended) {
    live_stats_.OnSent();
    const std::size_t method = engine->Send(slot);
    if (methods_ != nullptr) methods_->OnSent(slot, method);
    if (checker_ != nullptr) checker_->OnSent(slot, method);
    if (streams_ != nullptr) streams_->OnSent(slot, method, intended);
  }
  // How a call that has ended went; tells the live figures. Once for each call.
  JudgedEnd Judge(std::size_t slot, const CallEnd& end, const CallTimes& times) {
    const JudgedEnd judged =
        checker_ == nullptr ? JudgedEnd{VerdictOf(end.code), end.message} : checker_->OnCallEnded(slot, end);
    live_stats_.OnEnded(times.response, end.code, judged.verdict);
    if (methods_ != nullptr) methods_->OnEnded(slot, times, end.code, judged.verdict);
    return judged;
  }

  // The call in the slot counts: it has ended; it was given up.
  void Record(std::size_t slot, const CallTimes& times, absl::StatusCode code, const JudgedEnd& judged, LoadTime now) {
    counts_.measurement.Record(times, code, judged.verdict, judged.message);
    if (methods_ != nullptr) methods_->Of(slot).measurement.Record(times, code, judged.verdict, judged.message);
    recorder_.Record(times, now);
    counts_.last_end = now;
  }
  void RecordUnfinished(std::size_t slot, const CallTimes& times, LoadTime now) {
    counts_.measurement.RecordUnfinished(times);
    if (methods_ != nullptr) methods_->Of(slot).measurement.RecordUnfinished(times);
    recorder_.Record(times, now);
    counts_.last_end = now;
  }
  // It has succeeded in the measured time.
  void CountInTime(std::size_t slot) {
    ++counts_.succeeded_in_time;
    if (methods_ != nullptr) ++methods_->Of(slot).succeeded_in_time;
  }

  LoopCounts counts_;
  LiveStats live_stats_;

 private:
  IntervalRecorder recorder_;
  const std::unique_ptr<StreamRecorder> streams_;
  const std::unique_ptr<MethodRecorder> methods_;
  std::unique_ptr<AnswerChecker> checker_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_LOAD_LOOP_H_
