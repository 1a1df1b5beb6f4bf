// SqliteDatabase: a Database in a file, by SQLite, which is part of this binary: nothing to install, no server to run.
// SQLite blocks, so coroutines wait while a pool of threads works.
//
// Without a path it is a private file in the directory for temporary files, removed at the end.
//
// The file is in WAL mode: readers do not wait for the writer, nor it for them. SQLite lets one write at a time, so
// there is one connection for stores, and several for reads; a query takes its turn in a bounded queue. Commits are
// synced (synchronous=FULL): a value that was stored is on the disk.
//
// How a query ends, beside what SqliteConnection says: RESOURCE_EXHAUSTED when the queue is full; CANCELLED or
// DEADLINE_EXCEEDED when its call ends first. A file that fails is opened anew by the next query, so nothing needs a
// restart when it is good again.
//
// Thread: any. Outlives every wait.

#ifndef MEANWHILE_SERVER_BACKEND_DATABASE_SQLITE_DATABASE_H_
#define MEANWHILE_SERVER_BACKEND_DATABASE_SQLITE_DATABASE_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/database/database.h"
#include "server/backend/disk_pool.h"
#include "server/backend/waited.h"

namespace meanwhile {

class SqliteDatabase final : public Database {
 public:
  struct Options {
    // The file, which is created if there is none. Empty for a private one.
    std::string path = std::string();
    // How many reads run at a time, each on a connection of its own.
    std::uint32_t readers = 4;
    // How many reads, and how many stores, wait for their turn before more are refused.
    std::size_t max_queued = 10'000;
    // How long a query waits for another process that has locked the file, if its call has so much time.
    absl::Duration busy_limit = absl::Seconds(5);
  };

  // Errors name the file. One that is merely locked by another process is none.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(const Options& options);
  ~SqliteDatabase() override;

  async::Task<Waited> Wait(async::EventLoop& loop, const v1::QueryWait& query) override;
  Waited WaitBlocking(const BlockingWaitLimit& limit, const v1::QueryWait& query) override;

 private:
  // Connections for one kind of statement, and who waits for one.
  class Lane;
  class Turn;

  // `private_directory` is removed at the end, with what is in it; empty when there is none.
  SqliteDatabase(const Options& options, const std::string& path, std::string private_directory);

  grpc::Status CreateFile();
  Lane& LaneOf(const v1::QueryWait& query) const;

  const std::string private_directory_;
  std::unique_ptr<Lane> reads_;
  std::unique_ptr<Lane> stores_;
  DiskPool pool_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_DATABASE_SQLITE_DATABASE_H_
