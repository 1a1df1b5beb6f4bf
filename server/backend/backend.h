// Backend: everything that calls wait for, behind one door: the simulated backend, files, the database, another server.
// It carries out what ServiceRules has planned.
//
// It has two entries, one for each way of writing a handler. LoopBackend::Wait suspends a coroutine and WaitBlocking
// holds a thread; what they wait for and how it ends is the same.
//
// Owned by the server and shared by its loops and threads. Outlives every wait.

#ifndef MEANWHILE_SERVER_BACKEND_BACKEND_H_
#define MEANWHILE_SERVER_BACKEND_BACKEND_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "server/backend/database/database.h"
#include "server/backend/files/file_store.h"
#include "server/backend/planned_wait.h"
#include "server/backend/remote/remote_server.h"
#include "server/backend/simulated/backend_draws.h"
#include "server/backend/simulated/simulated_backend.h"
#include "server/backend/waited.h"
#include "server/server_options.h"

namespace meanwhile {

class Backend {
 public:
  // Opens what the options name. Errors name the option.
  static absl::StatusOr<std::unique_ptr<Backend>> Open(const ServerOptions& options);
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  // On a thread that may block; any number at once.
  Waited WaitBlocking(const BlockingWaitLimit& limit, const PlannedWait& wait);

 private:
  friend class LoopBackend;

  explicit Backend(const ServerOptions& options);

  absl::Status OpenRemote(const ServerOptions& options);
  absl::Status OpenFilesAndDatabase(const ServerOptions& options);

  // What a simulated wait, which asks for `spec` or for the server's own, draws. A requested wait is cut at the longest
  // that a request may ask for.
  BackendDraw Draw(const BackendSpec* spec, BackendDraws& draws) const;

  const absl::Duration max_wait_;
  SimulatedBackend simulated_;
  std::optional<RemoteServer> remote_;
  std::unique_ptr<FileStore> files_;  // Null without a data directory.
  std::unique_ptr<Database> database_;

  // Of the threads that block.
  std::mutex draws_mutex_;
  BackendDraws draws_;
};

// The backend as a loop uses it, with what the loop keeps to itself: its random numbers and its connection to the other
// server.
//
// One for each loop. Thread: the loop's. Outlives every wait on it.
class LoopBackend {
 public:
  // `stream` is the loop's number.
  LoopBackend(Backend* backend, async::EventLoop* loop, std::uint64_t stream);
  LoopBackend(const LoopBackend&) = delete;
  LoopBackend& operator=(const LoopBackend&) = delete;

  // `wait`, and the request behind it, live until the task has ended. The awaiting coroutine's cancellation ends the
  // wait at once; only disk work that has begun is waited for.
  async::Task<Waited> Wait(const PlannedWait& wait);

 private:
  Backend* const backend_;
  async::EventLoop* const loop_;
  BackendDraws draws_;
  std::unique_ptr<v1::Meanwhile::Stub> remote_;  // Only when there is another server.
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_BACKEND_H_
