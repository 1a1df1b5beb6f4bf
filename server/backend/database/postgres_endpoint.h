// PostgresEndpoint: where a PostgreSQL server is, and how it has answered lately; what all connections to it share.
//
// It is made from a URL as libpq takes it: postgresql://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETERS, or KEY=VALUE
// words. What the URL leaves out comes from libpq's environment variables, such as PGPASSWORD, and its defaults.
//
// It spares a server that is down: after a failure to connect, nobody tries again for kFirstPause, and for twice as
// long after each failure that follows, up to kLongestPause. Until then connecting fails at once with the last
// failure's status. One success ends the pause.
//
// No message made here or from here contains the password, nor any piece of a URL that could be one.
//
// Thread: any; it has a lock. Outlives its connections.

#ifndef MEANWHILE_SERVER_BACKEND_DATABASE_POSTGRES_ENDPOINT_H_
#define MEANWHILE_SERVER_BACKEND_DATABASE_POSTGRES_ENDPOINT_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "server/backend/database/host_lookup.h"

namespace meanwhile {

class PostgresEndpoint {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::milliseconds kFirstPause{50};
  static constexpr std::chrono::milliseconds kLongestPause{1000};

  // INVALID_ARGUMENT says what is wrong with the URL. Nothing is connected or looked up.
  static absl::StatusOr<std::unique_ptr<PostgresEndpoint>> Parse(const std::string& url);

  const std::string& url() const { return url_; }
  const std::string& host() const { return host_; }

  // As messages call it: `127.0.0.1:5432`, or the socket's directory with the port.
  const std::string& name() const { return name_; }

  // Whether the host is a name that must be looked up before connecting.
  bool needs_lookup() const { return needs_lookup_; }

  // A look-up of the host; the one that is under way, if there is one, so that a name server that is slow has one
  // thread waiting for it and not one for each connection. Null when the process has no descriptor or thread left.
  std::shared_ptr<HostLookup> LookUp();

  // OK, or during a pause the failure that began it.
  grpc::Status MayConnect(TimePoint now);
  void OnConnected();
  void OnFailed(TimePoint now, const grpc::Status& failure);

 private:
  // `shown` is the host as messages call it.
  PostgresEndpoint(std::string url, std::string host, const std::string& shown, const std::string& port,
                   bool needs_lookup);

  const std::string url_;
  const std::string host_;
  const std::string name_;
  const bool needs_lookup_;

  std::mutex mutex_;
  std::shared_ptr<HostLookup> lookup_;
  std::chrono::milliseconds pause_{0};
  TimePoint pause_ends_;
  grpc::Status failure_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_DATABASE_POSTGRES_ENDPOINT_H_
