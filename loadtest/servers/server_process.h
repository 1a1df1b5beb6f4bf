// ServerProcess: a server under test, started as a child process and ended again.
//
// The child dies with the load tester, however that ends: it is started through setpriv(1), which asks the kernel for
// it. It is confined to its processors by taskset(1). Both replace themselves by the server, so the child's pid is the
// server's. Processes that the server starts in turn are killed when it has ended, unless they left its process group.
//
// Thread: start it on a thread that lives as long as the process (the kernel ties the child's life to that thread), and
// use it on that one. Ownership: the destructor ends the child and waits for it.

#ifndef MEANWHILE_LOADTEST_SERVERS_SERVER_PROCESS_H_
#define MEANWHILE_LOADTEST_SERVERS_SERVER_PROCESS_H_

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/credentials.h"
#include "loadtest/servers/last_lines.h"

namespace meanwhile {

// How to start a server.
struct ServerCommand {
  // What reports call it.
  std::string name;
  // A program and its arguments, as sh(1) takes them. `{port}` stands for the port that the server shall listen on.
  std::string command;
  // The exit code by which it refuses its flags; none when nobody knows.
  std::optional<int> usage_exit_code;
};

// How long a server may take.
struct ServerPatience {
  absl::Duration start = absl::Seconds(15);
  absl::Duration stop = absl::Seconds(5);
};

class ServerProcess {
 public:
  // Starts the server on a free port of 127.0.0.1 and waits until its health service, spoken to with `credentials`,
  // says SERVING (or, where it has none, until it takes calls). `processors` is a list as taskset takes it; empty for
  // all. Asks `stopped` now and then whether to give up (CANCELLED). INVALID_ARGUMENT when the server refused its
  // flags, UNAVAILABLE when it ended otherwise or does not serve in time; both tell what it last wrote.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const ServerCommand& command,
                                                              const std::string& processors,
                                                              absl::FunctionRef<bool()> stopped,
                                                              const Credentials& credentials = {},
                                                              const ServerPatience& patience = {});
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  pid_t pid() const { return pid_; }
  // `127.0.0.1:PORT`.
  const std::string& target() const { return target_; }

  // Whether it has ended by itself. Any thread.
  bool has_ended() const { return ended_; }

  // Asks it to end (SIGTERM), and kills it when its patience is over. An error when it had ended before, or when it
  // fell over while ending (neither exit code 0 nor an end by the signal): how it ended, with its last words. Call it
  // once.
  absl::Status Stop();

 private:
  ServerProcess(ServerCommand command, int port, const ServerPatience& patience);

  absl::Status Spawn(const std::string& processors);
  absl::Status WaitUntilServing(absl::FunctionRef<bool()> stopped, const Credentials& credentials);
  // Listens to the child until it has ended. It is then a zombie, so that its pid remains its own until Reap.
  void Attend(int output_fd);
  void Reap();
  // How it ended, if it has, and its last words.
  std::string Obituary() const;

  const ServerCommand command_;
  const int port_;
  const std::string target_;
  const ServerPatience patience_;
  pid_t pid_ = -1;  // -1 when there is no child.
  std::thread attendant_;
  LastLines last_lines_;
  // Set before ended_: the exit code, or minus the signal that ended it.
  int exit_code_ = 0;
  std::atomic<bool> ended_ = false;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_SERVERS_SERVER_PROCESS_H_
