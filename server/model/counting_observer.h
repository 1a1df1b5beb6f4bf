// CountingObserver: has the calls of one method on one loop admitted, and makes the record of each.
//
// Owned by the loop that it belongs to. Thread: that loop's.

#ifndef MEANWHILE_SERVER_MODEL_COUNTING_OBSERVER_H_
#define MEANWHILE_SERVER_MODEL_COUNTING_OBSERVER_H_

#include <optional>

#include "async/call_context.h"
#include "server/admission/admission.h"
#include "server/model/service_rules.h"
#include "server/observe/call_record.h"
#include "server/observe/server_stats.h"

namespace meanwhile {

class CountingObserver final : public async::CallObserver {
 public:
  // All of it outlives the observer.
  struct Parts {
    CallCounter* counter;
    Admission* admission;
    const ServiceRules* rules;
  };

  CountingObserver(CallMethod method, const Parts& parts) : method_(method), parts_(parts) {}

  grpc::Status OnStarted(async::CallContext& call) override {
    parts_.counter->OnStarted(method_);
    return parts_.admission->TryAdmit(&call.server_context(), [&] { return LeastTime(call); });
  }
  grpc::Status OnTaken(async::CallContext& call) override {
    return Admission::CheckDeadline(call.server_context(), [&] { return LeastTime(call); });
  }
  void OnReturned(async::CallContext& call, grpc::StatusCode code) override {
    parts_.admission->OnReturned(&call.server_context(), code, call.loop().Now() - call.matched_at());
  }
  void OnRan(async::CallContext& call, async::TimePoint begin, async::TimePoint end) override {
    parts_.counter->OnRan(
        {.method = method_, .arrived = call.matched_at(), .begin = begin, .end = end, .on_loop = true});
  }
  void OnHeldThread(async::CallContext& call, async::TimePoint begin, async::TimePoint end) override {
    parts_.counter->OnRan(
        {.method = method_, .arrived = call.matched_at(), .begin = begin, .end = end, .on_loop = false});
  }
  void OnFinished(async::CallContext& call, grpc::StatusCode code) override {
    parts_.counter->OnEnded({.method = method_,
                             .code = code,
                             .shed = WhyShed(call, code),
                             .arrived = call.matched_at(),
                             .began = call.handler_began_at(),
                             .ended = call.loop().Now(),
                             // The run in which the call ends is not over.
                             .running = call.ran() + call.loop().RunningFor()});
  }
  void OnException(async::CallContext& /*call*/, std::string_view what) override { parts_.counter->OnException(what); }

 private:
  async::Duration LeastTime(const async::CallContext& call) const {
    return parts_.rules->LeastTime(method_, call.request());
  }
  static std::optional<ShedReason> WhyShed(const async::CallContext& call, grpc::StatusCode code) {
    if (!call.shed()) return std::nullopt;
    return call.pool_was_full() ? ShedReason::kPoolQueue : Admission::ReasonOf(code);
  }

  const CallMethod method_;
  const Parts parts_;
};

// One for each method.
class CountingObservers {
 public:
  explicit CountingObservers(const CountingObserver::Parts& parts)
      : observers_{CountingObserver(CallMethod::kFetch, parts),    CountingObserver(CallMethod::kGather, parts),
                   CountingObserver(CallMethod::kWatch, parts),    CountingObserver(CallMethod::kCollect, parts),
                   CountingObserver(CallMethod::kExchange, parts), CountingObserver(CallMethod::kCompute, parts)} {}

  CountingObserver* of(CallMethod method) { return &observers_[static_cast<std::size_t>(method)]; }

 private:
  CountingObserver observers_[kCallMethods];
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_COUNTING_OBSERVER_H_
