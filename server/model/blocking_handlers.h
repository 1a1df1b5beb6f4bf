// The service's handlers as plain functions that block their thread. Read them beside async_handlers.h: the same
// service, without `co_await`.
//
// A wait holds its thread, and several waits at once need a thread for each.
//
// Owned by the server. Thread: any number at once.

#ifndef MEANWHILE_SERVER_MODEL_BLOCKING_HANDLERS_H_
#define MEANWHILE_SERVER_MODEL_BLOCKING_HANDLERS_H_

#include <grpcpp/server_context.h>

#include <mutex>
#include <vector>

#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/simulated/backend_draws.h"
#include "server/backend/simulated/simulated_backend.h"
#include "server/model/service_rules.h"

namespace meanwhile {

class BlockingHandlers {
 public:
  // `rules` and `backend` outlive the handlers.
  BlockingHandlers(const ServiceRules* rules, SimulatedBackend* backend);

  grpc::Status Fetch(const grpc::ServerContext& call, const v1::FetchRequest& request, v1::FetchResponse* response);
  grpc::Status Gather(const grpc::ServerContext& call, const v1::GatherRequest& request, v1::GatherResponse* response);
  grpc::Status Compute(const grpc::ServerContext& call, const v1::ComputeRequest& request,
                       v1::ComputeResponse* response);

 private:
  Waited Wait(const BlockingWaitLimit& limit, const RequestedWait& wait);
  std::vector<Waited> WaitInSequence(const grpc::ServerContext& call, const std::vector<RequestedWait>& waits);
  std::vector<Waited> WaitAtOnce(const grpc::ServerContext& call, const std::vector<RequestedWait>& waits);

  const ServiceRules* rules_;
  SimulatedBackend* backend_;
  std::mutex draws_mutex_;
  BackendDraws draws_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_BLOCKING_HANDLERS_H_
