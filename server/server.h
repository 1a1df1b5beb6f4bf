// Server: a listener, an acceptor, a gRPC server and a model, started and stopped in the right order.
//
//   absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
//   ...
//   (*server)->Shutdown(options.grace);
//
// Shutdown, in order: health says NOT_SERVING, connections are refused, and watches of health end; clients are told to
// go (GOAWAY) and no call is taken; calls in flight go on until they end, the grace is over, or CancelCalls; what is
// left is cancelled; every handler returns; the queues are shut down and drained. Each call that was taken ends with a
// status.
//
// That status is UNAVAILABLE for a few calls when a busy client has not read fast enough: gRPC closes a connection as
// soon as it has written the last response, and the kernel drops what it has not sent yet when the client was still
// sending too.
//
// Thread: Start and Shutdown on one thread, which is not a loop's; CancelCalls on any.

#ifndef MEANWHILE_SERVER_SERVER_H_
#define MEANWHILE_SERVER_SERVER_H_

#include <grpcpp/server.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "meanwhile/v1/admin.pb.h"
#include "server/backend/backend.h"
#include "server/health.h"
#include "server/model/model.h"
#include "server/model/service_rules.h"
#include "server/net/acceptor.h"
#include "server/net/listener.h"
#include "server/observe/call_record.h"
#include "server/observe/metrics.h"
#include "server/observe/server_stats.h"
#include "server/observe/slow_calls.h"
#include "server/server_options.h"

namespace meanwhile {

class Server {
 public:
  // Serves when it returns. Errors name the option: a bad or taken address, a directory that is not there. `sink`, if
  // any, is told of every call and outlives the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, CallSink* sink = nullptr);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Shuts down without a grace if nobody has.
  ~Server();

  // Where it serves, with the port that was taken.
  const std::string& address() const { return listener_.address(); }

  // Returns when the last handler has.
  void Shutdown(absl::Duration grace);

  // Cuts a Shutdown's grace short: cancels every call in flight.
  void CancelCalls();

  v1::GetServerStatsResponse GetStats() const;
  // Where the metrics are; empty without them.
  std::string metrics_url() const { return metrics_ != nullptr ? metrics_->url() : ""; }
  const Acceptor& acceptor() const { return *acceptor_; }
  const HealthState& health() const { return health_; }

 private:
  Server(const ServerOptions& options, Listener listener, std::unique_ptr<Backend> backend);

  // Sets up who is told of calls.
  absl::Status Observe();
  absl::Status Serve();

  const ServerOptions options_;
  Listener listener_;
  const ServiceRules rules_;
  const std::unique_ptr<Backend> backend_;
  ServerStats stats_;
  std::optional<SlowCalls> slow_calls_;
  HealthState health_;
  std::unique_ptr<Metrics> metrics_;  // Is told of calls until the model is gone; reads it until Shutdown.
  std::unique_ptr<Model> model_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
  bool shut_down_ = false;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_SERVER_H_
