// MetricsEndpoint: where Prometheus asks for metrics, as text over HTTP at /metrics. Library: prometheus-cpp, which
// brings its HTTP server (CivetWeb) with three threads, and adds figures of its own about the exposition (exposer_*).
//
// There is no authentication. Whoever reaches the address may read.
//
// Thread: one at a time. What is exposed is read on the endpoint's threads until Stop.

#ifndef MEANWHILE_CLIENT_METRICS_ENDPOINT_H_
#define MEANWHILE_CLIENT_METRICS_ENDPOINT_H_

#include <sys/socket.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace prometheus {
class Collectable;
class Exposer;
}  // namespace prometheus

namespace meanwhile {

class MetricsEndpoint {
 public:
  // Listens on `HOST:PORT`; port 0 takes a free one. Errors name --metrics: InvalidArgument when it is no such address,
  // Unavailable when it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Listen(const std::string& address);
  MetricsEndpoint(const MetricsEndpoint&) = delete;
  MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;
  // Stops.
  ~MetricsEndpoint();

  // `http://127.0.0.1:9464/metrics`
  const std::string& url() const { return url_; }

  // From now on. Until then there is nothing at /metrics.
  void Expose(std::shared_ptr<prometheus::Collectable> collectable);

  // Answers no more; waits for answers on their way. May be called twice.
  void Stop();

 private:
  MetricsEndpoint(std::unique_ptr<prometheus::Exposer> exposer, std::string url, const sockaddr_storage& name);

  const std::string url_;
  const sockaddr_storage name_;                           // Where it listens.
  std::shared_ptr<prometheus::Collectable> collectable_;  // The exposer does not own it.
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_METRICS_ENDPOINT_H_
