// WatchHealth: Health/Watch as a coroutine, for the models that serve it on loops. A watch holds no thread.
//
// The handler of async::Serve. `health` outlives the call. Thread: the loop's.

#ifndef MEANWHILE_SERVER_MODEL_HEALTH_WATCH_H_
#define MEANWHILE_SERVER_MODEL_HEALTH_WATCH_H_

#include "async/call_context.h"
#include "async/stream.h"
#include "async/task.h"
#include "grpc/health/v1/health.pb.h"
#include "server/health.h"

namespace meanwhile {

// Sends the present status and each change until the client goes or the server stops.
async::Task<grpc::Status> WatchHealth(async::CallContext& call, HealthState& health,
                                      const grpc::health::v1::HealthCheckRequest& request,
                                      async::ServerWriter<grpc::health::v1::HealthCheckResponse>& statuses);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_HEALTH_WATCH_H_
