#include "server/backend/database/postgres_connection.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "server/backend/database/value_bound.h"

namespace meanwhile {
namespace {

constexpr const char* kRead = "meanwhile_read";
constexpr const char* kStore = "meanwhile_store";

// Looks first, so that a user who may not create tables, or a standby server, is enough when the table is there. Two
// servers that find it missing take turns.
constexpr const char* kMakeTableText = R"sql(
DO $$ BEGIN
  -- Servers before version 14 have no such setting.
  PERFORM set_config(name, '250ms', false) FROM pg_settings WHERE name = 'client_connection_check_interval';
  IF to_regclass('meanwhile_items') IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('meanwhile_items'));
    CREATE TABLE IF NOT EXISTS meanwhile_items (key text PRIMARY KEY, value bytea NOT NULL);
    INSERT INTO meanwhile_items
      SELECT 'item-' || n, convert_to('value of item-' || n, 'UTF8') FROM generate_series(0, 99) AS n
      ON CONFLICT DO NOTHING;
  END IF;
END $$)sql";
constexpr const char* kReadText = "SELECT value FROM meanwhile_items WHERE key = $1";
constexpr const char* kStoreText =
    "INSERT INTO meanwhile_items (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

constexpr Oid kTextOid = 25;
constexpr Oid kByteaOid = 17;
constexpr int kBinary = 1;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// What a client can do about the error that the server has reported under `sqlstate`:
// https://www.postgresql.org/docs/15/errcodes-appendix.html
grpc::StatusCode CodeOf(std::string_view sqlstate) {
  const std::string_view group = sqlstate.substr(0, 2);
  if (group == "22") return grpc::StatusCode::INVALID_ARGUMENT;     // Data exception.
  if (group == "40") return grpc::StatusCode::ABORTED;              // Deadlock.
  if (group == "25") return grpc::StatusCode::FAILED_PRECONDITION;  // Read-only.
  if (group == "42") return grpc::StatusCode::FAILED_PRECONDITION;  // No such table, no right to use it.
  // Connection, resources, an operator's or the server's own intervention.
  for (const std::string_view one : {"08", "53", "55", "57", "58"}) {
    if (group == one) return grpc::StatusCode::UNAVAILABLE;
  }
  return grpc::StatusCode::INTERNAL;
}

// The table is gone, or the prepared statements are: the connection is no good any more, though it is open.
bool IsStale(std::string_view sqlstate) { return sqlstate == "42P01" || sqlstate == "26000"; }

// The first line, without what libpq puts before it to say which server it speaks of.
std::string_view Gist(std::string_view message) {
  message = message.substr(0, message.find('\n'));
  constexpr std::string_view kFailed = " failed: ";
  if (const std::size_t at = message.find(kFailed);
      message.starts_with("connection to server") && at != std::string_view::npos) {
    message.remove_prefix(at + kFailed.size());
  }
  return message;
}

}  // namespace

void PostgresConnection::Begin(const Statement& statement) {
  statement_ = statement;
  status_ = grpc::Status();
  value_.clear();
  may_be_stale_ = is_idle();
  if (may_be_stale_) {
    phase_ = Phase::kReady;
  } else {
    Drop();
  }
}

PostgresConnection::Need PostgresConnection::Advance() {
  while (true) {
    std::optional<Need> need;
    switch (phase_) {
      case Phase::kClosed:
        need = Open();
        break;
      case Phase::kLookingUp:
        need = OnLookedUp();
        break;
      case Phase::kConnecting:
        need = PollConnect();
        break;
      case Phase::kReady:
        need = Send(Request::kStatement);
        break;
      case Phase::kExchanging:
        need = Exchange();
        break;
      case Phase::kIdle:
        need = Need::kNothing;
        break;
    }
    if (need) return *need;
  }
}

std::optional<PostgresConnection::Need> PostgresConnection::Open() {
  // A failure that is told again is none to count again.
  status_ = endpoint_->MayConnect(std::chrono::steady_clock::now());
  if (!status_.ok()) return Need::kNothing;
  if (endpoint_->needs_lookup()) return LookUp();
  return Connect(endpoint_->host(), /*addresses=*/"");
}

std::optional<PostgresConnection::Need> PostgresConnection::LookUp() {
  lookup_ = endpoint_->LookUp();
  if (lookup_ != nullptr) lookup_fd_ = lookup_->NewDescriptor();
  if (lookup_fd_ < 0) return Fail(grpc::StatusCode::UNAVAILABLE, "no descriptor or thread left to look up the host");
  phase_ = Phase::kLookingUp;
  return Need::kRead;
}

std::optional<PostgresConnection::Need> PostgresConnection::OnLookedUp() {
  const HostLookup::Addresses addresses = lookup_->addresses();
  CloseLookup();
  if (!addresses.ok()) {
    const absl::string_view message = addresses.status().message();
    return Fail(grpc::StatusCode::UNAVAILABLE, {message.data(), message.size()});
  }
  // libpq tries one address after the other. It wants the host's name with each: for certificates and password files.
  return Connect(absl::StrJoin(std::vector<std::string>(addresses->size(), endpoint_->host()), ","),
                 absl::StrJoin(*addresses, ","));
}

std::optional<PostgresConnection::Need> PostgresConnection::Connect(const std::string& hosts,
                                                                    const std::string& addresses) {
  // What stands before the URL (which goes by the keyword `dbname`) gives way to it, what stands after it does not; an
  // empty value says nothing. Kerberos, if nobody asks for it, is left out: libpq would talk to its server and block.
  const std::array<const char*, 7> keywords = {
      "gssencmode", "fallback_application_name", "dbname", "client_encoding", "host", "hostaddr", nullptr};
  const std::array<const char*, 7> values = {
      "disable", "meanwhile", endpoint_->url().c_str(), "UTF8", hosts.c_str(), addresses.c_str(), nullptr};
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), /*expand_dbname=*/1));
  if (connection_ == nullptr) return Fail(grpc::StatusCode::UNAVAILABLE, "out of memory");
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return OnLost();
  // Else libpq prints the server's notices.
  PQsetNoticeReceiver(
      connection_.get(), [](void*, const PGresult*) {}, nullptr);
  phase_ = Phase::kConnecting;
  return Need::kWrite;  // So the documentation of PQconnectPoll wants it.
}

std::optional<PostgresConnection::Need> PostgresConnection::PollConnect() {
  switch (PQconnectPoll(connection_.get())) {
    case PGRES_POLLING_READING:
      return Need::kRead;
    case PGRES_POLLING_WRITING:
      return Need::kWrite;
    case PGRES_POLLING_OK:
      if (PQsetnonblocking(connection_.get(), 1) != 0) return OnLost();
      return Send(Request::kMakeTable);
    default:
      return OnLost();
  }
}

std::optional<PostgresConnection::Need> PostgresConnection::Send(Request request) {
  PGconn* connection = connection_.get();
  const std::string_view value = statement_.value.value_or("");
  // A null pointer would be NULL.
  const std::array<const char*, 2> values = {statement_.key.empty() ? "" : statement_.key.data(),
                                             value.empty() ? "" : value.data()};
  const std::array<int, 2> lengths = {static_cast<int>(statement_.key.size()), static_cast<int>(value.size())};
  static constexpr std::array<int, 2> kFormats = {kBinary, kBinary};
  static constexpr std::array<Oid, 2> kTypes = {kTextOid, kByteaOid};
  int sent = 0;
  switch (request) {
    case Request::kMakeTable:
      sent = PQsendQuery(connection, kMakeTableText);
      break;
    case Request::kPrepareRead:
      sent = PQsendPrepare(connection, kRead, kReadText, 1, kTypes.data());
      break;
    case Request::kPrepareStore:
      sent = PQsendPrepare(connection, kStore, kStoreText, 2, kTypes.data());
      break;
    case Request::kStatement:
      sent = PQsendQueryPrepared(connection, statement_.value ? kStore : kRead, statement_.value ? 2 : 1, values.data(),
                                 lengths.data(), kFormats.data(), kBinary);
      break;
  }
  if (sent == 0) return OnLost();
  request_ = request;
  phase_ = Phase::kExchanging;
  return std::nullopt;
}

std::optional<PostgresConnection::Need> PostgresConnection::Exchange() {
  PGconn* connection = connection_.get();
  // While the server does not take all of a request, libpq itself reads what comes; so waiting to write is enough.
  switch (PQflush(connection)) {
    case 0:
      break;
    case 1:
      return Need::kWrite;
    default:
      return OnLost();
  }
  if (PQconsumeInput(connection) == 0) return OnLost();
  while (PQisBusy(connection) == 0) {
    std::unique_ptr<PGresult, ResultDeleter> result(PQgetResult(connection));
    if (result == nullptr) return OnAnswered();
    // The first error says why; one that follows, that the server has hung up.
    const ExecStatusType status = PQresultStatus(answer_.get());
    if (answer_ == nullptr || status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) answer_ = std::move(result);
  }
  return Need::kRead;
}

std::optional<PostgresConnection::Need> PostgresConnection::OnAnswered() {
  const std::unique_ptr<PGresult, ResultDeleter> answer = std::move(answer_);
  const ExecStatusType status = PQresultStatus(answer.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return OnError(answer.get());
  switch (request_) {
    case Request::kMakeTable:
      return Send(Request::kPrepareRead);
    case Request::kPrepareRead:
      return Send(Request::kPrepareStore);
    case Request::kPrepareStore:
      endpoint_->OnConnected();
      return Send(Request::kStatement);
    case Request::kStatement:
      break;
  }
  if (statement_.value) {
    // Stored.
  } else if (PQntuples(answer.get()) == 0) {
    status_ = grpc::Status(grpc::StatusCode::NOT_FOUND,
                           absl::StrCat("no value for key \"", absl::Utf8SafeCEscape(View(statement_.key)), "\""));
  } else {
    const auto size = static_cast<std::size_t>(PQgetlength(answer.get(), 0, 0));
    status_ = CheckFound(statement_.key, size);
    if (status_.ok()) value_.assign(PQgetvalue(answer.get(), 0, 0), size);
  }
  phase_ = Phase::kIdle;
  return Need::kNothing;
}

std::optional<PostgresConnection::Need> PostgresConnection::OnError(const PGresult* answer) {
  const auto field = [answer](int code) {
    const char* text = PQresultErrorField(answer, code);
    return std::string_view(text != nullptr ? text : "");
  };
  const std::string_view sqlstate = field(PG_DIAG_SQLSTATE);
  const bool lost = PQstatus(connection_.get()) == CONNECTION_BAD;
  if (may_be_stale_ && (lost || IsStale(sqlstate))) return OpenAgain();
  if (lost && sqlstate.empty()) return OnLost();
  const grpc::StatusCode code = CodeOf(sqlstate);
  std::string_view message = field(PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = Gist(PQresultErrorMessage(answer));
  if (code != grpc::StatusCode::INVALID_ARGUMENT || request_ != Request::kStatement) return Fail(code, message);
  // The connection is as good as before.
  status_ = grpc::Status(code, Message(message));
  phase_ = Phase::kIdle;
  return Need::kNothing;
}

std::optional<PostgresConnection::Need> PostgresConnection::OnLost() {
  if (may_be_stale_) return OpenAgain();
  return Fail(grpc::StatusCode::UNAVAILABLE, Gist(PQerrorMessage(connection_.get())));
}

std::optional<PostgresConnection::Need> PostgresConnection::OpenAgain() {
  may_be_stale_ = false;
  Drop();
  return std::nullopt;
}

PostgresConnection::Need PostgresConnection::Fail(grpc::StatusCode code, std::string_view message) {
  status_ = grpc::Status(code, Message(message));
  const bool was_open = phase_ == Phase::kExchanging && request_ == Request::kStatement;
  if (!was_open) endpoint_->OnFailed(std::chrono::steady_clock::now(), status_);
  Drop();  // Not before: the message may be the connection's.
  return Need::kNothing;
}

std::string PostgresConnection::Message(std::string_view message) const {
  return absl::StrCat("postgres ", endpoint_->name(), ": ", View(message));
}

int PostgresConnection::fd() const { return phase_ == Phase::kLookingUp ? lookup_fd_ : PQsocket(connection_.get()); }

void PostgresConnection::Drop() {
  CloseLookup();
  answer_.reset();
  connection_.reset();
  phase_ = Phase::kClosed;
}

void PostgresConnection::CloseLookup() {
  lookup_.reset();
  if (lookup_fd_ >= 0) close(std::exchange(lookup_fd_, -1));
}

}  // namespace meanwhile
