#include "server/backend/database/postgres_database.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "tests/no_more_threads.h"
#include "tests/server/backend/database/postgres_queries.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

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

TEST_P(PostgresDatabaseTest, AValueThatIsTooLargeIsNotReadAndTheConnectionGoesOn) {
  const auto database = Create({.connections = 1});
  ASSERT_TRUE(Ask(database.get(), Read("item-1")).ok());
  const Operator other(server->url());
  const std::string process = "SELECT pid FROM pg_stat_activity WHERE application_name = 'meanwhile'";
  const std::string before = other.Say(process);
  other.Say("INSERT INTO meanwhile_items VALUES ('large', convert_to(repeat('x', 1048577), 'UTF8'))");
  const Waited waited = Ask(database.get(), Read("large"));
  EXPECT_EQ(waited.status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(waited.status.error_message(), "value for key \"large\": 1048577 bytes: must be at most 1048576");
  EXPECT_EQ(waited.value, "");
  EXPECT_EQ(Ask(database.get(), Read("item-1")).value, "value of item-1");
  EXPECT_EQ(other.Say(process), before);
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

TEST_P(PostgresDatabaseTest, LooksUpAHostsName) {
  const auto database = CreateAt(server->url("localhost"));
  const Waited waited = Ask(database.get(), Read("item-1"));
  EXPECT_TRUE(waited.ok()) << waited.status.error_message();
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

TEST(PostgresDatabaseOptionsTest, AProcessWithoutAThreadLeftIsAClearError) {
  const NoMoreThreads no_more;
  const absl::Status status = PostgresDatabase::Create("postgresql://127.0.0.1", {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(absl::StartsWith(status.message(), "no descriptor or thread left to watch connections: ")) << status;
}

}  // namespace
}  // namespace meanwhile
