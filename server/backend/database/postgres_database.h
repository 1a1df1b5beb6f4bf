// PostgresDatabase: a Database on a PostgreSQL server. No loop is blocked: the sockets of libpq are watched by an
// FdWatcher while coroutines wait, and by poll(2) on threads that may block. Both drive the same PostgresConnection.
//
// A bounded number of connections is shared by all loops and threads. They are made when needed and stay; a query takes
// one that is idle, or waits for its turn in a bounded queue.
//
// How a query ends, beside what PostgresConnection says: RESOURCE_EXHAUSTED when the queue is full; CANCELLED or
// DEADLINE_EXCEEDED as soon as its call ends, in the queue, connecting or waiting for the server alike. A server that
// cannot be reached is tried again by later queries, at a pace that PostgresEndpoint keeps; nothing needs a restart.
//
// A query that is given up takes its connection with it, as there is no other way to stop it in the middle that does
// not block. So a server that is too slow for its clients' deadlines also pays for new connections.
//
// Thread: any. Outlives every wait.

#ifndef MEANWHILE_SERVER_BACKEND_DATABASE_POSTGRES_DATABASE_H_
#define MEANWHILE_SERVER_BACKEND_DATABASE_POSTGRES_DATABASE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "async/event_loop.h"
#include "async/fd_watcher.h"
#include "async/task.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/capacity.h"
#include "server/backend/database/database.h"
#include "server/backend/database/postgres_connection.h"
#include "server/backend/database/postgres_endpoint.h"
#include "server/backend/waited.h"

namespace meanwhile {

class PostgresDatabase final : public Database {
 public:
  struct Options {
    // How many queries run at a time. The server has a process for each; 100 in all by default.
    std::uint32_t connections = 8;
    // How many queries wait for a connection before more are refused.
    std::size_t max_queued = 10'000;
  };

  // INVALID_ARGUMENT says what is wrong with the URL or with an option, RESOURCE_EXHAUSTED that the process has no
  // descriptor or thread left. Connects to nothing: a server that is down is the queries' affair.
  static absl::StatusOr<std::unique_ptr<PostgresDatabase>> Create(const std::string& url, const Options& options);

  async::Task<Waited> Wait(async::EventLoop& loop, const v1::QueryWait& query) override;
  Waited WaitBlocking(const BlockingWaitLimit& limit, const v1::QueryWait& query) override;

 private:
  class Lease;

  PostgresDatabase(std::unique_ptr<PostgresEndpoint> endpoint, const Options& options);

  grpc::Status QueueFull() const;

  const Options options_;
  const std::unique_ptr<PostgresEndpoint> endpoint_;
  async::FdWatcher watcher_;
  Capacity places_;
  std::mutex mutex_;
  // Taken from the back: the one used last first, those that are closed after all that are not. So while the server
  // takes no more connections, those that are there go on.
  std::deque<std::unique_ptr<PostgresConnection>> unused_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_DATABASE_POSTGRES_DATABASE_H_
