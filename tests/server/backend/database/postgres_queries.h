// PostgresDatabaseTest: what the tests of PostgresDatabase share: a real server, somebody who operates it, and queries
// by both entries, of coroutines and of threads that block.
//
// Thread: a test's.

#ifndef MEANWHILE_TESTS_SERVER_BACKEND_DATABASE_POSTGRES_QUERIES_H_
#define MEANWHILE_TESTS_SERVER_BACKEND_DATABASE_POSTGRES_QUERIES_H_

#include <gtest/gtest.h>
#include <postgresql/libpq-fe.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/mailbox.h"
#include "async/task.h"
#include "server/backend/database/postgres_database.h"
#include "tests/server/backend/database/postgres_server.h"
#include "tests/wait_until.h"

namespace meanwhile {

enum class Driver { kCoroutine, kBlocking };

inline v1::QueryWait Read(const std::string& key) {
  v1::QueryWait query;
  query.set_read(key);
  return query;
}

inline v1::QueryWait Store(const std::string& key, const std::string& value) {
  v1::QueryWait query;
  query.mutable_store()->set_key(key);
  query.mutable_store()->set_value(value);
  return query;
}

// A query on a thread of its own: a coroutine on the loop that the thread runs, or the thread itself.
class InFlight {
 public:
  InFlight(Driver driver, Database* database, v1::QueryWait query, absl::Duration time = kPatience)
      : driver_(driver), database_(database), query_(std::move(query)), time_(time) {
    if (driver == Driver::kCoroutine) {
      loop_.Spawn(Ask());
      loop_.Spawn(CancelInTime());
    }
    loop_.Stop();
    thread_ = std::thread([this] {
      if (driver_ == Driver::kBlocking) {
        const BlockingWaitLimit limit{.deadline = std::chrono::system_clock::now() + absl::ToChronoMilliseconds(time_),
                                      .cancelled = [this] { return cancelled_.load(); }};
        waited_ = database_->WaitBlocking(limit, query_);
      }
      loop_.Run();
      ended_ = true;
    });
  }
  ~InFlight() {
    if (thread_.joinable()) thread_.join();
  }

  bool ended() const { return ended_; }

  // While the query is certain not to end by itself.
  void Cancel() {
    cancelled_ = true;
    if (driver_ == Driver::kCoroutine) loop_.Post(&cancel_);
  }

  const Waited& Wait() {
    thread_.join();
    return waited_;
  }

 private:
  class CancelRequest final : public async::MailboxItem {
   public:
    explicit CancelRequest(async::CancellationSource* source) : source_(source) {}
    void OnDelivered() override { source_->Cancel(); }

   private:
    async::CancellationSource* source_;
  };

  async::Task<> Ask() {
    co_await async::AdoptCancellation(async::CancellationToken(&source_));
    waited_ = co_await database_->Wait(loop_, query_);
    asked_.Cancel();
  }

  async::Task<> CancelInTime() {
    co_await async::AdoptCancellation(async::CancellationToken(&asked_));
    const grpc::Status slept = co_await loop_.SleepFor(absl::ToChronoNanoseconds(time_));
    if (slept.ok()) source_.Cancel(grpc::StatusCode::DEADLINE_EXCEEDED);
  }

  const Driver driver_;
  Database* const database_;
  const v1::QueryWait query_;
  const absl::Duration time_;
  async::EventLoop loop_;
  async::CancellationSource source_;
  async::CancellationSource asked_;
  CancelRequest cancel_{&source_};
  std::atomic<bool> cancelled_ = false;
  std::atomic<bool> ended_ = false;
  Waited waited_;
  std::thread thread_;
};

// An operator at the server.
class Operator {
 public:
  explicit Operator(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    PQsetNoticeReceiver(
        connection_, [](void*, const PGresult*) {}, nullptr);
  }
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  ~Operator() { PQfinish(connection_); }

  // The first field of the answer.
  std::string Say(const std::string& statement) const {
    PGresult* result = PQexec(connection_, statement.c_str());
    std::string answer = PQresultErrorMessage(result);
    EXPECT_EQ(answer, "");
    if (PQntuples(result) > 0) answer = PQgetvalue(result, 0, 0);
    PQclear(result);
    return answer;
  }

  // How many connections the database under test has that meet the condition.
  int Connections(const std::string& condition = "true") const {
    int count = 0;
    EXPECT_TRUE(absl::SimpleAtoi(
        Say("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'meanwhile' AND " + condition), &count));
    return count;
  }
  int Blocked() const { return Connections("wait_event_type = 'Lock'"); }

 private:
  PGconn* connection_;
};

// Keeps all queries waiting. It has a connection of its own: within a transaction the server's statistics stand still.
class TableLock {
 public:
  explicit TableLock(const std::string& url) : operator_(url) {
    operator_.Say("BEGIN; LOCK TABLE meanwhile_items IN ACCESS EXCLUSIVE MODE");
  }

  void End() const { operator_.Say("COMMIT"); }

 private:
  Operator operator_;
};

class PostgresDatabaseTest : public testing::TestWithParam<Driver> {
 protected:
  static void SetUpTestSuite() {
    for (const char* name : {"PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSERVICE"}) {
      unsetenv(name);
    }
    server = new PostgresServer();
    ASSERT_EQ(server->Start(), "");
  }
  static void TearDownTestSuite() { delete server; }

  void SetUp() override { Operator(server->url()).Say("DROP TABLE IF EXISTS meanwhile_items"); }

  static std::unique_ptr<PostgresDatabase> CreateAt(const std::string& url,
                                                    const PostgresDatabase::Options& options = {}) {
    auto database = PostgresDatabase::Create(url, options);
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }
  static std::unique_ptr<PostgresDatabase> Create(const PostgresDatabase::Options& options = {}) {
    return CreateAt(server->url(), options);
  }

  static Waited Ask(Database* database, const v1::QueryWait& query, absl::Duration time = kPatience) {
    return InFlight(GetParam(), database, query, time).Wait();
  }

  // Asks until the answer is good.
  static bool Recovers(Database* database) {
    return WaitUntil([&] { return Ask(database, Read("item-1")).ok(); });
  }

  // A user without rights.
  static void MakeGuest(const std::string& options) {
    const Operator op(server->url());
    op.Say("DROP ROLE IF EXISTS guest");
    op.Say(absl::StrCat("CREATE ROLE guest LOGIN PASSWORD '", PostgresServer::kPassword, "' ", options));
  }
  static std::string guest_url() {
    return absl::StrCat("postgresql://guest:", PostgresServer::kPassword, "@127.0.0.1:", server->port(), "/postgres");
  }

  static inline PostgresServer* server = nullptr;
};

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_SERVER_BACKEND_DATABASE_POSTGRES_QUERIES_H_
