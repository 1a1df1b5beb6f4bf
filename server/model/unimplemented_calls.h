// UnimplementedCalls answers UNIMPLEMENTED to every method that nobody knows.
//
// gRPC delivers those calls to its "generic service". Answering them there keeps them off gRPC's synchronous methods,
// which would bring threads of their own.
//
// Lifetime and thread: as UnaryMethod in async/server_call.h.

#ifndef MEANWHILE_SERVER_MODEL_UNIMPLEMENTED_CALLS_H_
#define MEANWHILE_SERVER_MODEL_UNIMPLEMENTED_CALLS_H_

#include <grpcpp/generic/async_generic_service.h>

#include <memory>
#include <optional>
#include <vector>

#include "async/event_loop.h"

namespace meanwhile {

class UnimplementedCalls {
 public:
  // Keeps `armed` slots armed on `loop`; a call that finds none waits for one, which is never long.
  UnimplementedCalls(async::EventLoop* loop, grpc::AsyncGenericService* service, int armed);
  ~UnimplementedCalls();

 private:
  class Slot;

  std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_UNIMPLEMENTED_CALLS_H_
