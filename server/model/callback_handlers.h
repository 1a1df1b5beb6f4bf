// The service's handlers on gRPC's callback API: one reactor a method. Read them beside async_handlers.h and
// blocking_handlers.h. No thread is held while a call waits, as with the coroutines; but what a coroutine says in one
// function, in order, is cut into a step for each thing that is awaited, and what it keeps in local variables lives in
// the reactor.
//
// Each function checks the request and gives gRPC the reactor that goes on from there. callback_call.h tells how a step
// follows the other, on which threads, and how long a reactor lives.
//
// Owned by the model, one for each loop. Thread: gRPC's; any number of calls at once.

#ifndef MEANWHILE_SERVER_MODEL_CALLBACK_HANDLERS_H_
#define MEANWHILE_SERVER_MODEL_CALLBACK_HANDLERS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "async/in_flight_calls.h"
#include "async/thread_pool.h"
#include "grpc/health/v1/health.pb.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "server/admission/admission.h"
#include "server/health.h"
#include "server/model/callback_loop.h"
#include "server/model/service_rules.h"
#include "server/observe/server_stats.h"

namespace meanwhile {

class CallbackHandlers {
 public:
  using Context = grpc::CallbackServerContext;
  template <typename Response>
  using WriteReactor = grpc::ServerWriteReactor<Response>;
  template <typename Request>
  using ReadReactor = grpc::ServerReadReactor<Request>;
  template <typename Request, typename Response>
  using BidiReactor = grpc::ServerBidiReactor<Request, Response>;

  // What all handlers work with. All of it outlives them.
  struct Parts {
    const ServiceRules* rules;
    HealthState* health;
    async::ThreadPool* pool;
    Admission* admission;
    CallCounter* counter;
    async::InFlightCalls* in_flight;
    CallbackLoop* loop;
  };

  explicit CallbackHandlers(const Parts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* Fetch(Context* call, const v1::FetchRequest* request, v1::FetchResponse* response);
  grpc::ServerUnaryReactor* Gather(Context* call, const v1::GatherRequest* request, v1::GatherResponse* response);
  WriteReactor<v1::WatchResponse>* Watch(Context* call, const v1::WatchRequest* request);
  ReadReactor<v1::CollectRequest>* Collect(Context* call, v1::CollectResponse* response);
  BidiReactor<v1::ExchangeRequest, v1::ExchangeResponse>* Exchange(Context* call);
  grpc::ServerUnaryReactor* Compute(Context* call, const v1::ComputeRequest* request, v1::ComputeResponse* response);

  // grpc.health.v1.Health/Watch.
  WriteReactor<grpc::health::v1::HealthCheckResponse>* WatchHealth(Context* call,
                                                                   const grpc::health::v1::HealthCheckRequest* request);

 private:
  const Parts parts_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_CALLBACK_HANDLERS_H_
