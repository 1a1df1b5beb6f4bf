// ServerProcess: a server under test, started as a child process and ended again.
//
// The child dies with the load tester, however that ends: it is started through setpriv(1), which asks the kernel for it.
// It is confined to its processors by taskset(1). Both replace themselves by the server, so the child's pid is the server's.
//
// Thread: start it on a thread that lives as long as the process (the kernel ties the child's life to that thread), and use
// it on that one. Ownership: the destructor ends the child and waits for it.

#ifndef MEANWHILE_LOADTEST_SERVER_PROCESS_H_
#define MEANWHILE_LOADTEST_SERVER_PROCESS_H_

#include <sys/types.h>

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace meanwhile {

// How to start a server.
struct ServerCommand {
  // What reports call it.
  std::string name;
  // For sh(1), which replaces itself by it. `{port}` stands for the port that the server shall listen on.
  std::string command;
};

class ServerProcess {
 public:
  // Starts the server on a free port of 127.0.0.1 and waits until its health service says SERVING (or, where it has none,
  // until it takes calls). `processors` is a list as taskset takes it; empty for all. Asks `stopped` now and then whether to
  // give up (CANCELLED). Errors tell what the server last wrote to stderr.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const ServerCommand& command,
                                                              const std::string& processors,
                                                              absl::FunctionRef<bool()> stopped);
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  pid_t pid() const { return pid_; }
  // `127.0.0.1:PORT`.
  const std::string& target() const { return target_; }

  // Whether it has ended by itself. Any thread.
  bool has_ended() const { return ended_; }

  // Asks it to end (SIGTERM), waits for a few seconds, then kills it. OK when it had not ended before and did so by exit 0;
  // otherwise how it ended, with its last words.
  absl::Status Stop();

 private:
  ServerProcess(ServerCommand command, std::string target);

  absl::Status Spawn(const std::string& processors, int port);
  absl::Status WaitUntilServing(absl::FunctionRef<bool()> stopped);
  // Reads the child's stderr until its end, then waits for the child.
  void Attend(int stderr_fd);
  // How it ended, and its last words.
  std::string Obituary() const;

  const ServerCommand command_;
  const std::string target_;
  pid_t pid_ = -1;
  std::thread attendant_;
  std::atomic<bool> ended_ = false;
  int wait_status_ = 0;  // Set before ended_.
  mutable std::mutex mutex_;
  std::deque<std::string> last_lines_;  // Guarded by mutex_.
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_SERVER_PROCESS_H_
