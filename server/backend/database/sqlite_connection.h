// SqliteConnection: one connection to a database file, and the statements prepared on it.
//
// It opens by itself when there is no connection: it makes the table
//
//   meanwhile_items (key TEXT PRIMARY KEY, value BLOB NOT NULL)
//
// with item-0 to item-99 if there is none, and prepares its statements. Values travel as bytes, never as text in the
// statement.
//
// Failures: a connection that has failed is closed, and the next statement opens a new one. When a connection that
// served before turns out to be of no use (the table is gone), that is done at once and the statement carried out
// again, once. A file that was moved away or replaced is noticed, too, so that nothing is stored where nobody will
// find it; a file that is gone is not made again, for its data may still come back. The status otherwise: UNAVAILABLE
// when the file is gone, cannot be read or stays locked by another process; PERMISSION_DENIED when it may not be used
// so; FAILED_PRECONDITION when it cannot be in WAL mode where it is; DATA_LOSS when it is not a database or corrupt;
// RESOURCE_EXHAUSTED when the disk is full; NOT_FOUND for a key that is not there; OUT_OF_RANGE for a value that is
// larger than a client may store (value_bound.h).
//
// A statement that waits for a lock looks every 25 ms at most whether its call has ended; one that takes long, every
// 100,000 steps of SQLite's machine. Syncing to the disk cannot be interrupted.
//
// Thread: one at a time. Blocks. Ownership: the SqliteDatabase.

#ifndef MEANWHILE_SERVER_BACKEND_DATABASE_SQLITE_CONNECTION_H_
#define MEANWHILE_SERVER_BACKEND_DATABASE_SQLITE_CONNECTION_H_

#include <grpcpp/support/status.h>
#include <sqlite3.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace meanwhile {

class SqliteConnection {
 public:
  // Whether the call that waits for the statement has ended.
  using HasEnded = std::function<bool()>;

  struct Statement {
    std::string_view key;
    // What to store; empty to read.
    std::optional<std::string_view> value = std::nullopt;
  };

  // Waits for the locks of other processes no longer than `busy_limit`.
  SqliteConnection(std::string path, absl::Duration busy_limit);
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  ~SqliteConnection() { Close(); }

  // Opens the file, making it if there is none. Only this makes one. OK, too, when another process has locked it: it
  // is there, and Run opens it.
  grpc::Status Create();

  // Sets `value` to what was read. Empty when `has_ended` ended it.
  std::optional<grpc::Status> Run(const Statement& statement, const HasEnded& has_ended, std::string* value);

 private:
  class DatabaseCloser {
   public:
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  class StatementFinalizer {
   public:
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Prepared = std::unique_ptr<sqlite3_stmt, StatementFinalizer>;

  // Each returns SQLite's result code.
  int Open(int flags);
  int SetWalMode();
  int MakeTable();
  bool HasTable(int* code);
  int Execute(const char* sql);
  int Prepare(const char* sql, Prepared* prepared);
  // Sets `answer` to how it ended if it was carried out, and then `value` to what was read.
  int CarryOut(const Statement& statement, grpc::Status* answer, std::string* value);

  void Close();
  bool FileHasMoved();
  grpc::Status StatusOf(int code) const;

  // SQLite asks whether to go on: waiting for a lock, and with a statement.
  static int OnBusy(void* self, int times);
  static int OnProgress(void* self);
  bool GivesUp();

  const std::string path_;
  const std::chrono::nanoseconds busy_limit_;
  std::unique_ptr<sqlite3, DatabaseCloser> database_;
  Prepared read_;
  Prepared store_;

  // Of the statement that is being carried out.
  const HasEnded* has_ended_ = nullptr;
  std::chrono::steady_clock::time_point began_at_;
  bool gave_up_ = false;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_DATABASE_SQLITE_CONNECTION_H_
