#include "server/net/acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/observe/log.h"

namespace meanwhile {
namespace {

// How long to wait after a failed accept. The connection stays in the kernel's queue meanwhile.
constexpr int kPauseMillis = 20;

}  // namespace

Acceptor::Acceptor(const Listener* listener, LingeringClose* closing, const LimitOptions& limits,
                   std::shared_ptr<grpc::ServerCredentials> credentials, grpc::ServerBuilder* builder)
    : listener_(listener),
      closing_(closing),
      limits_(limits),
      open_(limits.max_connections, limits.max_connections_per_peer),
      handoff_(builder->experimental().AddExternalConnectionAcceptor(
          grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, std::move(credentials))),
      stop_fd_(eventfd(0, EFD_CLOEXEC)) {}

Acceptor::~Acceptor() {
  Stop();
  close(stop_fd_);
}

void Acceptor::Start() {
  thread_ = std::thread([this] { AcceptUntilStopped(); });
}

void Acceptor::Stop() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_fd_, 1);
  thread_.join();
}

void Acceptor::AcceptUntilStopped() {
  std::array<pollfd, 2> watched = {pollfd{stop_fd_, POLLIN, 0}, pollfd{listener_->fd(), POLLIN, 0}};
  bool failing = false;  // Of tries in a row only the first is told.
  while (true) {
    poll(watched.data(), watched.size(), /*timeout=*/-1);
    if (watched[0].revents != 0) return;
    const int fd = accept4(listener_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      failing = false;
      Take(fd);
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
      ++failed_;
      const std::string error = std::strerror(errno);
      if (!std::exchange(failing, true)) {
        Log(LogLevel::kWarning, "accept_failed", absl::StrCat("cannot take a connection, trying again: ", error),
            {{"error", error}});
      }
      poll(watched.data(), 1, kPauseMillis);
    }
  }
}

void Acceptor::Take(int fd) {
  const OpenConnections::Room room = open_.Add(fd);
  if (room == OpenConnections::Room::kThereIs) {
    HandOver(fd);
  } else {
    Refuse(fd, room);
  }
}

void Acceptor::Refuse(int fd, OpenConnections::Room room) {
  close(fd);
  // Who floods the server shall not flood its log.
  if (refused_++ > 0) return;
  const bool none = room == OpenConnections::Room::kNone;
  const std::string flag = none ? "--max-connections" : "--max-connections-per-peer";
  Log(LogLevel::kWarning, "connection_refused",
      absl::StrCat("refused a connection: ", none ? limits_.max_connections : limits_.max_connections_per_peer,
                   none ? " are open, " : " of its peer are open, ", flag),
      {{"flag", flag}});
}

void Acceptor::HandOver(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // Fails on a unix socket, where nothing is delayed.
  if (closing_ != nullptr) closing_->Adopt(fd);
  ++accepted_;
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
  connection.listener_fd = listener_->fd();
  connection.fd = fd;
  handoff_->HandleNewConnection(&connection);
}

}  // namespace meanwhile
