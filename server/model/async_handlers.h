// The service's handlers as coroutines. Read them beside blocking_handlers.h: the same service, with `co_await` where
// the other one blocks its thread.
//
// Fetch and Gather return Task<grpc::Status> and run on the loop. Compute never waits, it keeps a processor busy; it
// returns a plain grpc::Status and so is sent to the thread pool (see async/server_call.h).
//
// Owned by the server, one for each loop. Thread: the loop's; Compute, the pool's.

#ifndef MEANWHILE_SERVER_MODEL_ASYNC_HANDLERS_H_
#define MEANWHILE_SERVER_MODEL_ASYNC_HANDLERS_H_

#include <cstdint>

#include "async/server_call.h"
#include "async/task.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/simulated/backend_draws.h"
#include "server/backend/simulated/simulated_backend.h"
#include "server/model/service_rules.h"

namespace meanwhile {

class AsyncHandlers {
 public:
  // `rules` and `backend` outlive the handlers. `stream` is the loop's number.
  AsyncHandlers(const ServiceRules* rules, SimulatedBackend* backend, std::uint64_t stream);

  async::Task<grpc::Status> Fetch(async::CallContext& call, const v1::FetchRequest& request,
                                  v1::FetchResponse* response);
  async::Task<grpc::Status> Gather(async::CallContext& call, const v1::GatherRequest& request,
                                   v1::GatherResponse* response);
  grpc::Status Compute(async::CallContext& call, const v1::ComputeRequest& request, v1::ComputeResponse* response);

 private:
  async::Task<Waited> Wait(async::CallContext& call, const RequestedWait& wait);
  async::Task<std::vector<Waited>> WaitInSequence(async::CallContext& call, const std::vector<RequestedWait>& waits);
  async::Task<std::vector<Waited>> WaitAtOnce(async::CallContext& call, const std::vector<RequestedWait>& waits);

  const ServiceRules* rules_;
  SimulatedBackend* backend_;
  BackendDraws draws_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_ASYNC_HANDLERS_H_
