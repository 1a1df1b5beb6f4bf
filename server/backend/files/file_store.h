// FileStore: the files under the server's --data-dir, as calls read and write them with a FileReadWait and a
// FileWriteWait.
//
// Nothing leads out of the data directory, no path and no symbolic link, not even one that is put there in the middle
// (data_directory.h). Only regular files are read or replaced, so nothing blocks on a pipe.
//
// A read goes in chunks of 64 KiB and ends early when its call does. A write is atomic and durable: the content goes to
// a temporary file beside the target, is synced, takes the target's name, and the directory is synced (new_file.h). So
// a reader sees the old content or the new, and after an OK the new is on the disk. Until the name is taken a call that
// ends leaves no trace.
//
// How a wait ends, beside what DiskPool says, with a message that names the path as the request gave it:
// INVALID_ARGUMENT for a path that leads out of the data directory or is not one; NOT_FOUND; PERMISSION_DENIED;
// FAILED_PRECONDITION for what is not a regular file; RESOURCE_EXHAUSTED when the disk is full; OUT_OF_RANGE for what
// would be larger than the system lets a file be.
//
// It has two entries, one for each way of writing a handler; what they do and how it ends is the same. Coroutines wait
// while a pool of threads works, as there is no other way to keep the disk from holding up a loop.
//
// Owned by the Backend and shared by its loops and threads. Outlives every wait.

#ifndef MEANWHILE_SERVER_BACKEND_FILES_FILE_STORE_H_
#define MEANWHILE_SERVER_BACKEND_FILES_FILE_STORE_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "server/backend/disk_pool.h"
#include "server/backend/files/data_directory.h"
#include "server/backend/waited.h"

namespace meanwhile {

class FileStore {
 public:
  struct Options {
    // How many coroutines' reads and writes are at the disk at a time. Threads are started when needed.
    std::size_t threads = 8;
    // How many wait for a thread before more are refused.
    std::size_t max_queued = 1024;
  };

  // Also removes what a killed server has left of unfinished writes. Errors name the directory.
  static absl::StatusOr<std::unique_ptr<FileStore>> Open(const std::string& data_dir, const Options& options);

  // On `loop`'s thread. `request`, which ServiceRules has checked, lives until the task has ended.
  async::Task<Waited> Read(async::EventLoop& loop, const v1::FileReadWait& request);
  async::Task<Waited> Write(async::EventLoop& loop, const v1::FileWriteWait& request);

  // On a thread that may block; any number at once.
  Waited ReadBlocking(const BlockingWaitLimit& limit, const v1::FileReadWait& request) const;
  Waited WriteBlocking(const BlockingWaitLimit& limit, const v1::FileWriteWait& request) const;

 private:
  FileStore(DataDirectory directory, const Options& options);

  const DataDirectory directory_;
  DiskPool pool_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_FILES_FILE_STORE_H_
