// RemoteServer: the other Meanwhile server, --remote, that calls of this one may wait for. A wait is a Fetch call
// there, in plaintext or over TLS.
//
// What is handed on: the deadline, as it is; the cancellation; and in the metadata `meanwhile-hops` how many servers
// the call has come through, so that a chain that leads back to itself ends.
//
// A failure keeps its status; its message says which server it is from. A server that cannot be reached fails with
// UNAVAILABLE at once, since nothing is gained by waiting for it, and the next wait tries again.
//
// Owned by the Backend and shared by its loops and threads; each loop has a stub, and so a connection, of its own.

#ifndef MEANWHILE_SERVER_BACKEND_REMOTE_REMOTE_SERVER_H_
#define MEANWHILE_SERVER_BACKEND_REMOTE_REMOTE_SERVER_H_

#include <memory>
#include <string>

#include "async/event_loop.h"
#include "async/task.h"
#include "client/credentials.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "server/backend/planned_wait.h"
#include "server/backend/waited.h"

namespace meanwhile {

class RemoteServer {
 public:
  // `target` and `credentials` as in client/channel_pool.h. No connection is made before the first call.
  RemoteServer(const std::string& target, const Credentials& credentials);

  // For a loop: with a connection of its own.
  std::unique_ptr<v1::Meanwhile::Stub> NewStub() const;

  // On `loop`'s thread and completion queue. `call` lives until the task has ended, `stub` until the loop has stopped.
  async::Task<Waited> Wait(async::EventLoop& loop, v1::Meanwhile::Stub& stub, const RemoteCall& call) const;

  // On a thread that may block. All of them share a connection.
  Waited WaitBlocking(const BlockingWaitLimit& limit, const RemoteCall& call) const;

 private:
  // How the call ended, in the words of whoever waited.
  grpc::Status StatusOf(const grpc::Status& status) const;

  const std::string target_;
  const Credentials credentials_;
  const std::unique_ptr<v1::Meanwhile::Stub> blocking_stub_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_REMOTE_REMOTE_SERVER_H_
