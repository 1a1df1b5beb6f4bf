// HealthState: whether the server takes calls, as grpc.health.v1 tells it. Both models answer Health/Check from it;
// gRPC's own health service is not used, because it brings a callback queue that takes connections away from the loops.
//
// Thread: any.

#ifndef MEANWHILE_SERVER_HEALTH_H_
#define MEANWHILE_SERVER_HEALTH_H_

#include <grpcpp/support/status.h>

#include <atomic>

#include "grpc/health/v1/health.pb.h"

namespace meanwhile {

class HealthState {
 public:
  void SetServing(bool serving) { serving_ = serving; }

  // Knows the server as a whole (the empty name) and its services; NOT_FOUND for any other name.
  grpc::Status Check(const grpc::health::v1::HealthCheckRequest& request,
                     grpc::health::v1::HealthCheckResponse* response) const;

 private:
  std::atomic<bool> serving_ = false;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_HEALTH_H_
