// GrpcEngine: an engine on gRPC's completion queue.
//
// Requests are sent as bytes, and the responses are not decoded: what a server is asked to do must not depend on how
// fast the load tester serializes. A slot keeps the storage of its call from one call to the next.

#ifndef MEANWHILE_LOADTEST_ENGINE_GRPC_ENGINE_H_
#define MEANWHILE_LOADTEST_ENGINE_GRPC_ENGINE_H_

#include <grpcpp/channel.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "loadtest/engine/call_options.h"
#include "loadtest/engine/call_source.h"
#include "loadtest/engine/engine.h"

namespace meanwhile {

struct GrpcEngineOptions {
  // The engine's connections, at least one. Slot i sends over connection i modulo their number.
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  // How many calls can be in flight.
  std::size_t slots = 1;
  std::shared_ptr<const CallPlan> plan;
  // Of this engine: which of the plan's sources it has.
  std::size_t number = 0;
  CallOptions call;
  // After which a call ends with DEADLINE_EXCEEDED.
  absl::Duration timeout = absl::InfiniteDuration();
};

std::unique_ptr<Engine> MakeGrpcEngine(const GrpcEngineOptions& options);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_ENGINE_GRPC_ENGINE_H_
