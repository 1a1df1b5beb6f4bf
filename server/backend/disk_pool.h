// DiskPool: threads for waits on what has no other interface than one that blocks: files, and a database that is a
// file.
//
// The work is written once, for a thread that may block, and asks now and then whether its call still wants it. Run
// carries it out on a thread of the pool while a coroutine waits, RunBlocking on the calling thread.
//
// How a wait ends: as the work says; RESOURCE_EXHAUSTED when too much waits for a thread already; CANCELLED or
// DEADLINE_EXCEEDED when its call ends first. Work that waits for a thread is then gone at once; work that runs is
// waited for until it asks.
//
// Thread: any. Outlives every wait.

#ifndef MEANWHILE_SERVER_BACKEND_DISK_POOL_H_
#define MEANWHILE_SERVER_BACKEND_DISK_POOL_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "async/event_loop.h"
#include "async/task.h"
#include "async/thread_pool.h"
#include "server/backend/waited.h"

namespace meanwhile {

class DiskPool {
 public:
  // Whether the call has ended. To be asked every 100 ms at least, as far as the system lets one.
  using HasEnded = std::function<bool()>;

  // Sets `value` to what the wait brings, which counts when it ends with OK. Empty when `has_ended` made it give up.
  using Work = std::function<std::optional<grpc::Status>(const HasEnded& has_ended, std::string* value)>;

  // `name` is what the pool is for, in messages: `files`.
  DiskPool(std::string name, std::size_t threads, std::size_t max_queued);
  DiskPool(const DiskPool&) = delete;
  DiskPool& operator=(const DiskPool&) = delete;

  // On `loop`'s thread. What `work` refers to lives until the task has ended.
  async::Task<Waited> Run(async::EventLoop& loop, Work work);

  // On a thread that may block.
  static Waited RunBlocking(const BlockingWaitLimit& limit, const Work& work);

 private:
  const std::string name_;
  const std::size_t max_queued_;
  async::ThreadPool threads_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_DISK_POOL_H_
