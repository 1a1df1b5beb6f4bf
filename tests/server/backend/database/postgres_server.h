// PostgresServer: a real PostgreSQL server for a test, from Debian's package, in a directory of its own, on a port of
// 127.0.0.1 and a socket in the directory. It has a database `postgres` and a user `meanwhile` with a password.
//
//   PostgresServer server;
//   ASSERT_EQ(server.Start(), "");
//   ... server.url() ...
//
// PostgreSQL refuses to run as root. For root it runs in a user namespace that calls root by another number, which also
// works in Bazel's sandbox and leaves the files root's own; or, where there are no user namespaces, as nobody.
//
// Whatever becomes of the test, the server ends (see tests/process.h), and its children with it.
//
// Thread: the one that made it.

#ifndef MEANWHILE_TESTS_SERVER_BACKEND_DATABASE_POSTGRES_SERVER_H_
#define MEANWHILE_TESTS_SERVER_BACKEND_DATABASE_POSTGRES_SERVER_H_

#include <signal.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/process.h"

namespace meanwhile {

class PostgresServer {
 public:
  // No message may contain it.
  static constexpr const char* kPassword = "s3cret-Passw0rd";

  // Makes the directory.
  PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  // Returns when the server serves. The text is empty then, else what went wrong. After Stop it serves again, on the
  // same port and with the same data.
  std::string Start();

  // Ends the server as an operator does who is in a hurry: connections are cut.
  void Stop();

  // Keeps the server from answering, and lets it go on. Connections that it has accepted are other processes' affair.
  void Pause() const { process_->Signal(SIGSTOP); }
  void Continue() const { process_->Signal(SIGCONT); }

  // With the password, over TCP, to `host`.
  std::string url(const std::string& host = "127.0.0.1") const;
  int port() const { return port_; }
  const std::string& directory() const { return directory_; }

 private:
  // The command, as a user that is not root.
  std::vector<std::string> AsUser(const std::vector<std::string>& command) const;
  std::string Initialize();

  std::vector<std::string> become_user_;
  std::string directory_;
  std::string binaries_;
  int port_ = 0;
  std::optional<Process> process_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_BACKEND_DATABASE_POSTGRES_SERVER_H_
