// Listener: a socket that clients connect to, and its address as a flag writes it.
//
// The port is taken for one server alone: without SO_REUSEPORT a port in use is an error, not a port shared in silence
// with a server that somebody left running.
//
// Ownership: closes its socket, and removes the file of a unix socket.
//
// Thread: one at a time.

#ifndef MEANWHILE_CLIENT_LISTENER_H_
#define MEANWHILE_CLIENT_LISTENER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

class Listener {
 public:
  // Listens on `HOST:PORT` (HOST a name, an IPv4 address or a bracketed IPv6 address; port 0 takes a free one) or
  // `unix:PATH`. Errors name the flag and the address: InvalidArgument when it is not one, Unavailable when it cannot
  // be listened on.
  static absl::StatusOr<Listener> Listen(absl::string_view address, absl::string_view flag = "--listen");

  // Whether Listen would take it for an address: its InvalidArgument, without listening.
  static absl::Status Check(absl::string_view address, absl::string_view flag = "--listen");

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  // From now on connections are refused, those in the kernel's queue included. May be called twice.
  void Close();

  // -1 once closed.
  int fd() const { return fd_; }

  // The address with the port that was taken: what a client connects to.
  const std::string& address() const { return address_; }

 private:
  Listener(int fd, std::string address, std::string unix_path);

  static absl::StatusOr<Listener> ListenOnPort(absl::string_view address, absl::string_view named);
  static absl::StatusOr<Listener> ListenOnPath(const std::string& path, absl::string_view named);

  int fd_;
  std::string address_;
  std::string unix_path_;  // Empty for a port.
};

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_LISTENER_H_
