#include "client/metrics_endpoint.h"

#include <netinet/in.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <unistd.h>

#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "client/listener.h"

namespace meanwhile {
namespace {

// One for whoever scrapes, and one for a person beside it.
constexpr char kHttpThreads[] = "2";

socklen_t SizeOf(const sockaddr_storage& name) {
  return name.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

// Where a socket listens.
sockaddr_storage NameOf(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  return name;
}

// Connects, and leaves at once.
void KnockAt(const sockaddr_storage& name) {
  const int fd = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  connect(fd, reinterpret_cast<const sockaddr*>(&name), SizeOf(name));
  close(fd);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Listen(const std::string& address) {
  const std::string named = absl::StrCat("--metrics=", address);
  if (absl::StartsWith(address, "unix:")) return absl::InvalidArgumentError(absl::StrCat(named, ": must be HOST:PORT"));
  // CivetWeb does not say why it cannot listen, nor which port it took for 0. So we try first.
  absl::StatusOr<Listener> listener = Listener::Listen(address, "--metrics");
  if (!listener.ok()) return listener.status();
  const sockaddr_storage name = NameOf(listener->fd());
  listener->Close();
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(
        std::vector<std::string>{"listening_ports", listener->address(), "num_threads", kHttpThreads});
    return std::unique_ptr<MetricsEndpoint>(
        new MetricsEndpoint(std::move(exposer), absl::StrCat("http://", listener->address(), "/metrics"), name));
  } catch (const std::exception& exception) {
    return absl::UnavailableError(absl::StrCat(named, ": ", exception.what()));
  }
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<prometheus::Exposer> exposer, std::string url,
                                 const sockaddr_storage& name)
    : url_(std::move(url)), name_(name), exposer_(std::move(exposer)) {}

MetricsEndpoint::~MetricsEndpoint() { Stop(); }

void MetricsEndpoint::Expose(std::shared_ptr<prometheus::Collectable> collectable) {
  collectable_ = std::move(collectable);
  exposer_->RegisterCollectable(collectable_);
}

void MetricsEndpoint::Stop() {
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

}  // namespace meanwhile
