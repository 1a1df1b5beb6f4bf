#include "client/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace meanwhile {
namespace {

constexpr int kBacklog = 4096;  // The kernel cuts it at net.core.somaxconn.

// These take `--flag=ADDRESS`.
absl::Status Failed(absl::string_view named, absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(named, ": ", what, ": ", std::strerror(errno)));
}

absl::Status NotAnAddress(absl::string_view named, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(named, ": ", why));
}

// HOST:PORT in parts; an IPv6 address without its brackets.
struct HostAndPort {
  std::string host;
  std::string port;
};

absl::StatusOr<HostAndPort> ParsePort(absl::string_view address, absl::string_view named) {
  const std::size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return NotAnAddress(named, "must be HOST:PORT or unix:PATH");
  absl::string_view host = address.substr(0, colon);
  const absl::string_view port = address.substr(colon + 1);
  int number = 0;
  if (!absl::SimpleAtoi(port, &number) || number < 0 || number > 65535) {
    return NotAnAddress(named, "the port must be from 0 to 65535");
  }
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]")) return NotAnAddress(named, "the bracket is not closed");
  } else if (absl::StrContains(host, ":")) {
    return NotAnAddress(named, "an IPv6 address stands in brackets");
  }
  if (host.empty()) return NotAnAddress(named, "the host is missing; 0.0.0.0 takes calls from everywhere");
  return HostAndPort{std::string(host), std::string(port)};
}

absl::StatusOr<sockaddr_un> UnixName(const std::string& path, absl::string_view named) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(name.sun_path)) {
    return NotAnAddress(named, absl::StrCat("the path must have from 1 to ", sizeof(name.sun_path) - 1, " characters"));
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  return name;
}

// Is this the file of a unix socket that was left by a server that died? Nobody answers on it. A file of another kind
// is refused just so, and is not ours to remove.
bool IsStaleSocket(const sockaddr_un& name) {
  struct stat file {};
  if (lstat(name.sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool refused =
      connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0 && errno == ECONNREFUSED;
  close(fd);
  return refused;
}

int PortOf(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  // The port stands at the same place in both.
  return ntohs(name.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&name)->sin6_port
                                          : reinterpret_cast<sockaddr_in*>(&name)->sin_port);
}

}  // namespace

Listener::Listener(int fd, std::string address, std::string unix_path)
    : fd_(fd), address_(std::move(address)), unix_path_(std::move(unix_path)) {}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      unix_path_(std::exchange(other.unix_path_, std::string())) {}

Listener::~Listener() { Close(); }

void Listener::Close() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
  if (!unix_path_.empty()) unlink(std::exchange(unix_path_, std::string()).c_str());
}

absl::StatusOr<Listener> Listener::Listen(absl::string_view address, absl::string_view flag) {
  const std::string named = absl::StrCat(flag, "=", address);
  absl::string_view path = address;
  if (absl::ConsumePrefix(&path, "unix:")) return ListenOnPath(std::string(path), named);
  return ListenOnPort(address, named);
}

absl::Status Listener::Check(absl::string_view address, absl::string_view flag) {
  const std::string named = absl::StrCat(flag, "=", address);
  absl::string_view path = address;
  if (absl::ConsumePrefix(&path, "unix:")) return UnixName(std::string(path), named).status();
  return ParsePort(address, named).status();
}

absl::StatusOr<Listener> Listener::ListenOnPort(absl::string_view address, absl::string_view named) {
  const absl::StatusOr<HostAndPort> parsed = ParsePort(address, named);
  if (!parsed.ok()) return parsed.status();
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(parsed->host.c_str(), parsed->port.c_str(), &hints, &found); error != 0) {
    return absl::UnavailableError(absl::StrCat(named, ": ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> free_found(found, freeaddrinfo);

  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failed(named, "no socket");
  absl::Cleanup close_fd = [fd] { close(fd); };
  const int on = 1;
  const int off = 0;
  // Connections of an earlier server in TIME_WAIT do not matter.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (found->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (bind(fd, found->ai_addr, found->ai_addrlen) != 0) return Failed(named, "cannot bind");
  if (listen(fd, kBacklog) != 0) return Failed(named, "cannot listen");
  std::move(close_fd).Cancel();
  return Listener(fd, absl::StrCat(address.substr(0, address.rfind(':')), ":", PortOf(fd)), "");
}

absl::StatusOr<Listener> Listener::ListenOnPath(const std::string& path, absl::string_view named) {
  const std::string address = absl::StrCat("unix:", path);
  const absl::StatusOr<sockaddr_un> name = UnixName(path, named);
  if (!name.ok()) return name.status();

  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failed(named, "no socket");
  absl::Cleanup close_fd = [fd] { close(fd); };
  if (IsStaleSocket(*name)) unlink(name->sun_path);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&*name), sizeof(*name)) != 0) return Failed(named, "cannot bind");
  if (listen(fd, kBacklog) != 0) return Failed(named, "cannot listen");
  std::move(close_fd).Cancel();
  return Listener(fd, address, path);
}

}  // namespace meanwhile
