// Server: a listener, an acceptor, a gRPC server and a model, started and stopped in the right order.
//
//   absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
//   ...
//   (*server)->Shutdown(grace);
//
// Shutdown, in order: health says NOT_SERVING, connections are refused, and watches of health end; clients are told to
// go (GOAWAY) and no call is taken; calls in flight go on until they end, the grace is over, or CancelCalls; what is
// left is cancelled; every handler returns; the queues are shut down and drained; the connections are closed as soon as
// the clients have, or a second later (lingering_close.h). Each call that was taken ends with a status, which its
// client hears.
//
// Thread: any but a loop's and gRPC's; one at a time for Start, Drain, Shutdown and the destructor.

#ifndef MEANWHILE_SERVER_SERVER_H_
#define MEANWHILE_SERVER_SERVER_H_

#include <grpcpp/server.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "async/in_flight_calls.h"
#include "client/listener.h"
#include "meanwhile/v1/admin.pb.h"
#include "server/admission/admission.h"
#include "server/backend/backend.h"
#include "server/health.h"
#include "server/lifecycle.h"
#include "server/model/model.h"
#include "server/model/service_rules.h"
#include "server/net/acceptor.h"
#include "server/net/lingering_close.h"
#include "server/observe/call_record.h"
#include "server/observe/call_trace.h"
#include "server/observe/metrics.h"
#include "server/observe/server_stats.h"
#include "server/observe/slow_calls.h"
#include "server/server_options.h"

namespace meanwhile {

class Server final : public Stoppable {
 public:
  // Serves when it returns. Errors name the option: a bad or taken address, a directory that is not there, a
  // certificate that does not fit its key. `sink`, if any, is told of every call and outlives the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, CallSink* sink = nullptr);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Shuts down without a grace if nobody has.
  ~Server() override;

  // Where it serves, with the port that was taken.
  const std::string& address() const { return listener_.address(); }

  // See lifecycle.h.
  void Drain() override;
  void Shutdown(absl::Duration grace) override;
  void CancelCalls() override;
  std::vector<async::InFlightCalls::Call> CallsInFlight() const override;

  // After Shutdown, once: writes the file of --trace, if there is one.
  absl::Status WriteTrace();

  v1::GetServerStatsResponse GetStats() const;
  Acceptor& acceptor() { return *acceptor_; }
  // Where the metrics are; empty without them.
  std::string metrics_url() const { return metrics_ != nullptr ? metrics_->url() : ""; }
  const HealthState& health() const { return health_; }

 private:
  Server(const ServerOptions& options, Listener listener, std::unique_ptr<Backend> backend);

  // Sets up who is told of calls.
  absl::Status Observe();
  absl::Status Serve(std::shared_ptr<grpc::ServerCredentials> credentials);

  const ServerOptions options_;
  Listener listener_;
  LingeringClose closing_;
  const ServiceRules rules_;
  const std::unique_ptr<Backend> backend_;
  Admission admission_;
  ServerStats stats_;
  std::optional<SlowCalls> slow_calls_;
  std::unique_ptr<CallTrace> trace_;  // Null without --trace.
  HealthState health_;
  async::InFlightCalls in_flight_;
  std::unique_ptr<Metrics> metrics_;  // Is told of calls until the model is gone; reads it until Shutdown.
  std::unique_ptr<Model> model_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
  bool shut_down_ = false;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_SERVER_H_
