// ServiceRules: what every model's handlers have in common. A request is checked here before anything runs, and the
// answer is built here, so the handlers show only how they wait.
//
// Bounds are those that proto/meanwhile/v1/meanwhile.proto promises. A request outside of them ends with
// INVALID_ARGUMENT and a message that names the field, its value and the bound: `waits[2].simulated.constant=2m: must
// be from 0 to 1m`.
//
// Thread: any; immutable.

#ifndef MEANWHILE_SERVER_MODEL_SERVICE_RULES_H_
#define MEANWHILE_SERVER_MODEL_SERVICE_RULES_H_

#include <grpcpp/support/status.h>

#include <functional>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/simulated/backend_draws.h"
#include "server/backend/simulated/backend_spec.h"
#include "server/backend/simulated/simulated_backend.h"

namespace meanwhile {

// What a request says about a wait; empty for the server's own backend.
using RequestedWait = std::optional<BackendSpec>;

class ServiceRules {
 public:
  // No request may ask for a longer wait than `max_wait`.
  explicit ServiceRules(absl::Duration max_wait) : max_wait_(max_wait) {}

  // Each returns OK, or INVALID_ARGUMENT. On OK the waits are set, in the order of the request.
  grpc::Status Check(const v1::FetchRequest& request, RequestedWait* wait) const;
  grpc::Status Check(const v1::GatherRequest& request, std::vector<RequestedWait>* waits) const;
  grpc::Status Check(const v1::ComputeRequest& request) const;

  // The next draw for a wait. A requested wait is cut at the longest that a request may ask for.
  BackendDraw Draw(const RequestedWait& wait, BackendDraws& draws) const;

  // Each builds the response to a request that went well.
  static void Answer(const v1::FetchRequest& request, const Waited& waited, v1::FetchResponse* response);
  static void Answer(const std::vector<Waited>& waits, absl::Duration elapsed, v1::GatherResponse* response);

  // Of several waits, the status that their call ends with: OK, or the failure that made the others end. Those were
  // cancelled because of it, so a failure of another kind comes first.
  static grpc::Status StatusOf(const std::vector<Waited>& waits);

  // Computes the digest. Ends with CANCELLED when `cancelled`, asked about every millisecond, says so.
  static grpc::Status Compute(const v1::ComputeRequest& request, const std::function<bool()>& cancelled,
                              v1::ComputeResponse* response);

 private:
  grpc::Status CheckWait(const v1::Wait& wait, const std::function<std::string()>& field, RequestedWait* checked) const;

  const absl::Duration max_wait_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_SERVICE_RULES_H_
