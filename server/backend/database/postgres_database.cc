#include "server/backend/database/postgres_database.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "async/cancellation.h"

namespace meanwhile {
namespace {

using Need = PostgresConnection::Need;

constexpr std::uint32_t kMaxConnections = 1000;

PostgresConnection::Statement StatementOf(const v1::QueryWait& query) {
  if (query.has_store()) return {.key = query.store().key(), .value = query.store().value()};
  return {.key = query.read()};
}

// Waits on the calling thread for what a connection needs. False when the limit ended that first.
bool WaitFor(Need need, int fd, const BlockingWaitLimit& limit) {
  pollfd watched{.fd = fd, .events = static_cast<short>(need == Need::kRead ? POLLIN : POLLOUT), .revents = 0};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit.deadline - std::chrono::system_clock::now());
    const auto interval = std::clamp(left, std::chrono::milliseconds(0), BlockingWaitLimit::kLookInterval);
    if (poll(&watched, 1, static_cast<int>(interval.count())) > 0) return true;
    if (limit.HasEnded()) return false;
  }
}

}  // namespace

// A connection in the hands of one query, which holds a place. Gives back both; a connection that was left in the
// middle is closed.
class PostgresDatabase::Lease {
 public:
  explicit Lease(PostgresDatabase* database) : database_(database) {
    const std::lock_guard lock(database_->mutex_);
    connection_ = std::move(database_->unused_.back());
    database_->unused_.pop_back();
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    const bool is_open = connection_->is_idle();
    if (!is_open) connection_->Drop();
    {
      const std::lock_guard lock(database_->mutex_);
      std::deque<std::unique_ptr<PostgresConnection>>& unused = database_->unused_;
      unused.insert(is_open ? unused.end() : unused.begin(), std::move(connection_));
    }
    database_->places_.Release();
  }

  PostgresConnection& connection() { return *connection_; }

 private:
  PostgresDatabase* database_;
  std::unique_ptr<PostgresConnection> connection_;
};

absl::StatusOr<std::unique_ptr<PostgresDatabase>> PostgresDatabase::Create(const std::string& url,
                                                                           const Options& options) {
  if (options.connections < 1 || options.connections > kMaxConnections) {
    return absl::InvalidArgumentError(
        absl::StrCat("connections=", options.connections, ": must be from 1 to ", kMaxConnections));
  }
  absl::StatusOr<std::unique_ptr<PostgresEndpoint>> endpoint = PostgresEndpoint::Parse(url);
  if (!endpoint.ok()) return endpoint.status();
  try {
    return std::unique_ptr<PostgresDatabase>(new PostgresDatabase(*std::move(endpoint), options));
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no descriptor or thread left to watch connections: ", error.what()));
  }
}

PostgresDatabase::PostgresDatabase(std::unique_ptr<PostgresEndpoint> endpoint, const Options& options)
    : options_(options), endpoint_(std::move(endpoint)), places_(options.connections, options.max_queued) {
  for (std::uint32_t i = 0; i < options.connections; ++i) {
    unused_.push_back(std::make_unique<PostgresConnection>(endpoint_.get()));
  }
}

grpc::Status PostgresDatabase::QueueFull() const {
  return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                      absl::StrCat("postgres ", endpoint_->name(), ": all ", options_.connections,
                                   " connections are busy and ", options_.max_queued, " queries wait for one"));
}

async::Task<Waited> PostgresDatabase::Wait(async::EventLoop& loop, const v1::QueryWait& query) {
  const async::TimePoint start = loop.Now();
  const Capacity::Answer answer = co_await places_.Acquire(loop);
  if (answer == Capacity::Answer::kQueueFull) co_return Waited{.status = QueueFull()};
  if (answer == Capacity::Answer::kGaveUp) {
    const async::CancellationToken token = co_await async::CurrentCancellation();
    co_return Waited{.status = token.status(), .elapsed = absl::FromChrono(loop.Now() - start)};
  }
  Lease lease(this);
  PostgresConnection& connection = lease.connection();
  connection.Begin(StatementOf(query));
  grpc::Status ready;
  for (Need need; ready.ok() && (need = connection.Advance()) != Need::kNothing;) {
    if (need == Need::kRead) {
      ready = co_await watcher_.Readable(loop, connection.fd());
    } else {
      ready = co_await watcher_.Writable(loop, connection.fd());
    }
  }
  co_return Waited{.status = ready.ok() ? connection.status() : ready,
                   .elapsed = absl::FromChrono(loop.Now() - start),
                   .value = connection.TakeValue()};
}

Waited PostgresDatabase::WaitBlocking(const BlockingWaitLimit& limit, const v1::QueryWait& query) {
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [start] { return absl::FromChrono(std::chrono::steady_clock::now() - start); };
  const Capacity::Answer answer =
      places_.AcquireBlocking([&] { return limit.HasEnded(); }, BlockingWaitLimit::kLookInterval);
  if (answer == Capacity::Answer::kQueueFull) return Waited{.status = QueueFull()};
  if (answer == Capacity::Answer::kGaveUp) return Waited{.status = limit.StatusOfEnded(), .elapsed = elapsed()};
  Lease lease(this);
  PostgresConnection& connection = lease.connection();
  connection.Begin(StatementOf(query));
  for (Need need; (need = connection.Advance()) != Need::kNothing;) {
    if (!WaitFor(need, connection.fd(), limit)) return Waited{.status = limit.StatusOfEnded(), .elapsed = elapsed()};
  }
  return Waited{.status = connection.status(), .elapsed = elapsed(), .value = connection.TakeValue()};
}

}  // namespace meanwhile
