// CallbackLoop: where calls of the callback model wait. gRPC calls a reactor back on threads of its own, which must not
// be held; so a reactor hands its wait to one of these loops, and is called back when it has ended.
//
// It is the loop of a client: gRPC's server does not know of it.
//
// Owned by the model. Thread: Start and Stop, the model's; `loop().Post` any; the rest, the loop's.

#ifndef MEANWHILE_SERVER_MODEL_CALLBACK_LOOP_H_
#define MEANWHILE_SERVER_MODEL_CALLBACK_LOOP_H_

#include <cstdint>
#include <thread>

#include "async/event_loop.h"
#include "server/backend/backend.h"
#include "server/observe/loop_log.h"

namespace meanwhile {

class CallbackLoop {
 public:
  // `number` among the model's loops.
  CallbackLoop(Backend* backend, std::uint64_t number) : backend_(backend, &loop_, number) {
    loop_.set_blocked_observer(LogBlockedLoop);
  }

  void Start() {
    thread_ = std::thread([this] { loop_.Run(); });
  }

  // When every call has had its OnDone. Returns when nothing is left on the loop.
  void Stop() {
    loop_.Stop();
    thread_.join();
  }

  async::EventLoop& loop() { return loop_; }
  LoopBackend& backend() { return backend_; }

 private:
  async::EventLoop loop_;
  LoopBackend backend_;
  std::thread thread_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_CALLBACK_LOOP_H_
