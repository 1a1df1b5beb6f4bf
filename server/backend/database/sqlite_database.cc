#include "server/backend/database/sqlite_database.h"

#include <stdlib.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "async/cancellation.h"
#include "server/backend/capacity.h"
#include "server/backend/database/sqlite_connection.h"

namespace meanwhile {
namespace {

constexpr std::uint32_t kMaxReaders = 1000;
constexpr char kName[] = "sqlite";

SqliteConnection::Statement StatementOf(const v1::QueryWait& query) {
  if (query.has_store()) return {.key = query.store().key(), .value = query.store().value()};
  return {.key = query.read()};
}

absl::StatusOr<std::string> MakePrivateDirectory() {
  std::error_code error;
  std::string directory = std::filesystem::temp_directory_path(error) / "meanwhile.XXXXXX";
  if (!error && mkdtemp(directory.data()) == nullptr) error = std::error_code(errno, std::generic_category());
  if (error) return absl::UnavailableError(absl::StrCat("a directory for temporary files: ", error.message()));
  return directory;
}

}  // namespace

class SqliteDatabase::Lane {
 public:
  Lane(const std::string& path, std::uint32_t connections, const Options& options)
      : connections_(connections), max_queued_(options.max_queued), places_(connections, options.max_queued) {
    for (std::uint32_t i = 0; i < connections; ++i) {
      unused_.push_back(std::make_unique<SqliteConnection>(path, options.busy_limit));
    }
  }

  Capacity& places() { return places_; }

  // Called by whoever holds a place.
  std::unique_ptr<SqliteConnection> Take() {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<SqliteConnection> connection = std::move(unused_.back());
    unused_.pop_back();
    return connection;
  }
  void GiveBack(std::unique_ptr<SqliteConnection> connection) {
    const std::lock_guard lock(mutex_);
    unused_.push_back(std::move(connection));
  }

  grpc::Status QueueFull() const {
    return grpc::Status(
        grpc::StatusCode::RESOURCE_EXHAUSTED,
        absl::StrCat(kName, ": all ", connections_, " connections for queries of this kind are busy and ", max_queued_,
                     " queries wait for one"));
  }

 private:
  const std::uint32_t connections_;
  const std::size_t max_queued_;
  Capacity places_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> unused_;
};

// A query's turn: it holds a place, which this gives back, and has a connection to itself.
class SqliteDatabase::Turn {
 public:
  explicit Turn(Lane* lane) : lane_(lane), connection_(lane->Take()) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    lane_->GiveBack(std::move(connection_));
    lane_->places().Release();
  }

  DiskPool::Work Work(const v1::QueryWait& query) {
    return [this, &query](const DiskPool::HasEnded& has_ended, std::string* value) {
      return connection_->Run(StatementOf(query), has_ended, value);
    };
  }

 private:
  Lane* const lane_;
  std::unique_ptr<SqliteConnection> connection_;
};

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const Options& options) {
  if (options.readers < 1 || options.readers > kMaxReaders) {
    return absl::InvalidArgumentError(absl::StrCat("readers=", options.readers, ": must be from 1 to ", kMaxReaders));
  }
  std::string path = options.path;
  std::string private_directory;
  if (path.empty()) {
    absl::StatusOr<std::string> made = MakePrivateDirectory();
    if (!made.ok()) return made.status();
    private_directory = *std::move(made);
    path = absl::StrCat(private_directory, "/items.db");
  }
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(options, path, std::move(private_directory)));
  if (const grpc::Status created = database->CreateFile(); !created.ok()) {
    return absl::Status(static_cast<absl::StatusCode>(created.error_code()),
                        absl::StrCat(path, ": ", created.error_message()));
  }
  return database;
}

SqliteDatabase::SqliteDatabase(const Options& options, const std::string& path, std::string private_directory)
    : private_directory_(std::move(private_directory)),
      reads_(std::make_unique<Lane>(path, options.readers, options)),
      stores_(std::make_unique<Lane>(path, 1, options)),
      // A query has its turn before it comes to the pool, so none finds all threads busy.
      pool_(kName, options.readers + 1, /*max_queued=*/0) {}

SqliteDatabase::~SqliteDatabase() {
  // Each closes its files.
  reads_.reset();
  stores_.reset();
  std::error_code ignored;
  if (!private_directory_.empty()) std::filesystem::remove_all(private_directory_, ignored);
}

grpc::Status SqliteDatabase::CreateFile() {
  std::unique_ptr<SqliteConnection> connection = stores_->Take();
  grpc::Status status = connection->Create();
  stores_->GiveBack(std::move(connection));
  return status;
}

SqliteDatabase::Lane& SqliteDatabase::LaneOf(const v1::QueryWait& query) const {
  return query.has_store() ? *stores_ : *reads_;
}

async::Task<Waited> SqliteDatabase::Wait(async::EventLoop& loop, const v1::QueryWait& query) {
  const async::TimePoint start = loop.Now();
  Lane& lane = LaneOf(query);
  const Capacity::Answer answer = co_await lane.places().Acquire(loop);
  if (answer == Capacity::Answer::kQueueFull) co_return Waited{.status = lane.QueueFull()};
  if (answer == Capacity::Answer::kGaveUp) {
    const async::CancellationToken token = co_await async::CurrentCancellation();
    co_return Waited{.status = token.status(), .elapsed = absl::FromChrono(loop.Now() - start)};
  }
  Turn turn(&lane);
  async::Task<Waited> run = pool_.Run(loop, turn.Work(query));
  Waited waited = co_await std::move(run);
  waited.elapsed = absl::FromChrono(loop.Now() - start);
  co_return waited;
}

Waited SqliteDatabase::WaitBlocking(const BlockingWaitLimit& limit, const v1::QueryWait& query) {
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [start] { return absl::FromChrono(std::chrono::steady_clock::now() - start); };
  Lane& lane = LaneOf(query);
  const Capacity::Answer answer =
      lane.places().AcquireBlocking([&] { return limit.HasEnded(); }, BlockingWaitLimit::kLookInterval);
  if (answer == Capacity::Answer::kQueueFull) return Waited{.status = lane.QueueFull()};
  if (answer == Capacity::Answer::kGaveUp) return Waited{.status = limit.StatusOfEnded(), .elapsed = elapsed()};
  Turn turn(&lane);
  Waited waited = DiskPool::RunBlocking(limit, turn.Work(query));
  waited.elapsed = elapsed();
  return waited;
}

}  // namespace meanwhile
