// MethodActivity: a method as what a loop's runs are for, so that a run that blocks the loop is told of by name. It
// stands for calls that may be gone when their run is told of, and that count their runs themselves.
//
// There is one for each method, which lives forever. Thread: any; immutable.

#ifndef MEANWHILE_SERVER_MODEL_METHOD_ACTIVITY_H_
#define MEANWHILE_SERVER_MODEL_METHOD_ACTIVITY_H_

#include <cstddef>
#include <string_view>

#include "async/activity.h"
#include "async/timer_queue.h"
#include "server/observe/call_record.h"

namespace meanwhile {

class MethodActivity final : public async::Activity {
 public:
  static MethodActivity* Of(CallMethod method);

  std::string_view name() const override { return ToString(method_); }
  void OnRan(async::TimePoint /*begin*/, async::TimePoint /*end*/) override {}

 private:
  explicit constexpr MethodActivity(CallMethod method) : method_(method) {}

  const CallMethod method_;
};

inline MethodActivity* MethodActivity::Of(CallMethod method) {
  static constinit MethodActivity activities[kCallMethods] = {
      MethodActivity(CallMethod::kFetch),    MethodActivity(CallMethod::kGather),
      MethodActivity(CallMethod::kWatch),    MethodActivity(CallMethod::kCollect),
      MethodActivity(CallMethod::kExchange), MethodActivity(CallMethod::kCompute)};
  return &activities[static_cast<std::size_t>(method)];
}

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_METHOD_ACTIVITY_H_
