// Metrics: the server's figures for Prometheus, as text over HTTP at /metrics.
//
// Nothing is counted for it but the latency histograms: it reads the server's own figures when it is asked. Library:
// prometheus-cpp, which brings its HTTP server (CivetWeb) with three threads, and adds figures of its own about the
// exposition (exposer_*).
//
// There is no authentication. Whoever reaches the address may read, so it is 127.0.0.1 unless told otherwise.
//
// Thread: the server's. Ownership: the server's; what Sources name is read from Expose to Stop.

#ifndef MEANWHILE_SERVER_OBSERVE_METRICS_H_
#define MEANWHILE_SERVER_OBSERVE_METRICS_H_

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/observe/latency_histograms.h"
#include "server/observe/model_figures.h"
#include "server/observe/server_stats.h"

namespace prometheus {
class Collectable;
class Exposer;
}  // namespace prometheus

namespace meanwhile {

class Metrics {
 public:
  struct Sources {
    const ServerStats* stats;
    ModelFigures model;
    // Connections taken, and those that could not be.
    std::function<std::uint64_t()> accepted;
    std::function<std::uint64_t()> failed;
  };

  // Listens on `HOST:PORT`; port 0 takes a free one. Errors name --metrics: InvalidArgument when it is no such address,
  // Unavailable when it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Metrics>> Listen(const std::string& address);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  // Stops.
  ~Metrics();

  // `http://127.0.0.1:9464/metrics`
  const std::string& url() const { return url_; }

  // To be told of every call: see ServerStats::AddSink.
  CallSink* sink() { return &histograms_; }

  // Shows the server's figures from now on. Until then there is nothing at /metrics.
  void Expose(Sources sources);

  // Answers no more; waits for answers on their way. May be called twice.
  void Stop();

 private:
  Metrics(std::unique_ptr<prometheus::Exposer> exposer, std::string url, const sockaddr_storage& name);

  const std::string url_;
  const sockaddr_storage name_;  // Where it listens.
  LatencyHistograms histograms_;
  std::shared_ptr<prometheus::Collectable> collectable_;
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_METRICS_H_
