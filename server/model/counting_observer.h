// CountingObserver: makes the record of each call of one method on one loop.
//
// Owned by the loop that it belongs to. Thread: that loop's.

#ifndef MEANWHILE_SERVER_MODEL_COUNTING_OBSERVER_H_
#define MEANWHILE_SERVER_MODEL_COUNTING_OBSERVER_H_

#include "async/call_context.h"
#include "server/observe/call_record.h"
#include "server/observe/server_stats.h"

namespace meanwhile {

class CountingObserver final : public async::CallObserver {
 public:
  // `counter` outlives the observer.
  CountingObserver(CallMethod method, CallCounter* counter) : method_(method), counter_(counter) {}

  grpc::Status OnStarted(async::CallContext& /*call*/) override {
    counter_->OnStarted(method_);
    return grpc::Status();
  }
  void OnFinished(async::CallContext& call, grpc::StatusCode code) override {
    counter_->OnEnded({.method = method_,
                       .code = code,
                       .shed = call.shed(),
                       .arrived = call.matched_at(),
                       .began = call.handler_began_at(),
                       .ended = call.loop().Now(),
                       // The run in which the call ends is not over.
                       .running = call.ran() + call.loop().RunningFor()});
  }
  void OnException(async::CallContext& /*call*/, std::string_view what) override { counter_->OnException(what); }

 private:
  const CallMethod method_;
  CallCounter* const counter_;
};

// One for each method.
class CountingObservers {
 public:
  explicit CountingObservers(CallCounter* counter)
      : observers_{CountingObserver(CallMethod::kFetch, counter),    CountingObserver(CallMethod::kGather, counter),
                   CountingObserver(CallMethod::kWatch, counter),    CountingObserver(CallMethod::kCollect, counter),
                   CountingObserver(CallMethod::kExchange, counter), CountingObserver(CallMethod::kCompute, counter)} {}

  CountingObserver* of(CallMethod method) { return &observers_[static_cast<std::size_t>(method)]; }

 private:
  CountingObserver observers_[kCallMethods];
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_COUNTING_OBSERVER_H_
