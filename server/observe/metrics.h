// Metrics: the server's figures for Prometheus, as text over HTTP at /metrics.
//
// Nothing is counted for it but the latency histograms: it reads the server's own figures when it is asked.
//
// There is no authentication. Whoever reaches the address may read, so it is 127.0.0.1 unless told otherwise.
//
// Thread: the server's. Ownership: the server's; what Sources name is read from Expose to Stop.

#ifndef MEANWHILE_SERVER_OBSERVE_METRICS_H_
#define MEANWHILE_SERVER_OBSERVE_METRICS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/metrics_endpoint.h"
#include "server/observe/latency_histograms.h"
#include "server/observe/model_figures.h"
#include "server/observe/server_stats.h"

namespace meanwhile {

class Metrics {
 public:
  struct Sources {
    const ServerStats* stats;
    ModelFigures model;
    // Connections that are open, those taken so far, those that could not be, and those that were refused.
    std::function<std::uint64_t()> open;
    std::function<std::uint64_t()> accepted;
    std::function<std::uint64_t()> failed;
    std::function<std::uint64_t()> refused;
  };

  // As MetricsEndpoint::Listen.
  static absl::StatusOr<std::unique_ptr<Metrics>> Listen(const std::string& address);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  // Stops.
  ~Metrics();

  // `http://127.0.0.1:9464/metrics`
  const std::string& url() const { return endpoint_->url(); }

  // To be told of every call: see ServerStats::AddSink.
  CallSink* sink() { return &histograms_; }

  // Shows the server's figures from now on. Until then there is nothing at /metrics.
  void Expose(Sources sources);

  // Answers no more; waits for answers on their way. May be called twice.
  void Stop();

 private:
  explicit Metrics(std::unique_ptr<MetricsEndpoint> endpoint);

  LatencyHistograms histograms_;
  const std::unique_ptr<MetricsEndpoint> endpoint_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_METRICS_H_
