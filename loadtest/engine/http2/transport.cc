#include "loadtest/engine/http2/transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace meanwhile::http2 {
namespace {

absl::Status SystemError(int error) { return absl::UnavailableError(std::strerror(error)); }

bool IsForLater(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Transport::~Transport() { close(socket_); }

absl::StatusOr<Transport::Wait> Transport::Establish() {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return SystemError(error);
  sockaddr_storage peer;
  size = sizeof(peer);
  const bool connected = getpeername(socket_, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
  return connected ? Wait::kNothing : Wait::kWritable;
}

absl::StatusOr<std::size_t> Transport::Read(char* buffer, std::size_t size) {
  const ssize_t count = recv(socket_, buffer, size, 0);
  if (count > 0) return static_cast<std::size_t>(count);
  if (count == 0) return absl::OutOfRangeError("the server closed the connection");
  if (IsForLater(errno)) return std::size_t{0};
  return SystemError(errno);
}

absl::StatusOr<std::size_t> Transport::Write(const iovec* pieces, std::size_t count) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces);
  message.msg_iovlen = count;
  const ssize_t written = sendmsg(socket_, &message, MSG_NOSIGNAL);
  if (written >= 0) return static_cast<std::size_t>(written);
  if (IsForLater(errno)) return std::size_t{0};
  return SystemError(errno);
}

absl::StatusOr<int> OpenSocket(const SocketAddress& address) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return SystemError(errno);
  if (address.storage.ss_family != AF_UNIX) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  // A full backlog of a unix socket is EAGAIN: the connection is not under way then.
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    close(fd);
    return SystemError(error);
  }
  return fd;
}

}  // namespace meanwhile::http2
