#include "client/metrics_endpoint.h"

#include <netdb.h>
#include <netinet/in.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace meanwhile {
namespace {

// One for whoever scrapes, and one for a person beside it.
constexpr char kHttpThreads[] = "2";

socklen_t SizeOf(const sockaddr_storage& name) {
  return name.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

uint16_t PortOf(const sockaddr_storage& name) {
  // The port stands at the same place in both.
  return ntohs(name.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port
                                          : reinterpret_cast<const sockaddr_in*>(&name)->sin_port);
}

// CivetWeb does not say why it cannot listen. So we try first: the name under which `host` and `port` can be listened
// on, a free port in place of 0.
absl::StatusOr<sockaddr_storage> TryToListen(const std::string& host, const std::string& port,
                                             const std::string& named) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return absl::UnavailableError(absl::StrCat(named, ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> free_found(found, freeaddrinfo);
  const auto failed = [&named](const char* what) {
    return absl::UnavailableError(absl::StrCat(named, ": ", what, ": ", std::strerror(errno)));
  };
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("no socket");
  const absl::Cleanup close_fd = [fd] { close(fd); };
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, found->ai_addr, found->ai_addrlen) != 0) return failed("cannot bind");
  if (listen(fd, 1) != 0) return failed("cannot listen");
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return failed("no name");
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
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || address.starts_with("unix:")) {
    return absl::InvalidArgumentError(absl::StrCat(named, ": must be HOST:PORT"));
  }
  const std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (int number = 0; !absl::SimpleAtoi(port, &number) || number < 0 || number > 65535) {
    return absl::InvalidArgumentError(absl::StrCat(named, ": the port must be from 0 to 65535"));
  }
  if (host.empty()) return absl::InvalidArgumentError(absl::StrCat(named, ": the host is missing"));
  const std::string bare_host(absl::StripPrefix(absl::StripSuffix(host, "]"), "["));
  const absl::StatusOr<sockaddr_storage> name = TryToListen(bare_host, port, named);
  if (!name.ok()) return name.status();
  const std::string free_address = absl::StrCat(host, ":", PortOf(*name));
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(
        std::vector<std::string>{"listening_ports", free_address, "num_threads", kHttpThreads});
    return std::unique_ptr<MetricsEndpoint>(
        new MetricsEndpoint(std::move(exposer), absl::StrCat("http://", free_address, "/metrics"), *name));
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
