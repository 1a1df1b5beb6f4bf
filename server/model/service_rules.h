// ServiceRules: what every model's handlers have in common. A request is checked here before anything runs, and the
// answer is built here, so the handlers show only how they wait.
//
// Bounds are those that proto/meanwhile/v1/meanwhile.proto promises. A request outside of them ends with
// INVALID_ARGUMENT and a message that names the field, its value and the bound: `waits[2].simulated.constant=2m: must
// be from 0 to 1m`. A kind of wait that this server has not been given ends with FAILED_PRECONDITION and names the flag
// that gives it.
//
// Thread: any; immutable.

#ifndef MEANWHILE_SERVER_MODEL_SERVICE_RULES_H_
#define MEANWHILE_SERVER_MODEL_SERVICE_RULES_H_

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "async/timer_queue.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/planned_wait.h"
#include "server/backend/waited.h"
#include "server/observe/call_record.h"
#include "server/server_options.h"

namespace meanwhile {

class ServiceRules {
 public:
  explicit ServiceRules(const ServerOptions& options);

  // Each returns OK, or says why not. On OK the waits are set, in the order of the request, which must outlive them.
  // `call` is asked for what a remote wait hands on.
  grpc::Status Check(const v1::FetchRequest& request, const grpc::ServerContextBase& call, PlannedWait* wait) const;
  grpc::Status Check(const v1::GatherRequest& request, const grpc::ServerContextBase& call,
                     std::vector<PlannedWait>* waits) const;
  grpc::Status Check(const v1::WatchRequest& request, const grpc::ServerContextBase& call, PlannedWait* wait) const;
  grpc::Status Check(const v1::CollectRequest& request, const grpc::ServerContextBase& call, PlannedWait* wait) const;
  grpc::Status Check(const v1::ExchangeRequest& request, const grpc::ServerContextBase& call, PlannedWait* wait) const;
  grpc::Status Check(const v1::ComputeRequest& request) const;

  // The least time in which a call can succeed, as far as its request tells: the constant wait that it asks for, or
  // what all but one in a million waits of the server's own backend take. Zero when that is not known. `request` is
  // null for methods that read a stream.
  async::Duration LeastTime(CallMethod method, const google::protobuf::Message* request) const;

  // Each builds the response to a request, or to a message of a stream, that went well. (Gather's is in
  // gathered_waits.h.)
  static void Answer(const v1::FetchRequest& request, Waited waited, v1::FetchResponse* response);
  static void Answer(const v1::WatchRequest& request, std::uint32_t index, const Waited& waited,
                     v1::WatchResponse* response);
  static void Answer(const v1::ExchangeRequest& request, const Waited& waited, v1::ExchangeResponse* response);
  // Adds a message to the response to all of them.
  static void Add(const v1::CollectRequest& request, const Waited& waited, v1::CollectResponse* response);

  // Computes the digest. `reason_of_end`, asked about every millisecond, gives OK while the call goes on, then
  // CANCELLED or DEADLINE_EXCEEDED, with which the computation ends.
  static grpc::Status Compute(const v1::ComputeRequest& request, const std::function<grpc::StatusCode()>& reason_of_end,
                              v1::ComputeResponse* response);

 private:
  // What a wait is called in messages: `waits[2].remote.wait`. Asked only when there is something to say.
  using FieldName = std::function<std::string()>;

  // Plans `wait`, which comes with a payload.
  grpc::Status CheckPayloadAndWait(const std::string& payload, const v1::Wait& wait,
                                   const grpc::ServerContextBase& call, PlannedWait* planned) const;
  grpc::Status Plan(const v1::Wait& wait, const grpc::ServerContextBase& call, const FieldName& field,
                    PlannedWait* planned) const;
  grpc::Status PlanSimulated(const v1::SimulatedWait& wait, const FieldName& field, PlannedWait* planned) const;
  grpc::Status PlanRemote(const v1::RemoteWait& wait, const grpc::ServerContextBase& call, const FieldName& field,
                          PlannedWait* planned) const;

  // Whether the other servers of a chain could carry out `wait`, as far as one can tell from here. `hops` is how many
  // servers the call has come through when it arrives there.
  grpc::Status CheckElsewhere(const v1::Wait& wait, std::uint32_t hops, const FieldName& field) const;

  async::Duration LeastTime(const v1::Wait& wait) const;
  async::Duration LeastTime(const v1::GatherRequest& request) const;

  const absl::Duration max_wait_;
  const async::Duration least_wait_;  // Of the server's own backend.
  const bool has_data_dir_;
  const bool has_remote_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_SERVICE_RULES_H_
