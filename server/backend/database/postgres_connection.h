// PostgresConnection: one connection to a PostgreSQL server and what is said over it, as a state machine that never
// blocks. It knows nothing of loops and threads: whoever drives it waits for what it needs, in their own way.
//
//   connection.Begin({.key = "item-7"});
//   while ((need = connection.Advance()) != PostgresConnection::Need::kNothing) {
//     ...  // Wait until connection.fd() can be read or written.
//   }
//   connection.status(), connection.TakeValue();
//
// Begin connects by itself when there is no connection: it looks up the host's name, connects, makes the table
//
//   meanwhile_items (key text PRIMARY KEY, value bytea NOT NULL)
//
// with item-0 to item-99 if there is none, and prepares its statements. The connection then stays for later statements.
// Values travel as bytes, never as text in the statement.
//
// Failures: when a connection that served before turns out to be lost (the server was restarted), or its table is gone,
// it is replaced and the statement sent again, once. That is safe as each kind of statement may be carried out twice.
// The status otherwise: UNAVAILABLE when the server cannot be reached or goes away; NOT_FOUND for a key that is not
// there; INVALID_ARGUMENT for a key that the database cannot hold (one with a zero byte); else what fits the server's
// complaint, in its words.
//
// Whoever gives up in the middle calls Drop; a value may be stored all the same. The server is not asked to cancel the
// statement: libpq's way to do that blocks. It is told to look every 250 ms whether its client is still there, and ends
// the statement itself. Servers before version 14 cannot, and carry it out to the end.
//
// Thread: one at a time. Ownership: the pool of connections in PostgresDatabase; the endpoint outlives it.

#ifndef MEANWHILE_SERVER_BACKEND_DATABASE_POSTGRES_CONNECTION_H_
#define MEANWHILE_SERVER_BACKEND_DATABASE_POSTGRES_CONNECTION_H_

#include <grpcpp/support/status.h>
#include <postgresql/libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/backend/database/host_lookup.h"
#include "server/backend/database/postgres_endpoint.h"

namespace meanwhile {

class PostgresConnection {
 public:
  enum class Need { kNothing, kRead, kWrite };

  struct Statement {
    std::string_view key;
    // What to store; empty to read.
    std::optional<std::string_view> value = std::nullopt;
  };

  explicit PostgresConnection(PostgresEndpoint* endpoint) : endpoint_(endpoint) {}
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;
  ~PostgresConnection() { Drop(); }

  // What the statement refers to lives until Advance says kNothing, or Drop is called.
  void Begin(const Statement& statement);

  // Goes on as far as it can without waiting.
  Need Advance();

  // What to wait for; may be another one after each Advance. To be waited for no longer when Drop is called.
  int fd() const;

  // Of the statement, when nothing is needed any more.
  const grpc::Status& status() const { return status_; }
  std::string TakeValue() { return std::move(value_); }

  // Closes the connection, whatever it is doing. The next Begin connects again.
  void Drop();

  // Whether it is connected and has nothing to do.
  bool is_idle() const { return phase_ == Phase::kIdle; }

 private:
  enum class Phase {
    kClosed,
    kLookingUp,
    kConnecting,
    kReady,       // The statement can be sent.
    kExchanging,  // A request was sent, or is being sent, and its answer is awaited.
    kIdle,
  };
  // In this order; the first three once for each connection.
  enum class Request { kMakeTable, kPrepareRead, kPrepareStore, kStatement };

  class ConnectionDeleter {
   public:
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  class ResultDeleter {
   public:
    void operator()(PGresult* result) const { PQclear(result); }
  };

  // Each takes a step, and gives what must be waited for before the next; empty to go on at once.
  std::optional<Need> Open();
  std::optional<Need> LookUp();
  std::optional<Need> OnLookedUp();
  std::optional<Need> Connect(const std::string& hosts, const std::string& addresses);
  std::optional<Need> PollConnect();
  std::optional<Need> Send(Request request);
  std::optional<Need> Exchange();
  std::optional<Need> OnAnswered();

  std::optional<Need> OnError(const PGresult* answer);
  std::optional<Need> OnLost();
  std::optional<Need> OpenAgain();

  // Closes the connection and ends the statement with a failure.
  Need Fail(grpc::StatusCode code, std::string_view message);
  std::string Message(std::string_view message) const;
  void CloseLookup();

  PostgresEndpoint* const endpoint_;
  Phase phase_ = Phase::kClosed;
  std::shared_ptr<HostLookup> lookup_;
  int lookup_fd_ = -1;
  std::unique_ptr<PGconn, ConnectionDeleter> connection_;
  Request request_ = Request::kMakeTable;
  std::unique_ptr<PGresult, ResultDeleter> answer_;

  Statement statement_;
  // The statement goes over a connection that was there before: it, the table or what was prepared may be gone.
  bool may_be_stale_ = false;
  grpc::Status status_;
  std::string value_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_DATABASE_POSTGRES_CONNECTION_H_
