#include "server/backend/database/postgres_database.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/mailbox.h"
#include "async/task.h"
#include "tests/server/backend/database/postgres_server.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using Options = PostgresDatabase::Options;

enum class Driver { kCoroutine, kBlocking };

v1::QueryWait Read(const std::string& key) {
  v1::QueryWait query;
  query.set_read(key);
  return query;
}

v1::QueryWait Store(const std::string& key, const std::string& value) {
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

  static std::unique_ptr<PostgresDatabase> CreateAt(const std::string& url, const Options& options = {}) {
    auto database = PostgresDatabase::Create(url, options);
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }
  static std::unique_ptr<PostgresDatabase> Create(const Options& options = {}) {
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

  static PostgresServer* server;
};

PostgresServer* PostgresDatabaseTest::server = nullptr;

TEST_P(PostgresDatabaseTest, MakesAndFillsTheTableOnFirstUse) {
  const auto database = Create();
  const Waited first = Ask(database.get(), Read("item-0"));
  EXPECT_TRUE(first.ok()) << first.status.error_message();
  EXPECT_EQ(first.value, "value of item-0");
  EXPECT_GT(first.elapsed, absl::ZeroDuration());
  EXPECT_EQ(Ask(database.get(), Read("item-99")).value, "value of item-99");
  EXPECT_EQ(Operator(server->url()).Say("SELECT count(*) FROM meanwhile_items"), "100");
}

TEST_P(PostgresDatabaseTest, ManyMayBeTheFirst) {
  constexpr int kDatabases = 8;
  std::vector<std::unique_ptr<PostgresDatabase>> databases;
  std::vector<std::unique_ptr<InFlight>> queries;
  for (int i = 0; i < kDatabases; ++i) databases.push_back(Create());
  for (const auto& database : databases) {
    queries.push_back(std::make_unique<InFlight>(GetParam(), database.get(), Read("item-1")));
  }
  for (const auto& query : queries) {
    const Waited& waited = query->Wait();
    EXPECT_TRUE(waited.ok()) << waited.status.error_message();
    EXPECT_EQ(waited.value, "value of item-1");
  }
}

TEST_P(PostgresDatabaseTest, LeavesATableThatIsThereAsItIs) {
  EXPECT_TRUE(Ask(Create().get(), Store("item-1", "mine")).ok());
  EXPECT_EQ(Ask(Create().get(), Read("item-1")).value, "mine");
}

TEST_P(PostgresDatabaseTest, AKeyThatIsNotThereIsNotFound) {
  const auto database = Create();
  const Waited waited = Ask(database.get(), Read("it'em-\n100"));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(waited.status.error_message(), "no value for key \"it\\'em-\\n100\"");
  EXPECT_EQ(waited.value, "");
}

TEST_P(PostgresDatabaseTest, StoresAnyBytesAndReplacesThem) {
  const auto database = Create();
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  std::string longest;
  while (longest.size() < (1 << 20)) longest += every_byte;
  for (const std::string& value : {every_byte, longest, std::string()}) {
    const Waited stored = Ask(database.get(), Store("'; DROP TABLE meanwhile_items; --", value));
    ASSERT_TRUE(stored.ok()) << stored.status.error_message();
    EXPECT_EQ(stored.value, "");
    const Waited read = Ask(database.get(), Read("'; DROP TABLE meanwhile_items; --"));
    ASSERT_TRUE(read.ok()) << read.status.error_message();
    EXPECT_TRUE(read.value == value) << read.value.size();
  }
}

TEST_P(PostgresDatabaseTest, AKeyThatTheDatabaseCannotHoldIsInvalidAndCostsNoConnection) {
  const auto database = Create({.connections = 1});
  const Operator op(server->url());
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  const std::string process = "SELECT pid FROM pg_stat_activity WHERE application_name = 'meanwhile'";
  const std::string before = op.Say(process);
  const Waited waited = Ask(database.get(), Read(std::string("a\0b", 3)));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Ask(database.get(), Read("item-1")).ok());
  EXPECT_EQ(op.Say(process), before);
}

TEST_P(PostgresDatabaseTest, ManyQueriesShareAFewConnections) {
  constexpr int kQueries = 200;
  const auto database = Create({.connections = 4});
  const Operator op(server->url());
  // All of them are there at once: none ends before the lock does.
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  const TableLock lock(server->url());
  std::vector<std::unique_ptr<InFlight>> queries;
  for (int i = 0; i < kQueries; ++i) {
    queries.push_back(std::make_unique<InFlight>(GetParam(), database.get(), Read(absl::StrCat("item-", i % 100))));
  }
  EXPECT_TRUE(WaitUntil([&] { return op.Blocked() == 4; }));
  EXPECT_EQ(op.Connections(), 4);
  lock.End();
  for (int i = 0; i < kQueries; ++i) {
    const Waited& waited = queries[static_cast<std::size_t>(i)]->Wait();
    EXPECT_TRUE(waited.ok()) << waited.status.error_message();
    EXPECT_EQ(waited.value, absl::StrCat("value of item-", i % 100));
  }
  EXPECT_EQ(op.Connections(), 4);
}

TEST_P(PostgresDatabaseTest, AQueryTooManyIsRefused) {
  const auto database = Create({.connections = 1, .max_queued = 1});
  const Operator op(server->url());
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  const TableLock lock(server->url());
  InFlight running(GetParam(), database.get(), Read("item-1"));
  EXPECT_TRUE(WaitUntil([&] { return op.Blocked() == 1; }));
  // One of these two queues, the other is refused.
  InFlight one(GetParam(), database.get(), Read("item-2"));
  InFlight other(GetParam(), database.get(), Read("item-2"));
  EXPECT_TRUE(WaitUntil([&] { return one.ended() || other.ended(); }));
  EXPECT_FALSE(running.ended());
  lock.End();
  std::vector<grpc::Status> statuses = {one.Wait().status, other.Wait().status};
  if (statuses[0].ok()) std::swap(statuses[0], statuses[1]);
  EXPECT_EQ(statuses[0].error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(statuses[0].error_message(), absl::StrCat("postgres 127.0.0.1:", server->port(),
                                                      ": all 1 connections are busy and 1 queries wait for one"));
  EXPECT_TRUE(statuses[1].ok()) << statuses[1].error_message();
  EXPECT_TRUE(running.Wait().ok());
}

TEST_P(PostgresDatabaseTest, ASlowQueryEndsAtItsDeadlineAndTheServerStopsIt) {
  const auto database = Create({.connections = 1});
  const Operator op(server->url());
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  const TableLock lock(server->url());
  const Waited waited = Ask(database.get(), Store("item-1", "too late"), absl::Milliseconds(50));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_GE(waited.elapsed, absl::Milliseconds(50));
  // The lock is still held, but the server has seen that nobody waits for it any more.
  EXPECT_TRUE(WaitUntil([&] { return op.Connections() == 0; }));
  lock.End();
  EXPECT_EQ(Ask(database.get(), Read("item-1")).value, "value of item-1");
}

TEST_P(PostgresDatabaseTest, ACancelledQueryEndsWhereverItIs) {
  const auto database = Create({.connections = 1});
  const Operator op(server->url());
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  const TableLock lock(server->url());
  InFlight running(GetParam(), database.get(), Read("item-1"));
  EXPECT_TRUE(WaitUntil([&] { return op.Blocked() == 1; }));
  InFlight queued(GetParam(), database.get(), Read("item-2"));
  queued.Cancel();
  EXPECT_EQ(queued.Wait().status.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_FALSE(running.ended());
  running.Cancel();
  EXPECT_EQ(running.Wait().status.error_code(), grpc::StatusCode::CANCELLED);
  lock.End();
  EXPECT_TRUE(Ask(database.get(), Read("item-1")).ok());
}

TEST_P(PostgresDatabaseTest, AServerThatDoesNotAnswerCostsTheQueryItsDeadlineAndNoMore) {
  const auto database = Create();
  server->Pause();
  const Waited waited = Ask(database.get(), Read("item-1"), absl::Milliseconds(50));
  server->Continue();
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  const Waited next = Ask(database.get(), Read("item-1"));
  EXPECT_TRUE(next.ok()) << next.status.error_message();
}

TEST_P(PostgresDatabaseTest, AServerThatGoesAwayIsUnavailableUntilItIsBack) {
  const auto database = Create();
  {
    ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
    const Operator op(server->url());
    const TableLock lock(server->url());
    InFlight running(GetParam(), database.get(), Read("item-1"));
    EXPECT_TRUE(WaitUntil([&] { return op.Blocked() == 1; }));
    server->Stop();
    const Waited& cut = running.Wait();
    EXPECT_EQ(cut.status.error_code(), grpc::StatusCode::UNAVAILABLE) << cut.status.error_message();
  }
  // Its first failure may be told a few times before it is tried again.
  EXPECT_TRUE(WaitUntil([&] {
    const Waited refused = Ask(database.get(), Read("item-1"));
    EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    return refused.status.error_message() ==
           absl::StrCat("postgres 127.0.0.1:", server->port(), ": Connection refused");
  }));
  ASSERT_EQ(server->Start(), "");
  EXPECT_TRUE(Recovers(database.get()));
}

TEST_P(PostgresDatabaseTest, AConnectionThatWasLostWhileItWasIdleCostsNoQuery) {
  const auto database = Create();
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  server->Stop();
  ASSERT_EQ(server->Start(), "");
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_TRUE(waited.ok()) << waited.status.error_message();
}

TEST_P(PostgresDatabaseTest, ATableThatWasDroppedIsMadeAgain) {
  const auto database = Create();
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  Operator(server->url()).Say("DROP TABLE meanwhile_items");
  EXPECT_EQ(Ask(database.get(), Read("item-1")).value, "value of item-1");
}

TEST_P(PostgresDatabaseTest, AUserWithoutTheRightToTheTableIsToldSo) {
  MakeGuest("");
  const auto database = CreateAt(guest_url());
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(waited.status.error_message(),
            absl::StrCat("postgres 127.0.0.1:", server->port(), ": permission denied for schema public"));
}

TEST_P(PostgresDatabaseTest, WhileTheServerTakesNoMoreConnectionsThoseThatAreThereGoOn) {
  ASSERT_TRUE(Ask(Create().get(), Read("item-1")).ok());
  MakeGuest("CONNECTION LIMIT 2");
  const Operator op(server->url());
  op.Say("GRANT SELECT ON meanwhile_items TO guest");
  const auto database = CreateAt(guest_url());
  {
    const TableLock lock(server->url());
    InFlight one(GetParam(), database.get(), Read("item-1"));
    InFlight other(GetParam(), database.get(), Read("item-1"));
    EXPECT_TRUE(WaitUntil([&] { return op.Blocked() == 2; }));
    lock.End();
    EXPECT_TRUE(one.Wait().ok());
    EXPECT_TRUE(other.Wait().ok());
  }
  // The next query takes the connection that was used last.
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  op.Say("ALTER ROLE guest CONNECTION LIMIT 1");
  op.Say(
      "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE usename = 'guest'"
      " ORDER BY state_change DESC LIMIT 1");
  const Waited refused = Ask(database.get(), Read("item-1"));
  EXPECT_EQ(refused.status.error_message(),
            absl::StrCat("postgres 127.0.0.1:", server->port(), ": FATAL:  too many connections for role \"guest\""));
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  const Waited next = Ask(database.get(), Read("item-1"));
  EXPECT_TRUE(next.ok()) << next.status.error_message();
}

TEST_P(PostgresDatabaseTest, AWrongPasswordIsUnavailableAndNotTold) {
  const auto database = CreateAt(absl::StrCat("postgresql://meanwhile:wrong-Passw0rd@127.0.0.1:", server->port()));
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(waited.status.error_message(),
            absl::StrCat("postgres 127.0.0.1:", server->port(),
                         ": FATAL:  password authentication failed for user \"meanwhile\""));
}

TEST_P(PostgresDatabaseTest, LooksUpAHostsName) {
  const auto database = CreateAt(server->url("localhost"));
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_TRUE(waited.ok()) << waited.status.error_message();
}

TEST_P(PostgresDatabaseTest, AHostThatHasNoAddressIsUnavailable) {
  const auto database = CreateAt("postgresql://no..such..host/postgres");
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(waited.status.error_message(), "postgres no..such..host:5432: Name or service not known");
}

TEST_P(PostgresDatabaseTest, GoesThroughASocketFile) {
  // The data directory by a name that is short enough for a socket's address.
  const int directory = open((server->directory() + "/data").c_str(), O_PATH | O_CLOEXEC);
  const auto database =
      CreateAt(absl::StrCat("host=/proc/self/fd/", directory, " port=", server->port(),
                            " dbname=postgres user=meanwhile", " password=", PostgresServer::kPassword));
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_TRUE(waited.ok()) << waited.status.error_message();
  close(directory);
}

// A server that takes connections and hangs up at once.
TEST_P(PostgresDatabaseTest, AServerThatIsDownIsNotTriedByEveryQuery) {
  constexpr int kQueries = 100;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 100), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::atomic<int> connections = 0;
  std::thread acceptor([&] {
    int connection;
    while ((connection = accept(listener, nullptr, nullptr)) >= 0) {
      ++connections;
      close(connection);
    }
  });
  const auto database = CreateAt(absl::StrCat("postgresql://127.0.0.1:", ntohs(address.sin_port), "/?sslmode=disable"));
  for (int i = 0; i < kQueries; ++i) {
    EXPECT_EQ(Ask(database.get(), Read("item-1")).status.error_code(), grpc::StatusCode::UNAVAILABLE);
  }
  shutdown(listener, SHUT_RDWR);
  acceptor.join();
  close(listener);
  EXPECT_GT(connections, 0);
  EXPECT_LT(connections, kQueries / 2);
}

INSTANTIATE_TEST_SUITE_P(Drivers, PostgresDatabaseTest, testing::Values(Driver::kCoroutine, Driver::kBlocking),
                         [](const auto& info) { return info.param == Driver::kCoroutine ? "Coroutine" : "Blocking"; });

using PostgresDatabaseOnALoopTest = PostgresDatabaseTest;

// What a loop is for: it serves everybody while all its queries wait.
TEST_P(PostgresDatabaseOnALoopTest, DoesOtherWorkWhileItsQueriesWait) {
  constexpr int kQueries = 200;
  const auto database = Create();
  const Operator op(server->url());
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  const TableLock lock(server->url());
  async::EventLoop loop;
  int answered = 0;
  int answered_before_the_lock_ended = 0;
  auto ask = [&](int i) -> async::Task<> {
    const v1::QueryWait query = Read(absl::StrCat("item-", i % 100));
    const Waited waited = co_await database->Wait(loop, query);
    if (waited.value == absl::StrCat("value of item-", i % 100)) ++answered;
  };
  auto other_work = [&]() -> async::Task<> {
    while (op.Blocked() < 8) co_await loop.SleepFor(std::chrono::milliseconds(1));
    answered_before_the_lock_ended = answered;
    lock.End();
  };
  for (int i = 0; i < kQueries; ++i) loop.Spawn(ask(i));
  loop.Spawn(other_work());
  loop.Stop();
  loop.Run();
  EXPECT_EQ(answered_before_the_lock_ended, 0);
  EXPECT_EQ(answered, kQueries);
}

TEST_P(PostgresDatabaseOnALoopTest, SharesItsConnectionsWithThreadsThatBlock) {
  const auto database = Create({.connections = 2});
  std::vector<std::unique_ptr<InFlight>> queries;
  for (int i = 0; i < 100; ++i) {
    queries.push_back(std::make_unique<InFlight>(i % 2 == 0 ? Driver::kCoroutine : Driver::kBlocking, database.get(),
                                                 Store(absl::StrCat("key-", i % 10), absl::StrCat("value ", i))));
  }
  for (const auto& query : queries) EXPECT_TRUE(query->Wait().ok());
  EXPECT_LE(Operator(server->url()).Connections(), 2);
  EXPECT_EQ(Operator(server->url()).Say("SELECT count(*) FROM meanwhile_items"), "110");
}

INSTANTIATE_TEST_SUITE_P(Drivers, PostgresDatabaseOnALoopTest, testing::Values(Driver::kCoroutine),
                         [](const auto&) { return "Coroutine"; });

TEST(PostgresDatabaseOptionsTest, AreHeldToTheirBounds) {
  EXPECT_EQ(PostgresDatabase::Create("postgresql://127.0.0.1", {.connections = 0}).status().message(),
            "connections=0: must be from 1 to 1000");
  EXPECT_FALSE(PostgresDatabase::Create("postgresql://127.0.0.1", {.connections = 1001}).ok());
  EXPECT_FALSE(PostgresDatabase::Create("127.0.0.1", {}).ok());
  EXPECT_TRUE(PostgresDatabase::Create("postgresql://127.0.0.1", {}).ok());
}

}  // namespace
}  // namespace meanwhile
