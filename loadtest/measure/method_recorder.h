// MethodRecorder: tells the calls of a loop apart by what reports call their methods, where its plan has several names.
//
// Memory: a measurement for each name, however many calls. Recording a call costs about as much again as recording it
// among all calls does; a run of one method has no recorder and pays nothing.
//
// Thread: the engine's, but for what is said to be of any thread.

#ifndef MEANWHILE_LOADTEST_MEASURE_METHOD_RECORDER_H_
#define MEANWHILE_LOADTEST_MEASURE_METHOD_RECORDER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "loadtest/engine/call_source.h"
#include "loadtest/measure/live_stats.h"
#include "loadtest/measure/measurement.h"
#include "loadtest/measure/verdict.h"

namespace meanwhile {

// What is known of the calls of one name.
struct MethodCounts {
  void Add(const MethodCounts& other) {
    measurement.Add(other.measurement);
    succeeded_in_time += other.succeeded_in_time;
  }

  // What reports call it.
  std::string name;
  Measurement measurement;
  // Successful calls that ended in the measured time, whenever they were sent.
  uint64_t succeeded_in_time = 0;
};

class MethodRecorder {
 public:
  // Null when there is nothing to tell apart.
  static std::unique_ptr<MethodRecorder> For(const CallPlan* plan, std::size_t slots) {
    if (plan == nullptr || plan->names().size() == 1) return nullptr;
    return std::make_unique<MethodRecorder>(*plan, slots);
  }

  MethodRecorder(const CallPlan& plan, std::size_t slots) : row_of_slot_(slots) {
    const std::vector<std::string> names = plan.names();
    for (const TargetMethod& method : plan.methods) {
      const auto name = std::find(names.begin(), names.end(), method.name());
      row_of_method_.push_back(static_cast<std::size_t>(name - names.begin()));
    }
    counts_.resize(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) counts_[i].name = names[i];
    live_stats_ = std::vector<LiveStats>(names.size());
  }

  // A call of the method goes out in the slot.
  void OnSent(std::size_t slot, std::size_t method) {
    row_of_slot_[slot] = row_of_method_[method];
    live_stats_[row_of_slot_[slot]].OnSent();
  }
  // It has ended.
  void OnEnded(std::size_t slot, const CallTimes& times, absl::StatusCode code, Verdict verdict) {
    live_stats_[row_of_slot_[slot]].OnEnded(times.response, code, verdict);
  }
  // The counts of the call in the slot, of the last one if it has ended.
  MethodCounts& Of(std::size_t slot) { return counts_[row_of_slot_[slot]]; }

  // After the engine's Run; by name, in the plan's order.
  const std::vector<MethodCounts>& counts() const { return counts_; }
  // Any thread, any time; likewise.
  const std::vector<LiveStats>& live_stats() const { return live_stats_; }

 private:
  std::vector<std::size_t> row_of_method_;
  std::vector<std::size_t> row_of_slot_;
  std::vector<MethodCounts> counts_;
  std::vector<LiveStats> live_stats_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_METHOD_RECORDER_H_
