#include "server/backend/database/sqlite_connection.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/backend/database/value_bound.h"

namespace meanwhile {
namespace {

// How many of SQLite's steps, about a millisecond or a few, between two looks.
constexpr int kStepsBetweenLooks = 100'000;
constexpr std::chrono::milliseconds kLongestPause{25};

// The journal mode is another than WAL; what SQLite says before the last row, and never of a failure.
constexpr int kNoWal = SQLITE_ROW;

constexpr char kFindTable[] = "SELECT 1 FROM sqlite_schema WHERE name = 'meanwhile_items'";
constexpr char kMakeTable[] = "CREATE TABLE meanwhile_items (key TEXT PRIMARY KEY, value BLOB NOT NULL)";
constexpr char kFillTable[] =
    "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99) "
    "INSERT INTO meanwhile_items SELECT 'item-' || n, CAST('value of item-' || n AS BLOB) FROM numbers";
constexpr char kRead[] = "SELECT value FROM meanwhile_items WHERE key = ?1";
constexpr char kStore[] = "INSERT OR REPLACE INTO meanwhile_items (key, value) VALUES (?1, ?2)";

absl::string_view View(std::string_view text) { return absl::string_view(text.data(), text.size()); }

int PrimaryCode(int code) { return code & 0xff; }

bool IsBusy(int code) { return PrimaryCode(code) == SQLITE_BUSY || PrimaryCode(code) == SQLITE_LOCKED; }

grpc::StatusCode StatusCodeOf(int code) {
  switch (PrimaryCode(code)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      return grpc::StatusCode::UNAVAILABLE;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return grpc::StatusCode::PERMISSION_DENIED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return grpc::StatusCode::DATA_LOSS;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case SQLITE_TOOBIG:
      return grpc::StatusCode::OUT_OF_RANGE;
    default:
      return grpc::StatusCode::INTERNAL;
  }
}

}  // namespace

// An absolute path, as `:memory:` and the like would be no file to SQLite.
SqliteConnection::SqliteConnection(std::string path, absl::Duration busy_limit)
    : path_(std::filesystem::absolute(std::move(path))), busy_limit_(absl::ToChronoNanoseconds(busy_limit)) {}

int SqliteConnection::OnBusy(void* self, int times) {
  auto* connection = static_cast<SqliteConnection*>(self);
  const auto waited = std::chrono::steady_clock::now() - connection->began_at_;
  if (connection->GivesUp() || waited >= connection->busy_limit_) return 0;
  std::this_thread::sleep_for(std::min(std::chrono::milliseconds(1 << std::min(times, 5)), kLongestPause));
  return 1;
}

int SqliteConnection::OnProgress(void* self) { return static_cast<SqliteConnection*>(self)->GivesUp() ? 1 : 0; }

bool SqliteConnection::GivesUp() {
  if (!gave_up_) gave_up_ = (*has_ended_)();
  return gave_up_;
}

void SqliteConnection::Close() {
  read_.reset();
  store_.reset();
  database_.reset();
}

bool SqliteConnection::FileHasMoved() {
  int moved = 0;
  return sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

grpc::Status SqliteConnection::StatusOf(int code) const {
  if (code == SQLITE_OK) return grpc::Status();
  // The file's name alone: where it is, is not the client's affair.
  std::string message = absl::StrCat("sqlite ", std::filesystem::path(path_).filename().native(), ": ");
  if (code == kNoWal) {
    return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                        absl::StrCat(message, "cannot be in WAL mode where it is"));
  }
  if (IsBusy(code)) {
    absl::StrAppend(&message, "locked by another process; waited for at most ",
                    absl::FormatDuration(absl::FromChrono(busy_limit_)));
  } else {
    absl::StrAppend(&message, database_ != nullptr ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code));
    const int system_error = database_ != nullptr ? sqlite3_system_errno(database_.get()) : 0;
    const bool has_reason = PrimaryCode(code) == SQLITE_CANTOPEN || PrimaryCode(code) == SQLITE_IOERR;
    if (has_reason && system_error != 0) {
      absl::StrAppend(&message, ": ", std::generic_category().message(system_error));
    }
  }
  return grpc::Status(StatusCodeOf(code), message);
}

int SqliteConnection::Execute(const char* sql) { return sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr); }

int SqliteConnection::Prepare(const char* sql, Prepared* prepared) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  prepared->reset(statement);
  return code;
}

int SqliteConnection::Open(int flags) {
  sqlite3* database = nullptr;
  int code = sqlite3_open_v2(path_.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | flags, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) return code;
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_handler(database, OnBusy, this);
  sqlite3_progress_handler(database, kStepsBetweenLooks, OnProgress, this);
  code = SetWalMode();
  if (code == SQLITE_OK) code = Execute("PRAGMA synchronous = FULL");
  if (code == SQLITE_OK && !HasTable(&code) && code == SQLITE_OK) code = MakeTable();
  if (code == SQLITE_OK) code = Prepare(kRead, &read_);
  if (code == SQLITE_OK) code = Prepare(kStore, &store_);
  return code;
}

// SQLite leaves the mode as it is, and says so, where the file system does not do for WAL.
int SqliteConnection::SetWalMode() {
  Prepared set;
  int code = Prepare("PRAGMA journal_mode = WAL", &set);
  if (code != SQLITE_OK) return code;
  bool is_wal = false;
  while ((code = sqlite3_step(set.get())) == SQLITE_ROW) {
    const auto* mode = reinterpret_cast<const char*>(sqlite3_column_text(set.get(), 0));
    is_wal = mode != nullptr && std::string_view(mode) == "wal";
  }
  if (code != SQLITE_DONE) return code;
  return is_wal ? SQLITE_OK : kNoWal;
}

bool SqliteConnection::HasTable(int* code) {
  Prepared find;
  *code = Prepare(kFindTable, &find);
  if (*code != SQLITE_OK) return false;
  const int answer = sqlite3_step(find.get());
  if (answer != SQLITE_ROW && answer != SQLITE_DONE) *code = answer;
  return answer == SQLITE_ROW;
}

int SqliteConnection::MakeTable() {
  int code = Execute("BEGIN IMMEDIATE");
  if (code != SQLITE_OK) return code;
  // Somebody may have made it before we had the lock.
  if (!HasTable(&code)) {
    if (code == SQLITE_OK) code = Execute(kMakeTable);
    if (code == SQLITE_OK) code = Execute(kFillTable);
  }
  if (code == SQLITE_OK) code = Execute("COMMIT");
  return code;  // After a failure the connection is closed, which rolls back.
}

int SqliteConnection::CarryOut(const Statement& statement, grpc::Status* answer, std::string* value) {
  sqlite3_stmt* prepared = statement.value ? store_.get() : read_.get();
  int code = sqlite3_bind_text64(prepared, 1, statement.key.data(), statement.key.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code == SQLITE_OK && statement.value) {
    code = sqlite3_bind_blob64(prepared, 2, statement.value->data(), statement.value->size(), SQLITE_STATIC);
  }
  if (code == SQLITE_OK) {
    code = sqlite3_step(prepared);
    if (code == SQLITE_ROW) {
      const void* found = sqlite3_column_blob(prepared, 0);  // Null for an empty value.
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared, 0));
      *answer = CheckFound(statement.key, size);
      if (answer->ok()) value->assign(found == nullptr ? "" : static_cast<const char*>(found), size);
      code = SQLITE_OK;
    } else if (code == SQLITE_DONE) {
      if (!statement.value) {
        *answer = grpc::Status(grpc::StatusCode::NOT_FOUND,
                               absl::StrCat("no value for key \"", absl::Utf8SafeCEscape(View(statement.key)), "\""));
      }
      code = SQLITE_OK;
    }
  }
  sqlite3_reset(prepared);
  sqlite3_clear_bindings(prepared);
  return code;
}

grpc::Status SqliteConnection::Create() {
  const HasEnded never = [] { return false; };
  has_ended_ = &never;
  began_at_ = std::chrono::steady_clock::now();
  const int code = Open(SQLITE_OPEN_CREATE);
  const grpc::Status status = StatusOf(code);
  if (code != SQLITE_OK) Close();
  return IsBusy(code) ? grpc::Status() : status;
}

std::optional<grpc::Status> SqliteConnection::Run(const Statement& statement, const HasEnded& has_ended,
                                                  std::string* value) {
  if (has_ended()) return std::nullopt;
  has_ended_ = &has_ended;
  gave_up_ = false;
  began_at_ = std::chrono::steady_clock::now();
  if (database_ != nullptr && FileHasMoved()) Close();
  bool may_be_stale = database_ != nullptr;
  while (true) {
    const bool is_open = database_ != nullptr;
    int code = is_open ? SQLITE_OK : Open(/*flags=*/0);
    const bool opened = code == SQLITE_OK;
    grpc::Status answer;
    if (opened) code = CarryOut(statement, &answer, value);
    if (code == SQLITE_OK) return answer;
    const grpc::Status status = StatusOf(code);
    if (!opened || !IsBusy(code)) Close();
    if (gave_up_) return std::nullopt;
    if (!may_be_stale || IsBusy(code)) return status;
    may_be_stale = false;
  }
}

}  // namespace meanwhile
