#include "server/backend/database/sqlite_database.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "tests/async/fake_poller.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

namespace fs = std::filesystem;
using grpc::StatusCode;

v1::QueryWait ReadOf(const std::string& key) {
  v1::QueryWait query;
  query.set_read(key);
  return query;
}

v1::QueryWait StoreOf(const std::string& key, const std::string& value) {
  v1::QueryWait query;
  query.mutable_store()->set_key(key);
  query.mutable_store()->set_value(value);
  return query;
}

BlockingWaitLimit NoLimit() {
  return {.deadline = std::chrono::system_clock::time_point::max(), .cancelled = [] { return false; }};
}

// A query that a coroutine waits for, with a cancellation of its own.
class Waiting {
 public:
  Waiting(async::FakeLoop& loop, SqliteDatabase& database, v1::QueryWait query) : query_(std::move(query)) {
    loop.Spawn(Body(loop, database, this));
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  async::CancellationSource source;
  std::optional<Waited> waited;

 private:
  static async::Task<void> Body(async::FakeLoop& loop, SqliteDatabase& database, Waiting* self) {
    co_await async::AdoptCancellation(async::CancellationToken(&self->source));
    self->waited = co_await database.Wait(loop, self->query_);
  }

  const v1::QueryWait query_;
};

// The two entries, by one name.
Waited QueryBlocking(SqliteDatabase& database, const v1::QueryWait& query) {
  return database.WaitBlocking(NoLimit(), query);
}

Waited QueryOnLoop(SqliteDatabase& database, const v1::QueryWait& query) {
  async::FakeLoop loop;
  Waiting waiting(loop, database, query);
  loop.RunToEnd();
  return *waiting.waited;
}

using Entry = Waited (*)(SqliteDatabase& database, const v1::QueryWait& query);

// Another process that writes: holds the file's lock from its construction to its end.
class Lock {
 public:
  explicit Lock(const fs::path& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &database_), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() {
    EXPECT_EQ(sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database_);
  }

 private:
  sqlite3* database_ = nullptr;
};

class SqliteDatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string directory = testing::TempDir() + "/sqlite.XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    directory_ = directory;
    file_ = directory_ / "items.db";
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::unique_ptr<SqliteDatabase> Open(SqliteDatabase::Options options = SqliteDatabase::Options()) const {
    options.path = file_;
    return *SqliteDatabase::Open(options);
  }

  fs::path directory_;
  fs::path file_;
};

class SqliteDatabaseEntryTest : public SqliteDatabaseTest, public testing::WithParamInterface<Entry> {};

INSTANTIATE_TEST_SUITE_P(Entries, SqliteDatabaseEntryTest, testing::Values(&QueryBlocking, &QueryOnLoop),
                         [](const auto& test) { return test.param == &QueryOnLoop ? "Loop" : "Blocking"; });

TEST_P(SqliteDatabaseEntryTest, WhatWasStoredIsRead) {
  const auto database = Open();
  const Waited first = GetParam()(*database, ReadOf("item-42"));
  EXPECT_TRUE(first.ok()) << first.status.error_message();
  EXPECT_EQ(first.value, "value of item-42");
  const Waited stored = GetParam()(*database, StoreOf("item-42", "mine"));
  EXPECT_TRUE(stored.ok()) << stored.status.error_message();
  EXPECT_EQ(stored.value, "");
  EXPECT_EQ(GetParam()(*database, ReadOf("item-42")).value, "mine");
  const Waited missing = GetParam()(*database, ReadOf("item-142"));
  EXPECT_EQ(missing.status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(missing.value, "");
}

TEST_P(SqliteDatabaseEntryTest, ALockedFileHoldsUpStoresUntilTheirLimitAndNotReads) {
  const auto database = Open({.busy_limit = absl::Milliseconds(30)});
  {
    const Lock lock(file_);
    EXPECT_EQ(GetParam()(*database, StoreOf("key", "value")).status.error_code(), StatusCode::UNAVAILABLE);
    EXPECT_TRUE(GetParam()(*database, ReadOf("item-1")).ok());
  }
  EXPECT_TRUE(GetParam()(*database, StoreOf("key", "value")).ok());
}

TEST_F(SqliteDatabaseTest, ManyAtOnceOnThreadsAndLoops) {
  // Two, as two servers on one file, first used at the same time.
  std::unique_ptr<SqliteDatabase> databases[2];
  std::vector<std::thread> threads;
  for (auto& database : databases) {
    threads.emplace_back([&] { database = Open(); });
  }
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  for (int worker = 0; worker < 8; ++worker) {
    threads.emplace_back([&, worker] {
      SqliteDatabase& database = *databases[worker % 2];
      const Entry entry = worker % 4 < 2 ? &QueryBlocking : &QueryOnLoop;
      for (int i = 0; i < 20; ++i) {
        const std::string key = absl::StrCat("key-", worker);
        const Waited stored = entry(database, StoreOf(key, absl::StrCat(i)));
        EXPECT_TRUE(stored.ok()) << stored.status.error_message();
        EXPECT_EQ(entry(database, ReadOf(key)).value, absl::StrCat(i));
        EXPECT_EQ(entry(database, ReadOf("item-1")).value, "value of item-1");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(SqliteDatabaseTest, StoresBeyondTheQueueAreRefusedAndReadsAreNot) {
  const auto database = Open({.max_queued = 1, .busy_limit = absl::InfiniteDuration()});
  async::FakeLoop loop;
  auto lock = std::make_optional<Lock>(file_);
  Waiting running(loop, *database, StoreOf("a", "1"));
  Waiting queued(loop, *database, StoreOf("b", "2"));
  Waiting refused(loop, *database, StoreOf("c", "3"));
  Waiting reading(loop, *database, ReadOf("item-1"));
  ASSERT_TRUE(refused.waited);
  EXPECT_EQ(refused.waited->status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.waited->status.error_message(),
            "sqlite: all 1 connections for queries of this kind are busy and 1 queries wait for one");
  EXPECT_EQ(database->WaitBlocking(NoLimit(), StoreOf("d", "4")).status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  lock.reset();
  loop.RunToEnd();
  EXPECT_TRUE(running.waited->ok());
  EXPECT_TRUE(queued.waited->ok());
  EXPECT_TRUE(reading.waited->ok());
}

TEST_F(SqliteDatabaseTest, ACancelledQueryEndsInTheQueueAndAtTheLock) {
  const auto database = Open({.busy_limit = absl::InfiniteDuration()});
  async::FakeLoop loop;
  const Lock lock(file_);
  Waiting running(loop, *database, StoreOf("a", "1"));
  Waiting queued(loop, *database, StoreOf("b", "2"));
  queued.source.Cancel(StatusCode::DEADLINE_EXCEEDED);
  running.source.Cancel(StatusCode::CANCELLED);
  loop.RunToEnd();
  EXPECT_EQ(queued.waited->status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(running.waited->status.error_code(), StatusCode::CANCELLED);
  // The connection is free again.
  Waited next = database->WaitBlocking(NoLimit(), ReadOf("a"));
  EXPECT_EQ(next.status.error_code(), StatusCode::NOT_FOUND);
}

TEST_F(SqliteDatabaseTest, ABlockedQueryEndsWithItsCallAtTheLockAndInTheQueue) {
  const auto database = Open({.busy_limit = absl::InfiniteDuration()});
  const Lock lock(file_);
  std::atomic<bool> holder_ends = false;
  std::atomic<bool> holder_waits = false;
  std::thread holder([&] {
    const BlockingWaitLimit limit{.deadline = std::chrono::system_clock::time_point::max(), .cancelled = [&] {
                                    holder_waits = true;
                                    return holder_ends.load();
                                  }};
    EXPECT_EQ(database->WaitBlocking(limit, StoreOf("a", "1")).status.error_code(), StatusCode::CANCELLED);
  });
  EXPECT_TRUE(WaitUntil([&] { return holder_waits.load(); }));
  const BlockingWaitLimit late{.deadline = std::chrono::system_clock::now(), .cancelled = [] { return false; }};
  EXPECT_EQ(database->WaitBlocking(late, StoreOf("b", "2")).status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  holder_ends = true;
  holder.join();
}

TEST_F(SqliteDatabaseTest, WithoutAPathItIsPrivateAndRemovedAtTheEnd) {
  const char* before = getenv("TMPDIR");
  const std::string before_copy = before == nullptr ? "" : before;
  setenv("TMPDIR", directory_.c_str(), 1);
  {
    const auto one = *SqliteDatabase::Open(SqliteDatabase::Options());
    const auto other = *SqliteDatabase::Open(SqliteDatabase::Options());
    EXPECT_TRUE(QueryBlocking(*one, StoreOf("key", "value")).ok());
    EXPECT_EQ(QueryBlocking(*other, ReadOf("key")).status.error_code(), StatusCode::NOT_FOUND);
    EXPECT_FALSE(fs::is_empty(directory_));
    for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
      EXPECT_EQ(entry.status().permissions(), fs::perms::owner_all);
    }
  }
  EXPECT_TRUE(fs::is_empty(directory_));
  if (before == nullptr) {
    unsetenv("TMPDIR");
  } else {
    setenv("TMPDIR", before_copy.c_str(), 1);
  }
}

TEST_F(SqliteDatabaseTest, OpenSaysWhatIsWrongWithWhichFile) {
  std::ofstream(file_) << std::string(8192, 'x');
  const absl::Status corrupt = SqliteDatabase::Open({.path = file_}).status();
  EXPECT_EQ(corrupt.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(corrupt.message(), absl::StrCat(file_.string(), ": sqlite items.db: file is not a database"));
  EXPECT_EQ(SqliteDatabase::Open({.path = file_, .readers = 0}).status().message(),
            "readers=0: must be from 1 to 1000");
}

}  // namespace
}  // namespace meanwhile
