// StreamRecorder: watches the messages of a loop's calls and measures those of calls that stream. A message counts if
// it comes, or leaves, in the measured time.
//
// Thread: the engine's.

#ifndef MEANWHILE_LOADTEST_MEASURE_STREAM_RECORDER_H_
#define MEANWHILE_LOADTEST_MEASURE_STREAM_RECORDER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "loadtest/engine/call_source.h"
#include "loadtest/engine/engine.h"
#include "loadtest/measure/measured_time.h"
#include "loadtest/measure/stream_measurement.h"

namespace meanwhile {

class StreamRecorder {
 public:
  // Null when no method of the plan streams, or there is no plan: then there is nothing to watch. `plan` and `time`
  // outlive it; `now` is the loop's clock.
  static std::unique_ptr<StreamRecorder> For(const CallPlan* plan, std::size_t slots, const MeasuredTime* time,
                                             std::function<LoadTime()> now) {
    if (plan == nullptr) return nullptr;
    for (const TargetMethod& method : plan->methods) {
      if (method.kind == CallKind::kUnary) continue;
      return std::make_unique<StreamRecorder>(plan, slots, time, std::move(now));
    }
    return nullptr;
  }

  StreamRecorder(const CallPlan* plan, std::size_t slots, const MeasuredTime* time, std::function<LoadTime()> now)
      : plan_(plan), time_(time), now_(std::move(now)), calls_(slots) {}

  // A call of the method goes out in the slot.
  void OnSent(std::size_t slot, std::size_t method, LoadTime intended) {
    calls_[slot] = {StreamsFromServer(plan_->methods[method].kind), intended, std::nullopt};
  }

  void OnMessage(std::size_t slot) {
    Call& call = calls_[slot];
    if (!call.streams_from_server) return;
    const LoadTime now = now_();
    const std::optional<LoadTime> last = std::exchange(call.last_message, now);
    if (!time_->Has(now)) return;
    ++measurement_.received;
    if (last) {
      measurement_.times_between.RecordNanos((now - *last).count());
    } else {
      measurement_.times_to_first.RecordNanos((now - call.intended).count());
    }
  }

  void OnMessageSent() { measurement_.sent += time_->Has(now_()); }

  const StreamMeasurement& measurement() const { return measurement_; }

 private:
  struct Call {
    bool streams_from_server = false;
    LoadTime intended;
    std::optional<LoadTime> last_message;
  };

  const CallPlan* const plan_;
  const MeasuredTime* const time_;
  const std::function<LoadTime()> now_;
  std::vector<Call> calls_;  // By slot.
  StreamMeasurement measurement_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_STREAM_RECORDER_H_
