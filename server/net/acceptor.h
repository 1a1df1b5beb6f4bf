// Acceptor: takes connections from a listener and hands them to gRPC, which speaks TLS with them if its credentials say
// so. A connection over one of the two limits is closed at once.
//
// gRPC 1.51 can listen by itself, but its listener stops for good at the first failed accept (CVE-2023-4785): a server
// that once ran out of file descriptors never takes a connection again. This one waits a moment and goes on.
//
// Thread: one of its own, from Start to Stop. Ownership: the server's; what it is given outlives it.

#ifndef MEANWHILE_SERVER_NET_ACCEPTOR_H_
#define MEANWHILE_SERVER_NET_ACCEPTOR_H_

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

#include "client/listener.h"
#include "server/net/limits.h"
#include "server/net/lingering_close.h"
#include "server/net/open_connections.h"

namespace meanwhile {

class Acceptor {
 public:
  // Called before the server is built. `closing`, which may be null, adopts each connection.
  Acceptor(const Listener* listener, LingeringClose* closing, const LimitOptions& limits,
           std::shared_ptr<grpc::ServerCredentials> credentials, grpc::ServerBuilder* builder);
  ~Acceptor();

  // Once the server has started.
  void Start();

  // No connection is taken afterwards. May be called twice.
  void Stop();

  std::uint64_t accepted() const { return accepted_; }
  // How often a connection could not be taken, for want of file descriptors as a rule.
  std::uint64_t failed() const { return failed_; }
  // How many were closed at once, over a limit.
  std::uint64_t refused() const { return refused_; }
  // How many are open now. Looks at each.
  std::size_t CountOpen() { return open_.Count(); }

 private:
  void AcceptUntilStopped();
  void Take(int fd);
  void Refuse(int fd, OpenConnections::Room room);
  void HandOver(int fd);

  const Listener* listener_;
  LingeringClose* closing_;
  const LimitOptions limits_;
  OpenConnections open_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> handoff_;
  int stop_fd_;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::thread thread_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_NET_ACCEPTOR_H_
