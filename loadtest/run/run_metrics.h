// RunMetrics: how a run goes, for Prometheus: docs/read-the-report.md names the metrics. They are as old as the last
// progress, half a second at most.
//
// Thread: the one that runs the load. Scrapes come on threads of their own.

#ifndef MEANWHILE_LOADTEST_RUN_RUN_METRICS_H_
#define MEANWHILE_LOADTEST_RUN_RUN_METRICS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/metrics_endpoint.h"
#include "loadtest/load/load_run.h"

namespace meanwhile {

class RunMetrics {
 public:
  // As MetricsEndpoint::Listen.
  static absl::StatusOr<std::unique_ptr<RunMetrics>> Listen(const std::string& address);
  ~RunMetrics();

  const std::string& url() const { return endpoint_->url(); }

  void Update(const LoadProgress& progress);

 private:
  class Figures;

  explicit RunMetrics(std::unique_ptr<MetricsEndpoint> endpoint);

  const std::unique_ptr<MetricsEndpoint> endpoint_;
  const std::shared_ptr<Figures> figures_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_RUN_RUN_METRICS_H_
