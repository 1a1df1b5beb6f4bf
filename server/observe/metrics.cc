#include "server/observe/metrics.h"

#include <prometheus/collectable.h>

#include <utility>

#include "server/observe/metric_families.h"

namespace meanwhile {
namespace {

class ServerFigures final : public prometheus::Collectable {
 public:
  ServerFigures(Metrics::Sources sources, const LatencyHistograms* histograms)
      : sources_(std::move(sources)), histograms_(histograms) {}

  MetricFamilies Collect() const override {
    MetricFamilies families;
    AddBuild(sources_.stats->model(), &families);
    AddCalls(sources_.stats->Counts(), &families);
    AddLatencies(*histograms_, &families);
    AddLoops(sources_.model.loops, &families);
    if (sources_.model.pool != nullptr) AddPool(*sources_.model.pool, &families);
    AddConnections(sources_.open(), sources_.accepted(), sources_.failed(), sources_.refused(), &families);
    AddProcess(sources_.stats->start_time(), &families);
    return families;
  }

 private:
  const Metrics::Sources sources_;
  const LatencyHistograms* histograms_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Metrics>> Metrics::Listen(const std::string& address) {
  absl::StatusOr<std::unique_ptr<MetricsEndpoint>> endpoint = MetricsEndpoint::Listen(address);
  if (!endpoint.ok()) return endpoint.status();
  return std::unique_ptr<Metrics>(new Metrics(*std::move(endpoint)));
}

Metrics::Metrics(std::unique_ptr<MetricsEndpoint> endpoint) : endpoint_(std::move(endpoint)) {}

Metrics::~Metrics() { Stop(); }

void Metrics::Stop() { endpoint_->Stop(); }

void Metrics::Expose(Sources sources) {
  endpoint_->Expose(std::make_shared<ServerFigures>(std::move(sources), &histograms_));
}

}  // namespace meanwhile
