// CountingObserver counts the calls of one loop.
//
// Owned by the loop that it belongs to. Thread: that loop's.

#ifndef MEANWHILE_SERVER_MODEL_COUNTING_OBSERVER_H_
#define MEANWHILE_SERVER_MODEL_COUNTING_OBSERVER_H_

#include "async/call_context.h"
#include "server/observe/server_stats.h"

namespace meanwhile {

class CountingObserver final : public async::CallObserver {
 public:
  // `counter` outlives the observer.
  explicit CountingObserver(CallCounter* counter) : counter_(counter) {}

  grpc::Status OnStarted(async::CallContext& /*call*/) override {
    counter_->OnStarted();
    return grpc::Status();
  }
  void OnFinished(async::CallContext& /*call*/, grpc::StatusCode code) override { counter_->OnFinished(code); }
  void OnShed(async::CallContext& /*call*/) override { counter_->OnShed(); }
  void OnException(async::CallContext& /*call*/, std::string_view what) override { counter_->OnException(what); }

 private:
  CallCounter* counter_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_COUNTING_OBSERVER_H_
