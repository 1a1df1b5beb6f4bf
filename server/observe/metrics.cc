#include "server/observe/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <exception>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/net/listener.h"
#include "server/observe/metric_families.h"

namespace meanwhile {
namespace {

constexpr char kFlag[] = "--metrics";

// One for whoever scrapes, and one for a person beside it.
constexpr char kHttpThreads[] = "2";

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
    AddConnections(sources_.accepted(), sources_.failed(), &families);
    AddProcess(sources_.stats->start_time(), &families);
    return families;
  }

 private:
  const Metrics::Sources sources_;
  const LatencyHistograms* histograms_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Metrics>> Metrics::Listen(const std::string& address) {
  // CivetWeb does not say why it cannot listen. So we try first, and let it take the port that we have found free.
  if (absl::StartsWith(address, "unix:")) {
    return absl::InvalidArgumentError(absl::StrCat(kFlag, "=", address, ": must be HOST:PORT"));
  }
  absl::StatusOr<Listener> trial = Listener::Listen(address, kFlag);
  if (!trial.ok()) return trial.status();
  const std::string free_address = trial->address();
  trial->Close();
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(
        std::vector<std::string>{"listening_ports", free_address, "num_threads", kHttpThreads});
    return std::unique_ptr<Metrics>(new Metrics(std::move(exposer), absl::StrCat("http://", free_address, "/metrics")));
  } catch (const std::exception& exception) {
    return absl::UnavailableError(absl::StrCat(kFlag, "=", address, ": ", exception.what()));
  }
}

Metrics::Metrics(std::unique_ptr<prometheus::Exposer> exposer, std::string url)
    : url_(std::move(url)), exposer_(std::move(exposer)) {}

Metrics::~Metrics() = default;

void Metrics::Stop() { exposer_.reset(); }

void Metrics::Expose(Sources sources) {
  collectable_ = std::make_shared<ServerFigures>(std::move(sources), &histograms_);
  exposer_->RegisterCollectable(collectable_);
}

}  // namespace meanwhile
