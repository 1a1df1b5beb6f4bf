#include "server/observe/metrics.h"

#include <netinet/in.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "server/net/listener.h"
#include "server/observe/metric_families.h"

namespace meanwhile {
namespace {

constexpr char kFlag[] = "--metrics";

// One for whoever scrapes, and one for a person beside it.
constexpr char kHttpThreads[] = "2";

// Connects, and leaves at once.
void KnockAt(const sockaddr_storage& name) {
  const int fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const socklen_t size = name.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  connect(fd, reinterpret_cast<const sockaddr*>(&name), size);
  close(fd);
}

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
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  getsockname(trial->fd(), reinterpret_cast<sockaddr*>(&name), &size);
  trial->Close();
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(
        std::vector<std::string>{"listening_ports", free_address, "num_threads", kHttpThreads});
    return std::unique_ptr<Metrics>(
        new Metrics(std::move(exposer), absl::StrCat("http://", free_address, "/metrics"), name));
  } catch (const std::exception& exception) {
    return absl::UnavailableError(absl::StrCat(kFlag, "=", address, ": ", exception.what()));
  }
}

Metrics::Metrics(std::unique_ptr<prometheus::Exposer> exposer, std::string url, const sockaddr_storage& name)
    : url_(std::move(url)), name_(name), exposer_(std::move(exposer)) {}

Metrics::~Metrics() { Stop(); }

void Metrics::Stop() {
  if (exposer_ == nullptr) return;
  // CivetWeb looks whether it shall stop every two seconds, and whenever somebody connects: so we do.
  absl::Notification stopped;
  std::thread stopping([&] {
    exposer_.reset();
    stopped.Notify();
  });
  while (!stopped.WaitForNotificationWithTimeout(absl::Milliseconds(10))) KnockAt(name_);
  stopping.join();
}

void Metrics::Expose(Sources sources) {
  collectable_ = std::make_shared<ServerFigures>(std::move(sources), &histograms_);
  exposer_->RegisterCollectable(collectable_);
}

}  // namespace meanwhile
