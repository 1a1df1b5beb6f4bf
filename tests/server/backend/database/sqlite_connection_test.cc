#include "server/backend/database/sqlite_connection.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "tests/server/backend/no_privileges.h"

namespace meanwhile {
namespace {

namespace fs = std::filesystem;
using grpc::StatusCode;

// Whoever else uses the file.
class OtherUser {
 public:
  explicit OtherUser(const fs::path& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &database_), SQLITE_OK);
    sqlite3_busy_timeout(database_, 10'000);
  }
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;
  ~OtherUser() { sqlite3_close(database_); }

  void Do(const char* sql) {
    EXPECT_EQ(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database_);
  }

 private:
  sqlite3* database_ = nullptr;
};

class SqliteConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string directory = testing::TempDir() + "/sqlite.XXXXXX";
    ASSERT_NE(mkdtemp(directory.data()), nullptr);
    directory_ = directory;
    file_ = directory_ / "items.db";
  }
  void TearDown() override {
    connection_.reset();
    fs::remove_all(directory_);
  }

  grpc::Status Create(absl::Duration busy_limit = absl::Seconds(30)) {
    connection_.emplace(file_, busy_limit);
    return connection_->Create();
  }

  std::optional<grpc::Status> Run(const SqliteConnection::Statement& statement) {
    return connection_->Run(
        statement, [] { return false; }, &value_);
  }
  grpc::Status Store(const std::string& key, const std::string& value) { return *Run({.key = key, .value = value}); }
  grpc::Status Read(const std::string& key) { return *Run({.key = key}); }
  // What is read; a failure's message if it fails.
  std::string ReadValue(const std::string& key) {
    const grpc::Status status = Read(key);
    return status.ok() ? value_ : status.error_message();
  }

  // The database alone, as a backup would be: what is in the log is brought into it.
  void Checkpoint() { OtherUser(file_).Do("PRAGMA wal_checkpoint(TRUNCATE)"); }

  fs::path directory_;
  fs::path file_;
  std::optional<SqliteConnection> connection_;
  std::string value_;
};

TEST_F(SqliteConnectionTest, MakesAndFillsTheTable) {
  ASSERT_TRUE(Create().ok());
  EXPECT_EQ(ReadValue("item-0"), "value of item-0");
  EXPECT_EQ(ReadValue("item-99"), "value of item-99");
  for (const std::string key : {"item-100", "item--1", "ITEM-1", ""}) {
    const grpc::Status status = Read(key);
    EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND) << key;
    EXPECT_EQ(status.error_message(), "no value for key \"" + key + "\"");
  }
}

TEST_F(SqliteConnectionTest, WhatWasStoredIsReadWhateverItsBytes) {
  ASSERT_TRUE(Create().ok());
  const std::string values[] = {"", std::string("a\0b'\"; DROP TABLE meanwhile_items", 32), "\xff\xfe",
                                std::string(1 << 20, 'x')};
  for (const std::string& value : values) {
    ASSERT_TRUE(Store("key", value).ok());
    EXPECT_TRUE(ReadValue("key") == value) << value.size();
  }
  const std::string odd_key("it's \0 a key", 12);
  ASSERT_TRUE(Store(odd_key, "odd").ok());
  EXPECT_EQ(ReadValue(odd_key), "odd");
  EXPECT_EQ(Read("it's ").error_code(), StatusCode::NOT_FOUND);
  ASSERT_TRUE(Store("item-5", "mine").ok());
  EXPECT_EQ(ReadValue("item-5"), "mine");
}

TEST_F(SqliteConnectionTest, AValueThatIsTooLargeIsNotReadAndTheConnectionGoesOn) {
  ASSERT_TRUE(Create().ok());
  OtherUser other(file_);
  other.Do("INSERT INTO meanwhile_items VALUES ('la\"rge', zeroblob(1048577)), ('largest', zeroblob(1048576))");
  value_ = "before";
  const grpc::Status status = Read("la\"rge");
  EXPECT_EQ(status.error_code(), StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(status.error_message(), "value for key \"la\\\"rge\": 1048577 bytes: must be at most 1048576");
  EXPECT_EQ(value_, "before");
  EXPECT_EQ(ReadValue("largest").size(), 1048576u);
}

TEST_F(SqliteConnectionTest, IsInWalModeAndSyncsItsCommits) {
  ASSERT_TRUE(Create().ok());
  EXPECT_TRUE(fs::exists(file_.string() + "-wal"));
  ASSERT_TRUE(Store("key", "value").ok());
  connection_.reset();
  ASSERT_TRUE(Create().ok());
  EXPECT_EQ(ReadValue("key"), "value");
}

TEST_F(SqliteConnectionTest, AFileThatCannotBeInWalModeIsAClearErrorAndServesWhenItCan) {
  sqlite3_vfs* const usual = sqlite3_vfs_find(nullptr);
  sqlite3_vfs_register(sqlite3_vfs_find("unix-none"), /*makeDflt=*/1);  // Without shared memory, as on a network.
  const grpc::Status status = Create();
  sqlite3_vfs_register(usual, /*makeDflt=*/1);
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "sqlite items.db: cannot be in WAL mode where it is");
  EXPECT_TRUE(Create().ok());
  EXPECT_EQ(ReadValue("item-1"), "value of item-1");
}

TEST_F(SqliteConnectionTest, LeavesATableThatIsThereAsItIs) {
  ASSERT_TRUE(Create().ok());
  OtherUser(file_).Do("DELETE FROM meanwhile_items WHERE key = 'item-7'");
  connection_.reset();
  ASSERT_TRUE(Create().ok());
  EXPECT_EQ(Read("item-7").error_code(), StatusCode::NOT_FOUND);
}

TEST_F(SqliteConnectionTest, AStoreThatFindsTheFileLockedSaysSoAfterItsLimitAndReadsGoOn) {
  ASSERT_TRUE(Create(absl::Milliseconds(40)).ok());
  OtherUser other(file_);
  other.Do("BEGIN IMMEDIATE");
  const grpc::Status status = Store("key", "value");
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "sqlite items.db: locked by another process; waited for at most 40ms");
  EXPECT_EQ(ReadValue("item-1"), "value of item-1");
  other.Do("ROLLBACK");
  EXPECT_TRUE(Store("key", "value").ok());
}

TEST_F(SqliteConnectionTest, AStoreThatFindsTheFileLockedEndsWithItsCall) {
  ASSERT_TRUE(Create(absl::InfiniteDuration()).ok());
  OtherUser other(file_);
  other.Do("BEGIN IMMEDIATE");
  int looks = 0;
  EXPECT_FALSE(connection_->Run(
      {.key = "key", .value = "value"}, [&] { return ++looks > 4; }, &value_));
  EXPECT_EQ(looks, 5);
  other.Do("COMMIT");
  EXPECT_EQ(Read("key").error_code(), StatusCode::NOT_FOUND);
  EXPECT_TRUE(Store("key", "value").ok());
}

TEST_F(SqliteConnectionTest, AStoreGoesOnWhenTheLockIsGone) {
  ASSERT_TRUE(Create(absl::InfiniteDuration()).ok());
  OtherUser other(file_);
  other.Do("BEGIN IMMEDIATE");
  int looks = 0;
  const auto status = connection_->Run(
      {.key = "key", .value = "value"},
      [&] {
        if (++looks == 4) other.Do("ROLLBACK");
        return false;
      },
      &value_);
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->ok());
  EXPECT_EQ(ReadValue("key"), "value");
}

TEST_F(SqliteConnectionTest, AFileThatIsLockedAtTheStartIsOpenedLater) {
  ASSERT_TRUE(Create().ok());
  connection_.reset();
  std::optional<OtherUser> other(file_);
  other->Do("PRAGMA locking_mode = EXCLUSIVE");
  other->Do("BEGIN EXCLUSIVE");
  ASSERT_TRUE(Create(absl::Milliseconds(20)).ok());
  EXPECT_EQ(Read("item-1").error_code(), StatusCode::UNAVAILABLE);
  other.reset();
  EXPECT_EQ(ReadValue("item-1"), "value of item-1");
}

TEST_F(SqliteConnectionTest, AStatementWithoutAnEndEndsWithItsCall) {
  {
    OtherUser other(file_);
    other.Do(
        "CREATE VIEW meanwhile_items (key, value) AS "
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT 'key-' || n, n FROM "
        "numbers");
    other.Do("CREATE TRIGGER store INSTEAD OF INSERT ON meanwhile_items BEGIN SELECT 1; END");
  }
  ASSERT_TRUE(Create().ok());
  EXPECT_EQ(ReadValue("key-1"), "1");
  int looks = 0;
  EXPECT_FALSE(connection_->Run(
      {.key = "nowhere"}, [&] { return ++looks > 4; }, &value_));
  EXPECT_EQ(ReadValue("key-1"), "1");
}

TEST_F(SqliteConnectionTest, AFileThatIsGoneIsNotMadeAgainAndServesWhenItIsBack) {
  ASSERT_TRUE(Create().ok());
  ASSERT_TRUE(Store("key", "value").ok());
  Checkpoint();
  const fs::path elsewhere = directory_ / "elsewhere";
  fs::rename(file_, elsewhere);
  for (int i = 0; i < 2; ++i) {
    const grpc::Status status = Store("key", "lost");
    EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
    EXPECT_EQ(status.error_message(), "sqlite items.db: unable to open database file: No such file or directory");
  }
  EXPECT_FALSE(fs::exists(file_));
  fs::rename(elsewhere, file_);
  EXPECT_EQ(ReadValue("key"), "value");
}

TEST_F(SqliteConnectionTest, AFileThatWasReplacedIsUsed) {
  ASSERT_TRUE(Create().ok());
  ASSERT_TRUE(Store("key", "first").ok());
  Checkpoint();
  fs::copy_file(file_, directory_ / "copy");
  OtherUser(directory_ / "copy").Do("UPDATE meanwhile_items SET value = 'second' WHERE key = 'key'");
  fs::rename(directory_ / "copy", file_);
  EXPECT_EQ(ReadValue("key"), "second");
}

TEST_F(SqliteConnectionTest, ACorruptFileIsSaidToBeAndServesWhenItIsGoodAgain) {
  ASSERT_TRUE(Create().ok());
  ASSERT_TRUE(Store("key", "value").ok());
  Checkpoint();
  const fs::path good = directory_ / "good";
  fs::copy_file(file_, good);
  std::ofstream(directory_ / "bad") << std::string(8192, 'x');
  fs::rename(directory_ / "bad", file_);
  for (int i = 0; i < 2; ++i) {
    const grpc::Status status = Read("key");
    EXPECT_EQ(status.error_code(), StatusCode::DATA_LOSS);
    EXPECT_EQ(status.error_message(), "sqlite items.db: file is not a database");
  }
  fs::rename(good, file_);
  EXPECT_EQ(ReadValue("key"), "value");
}

TEST_F(SqliteConnectionTest, DamageInTheMiddleIsSaidToBe) {
  ASSERT_TRUE(Create().ok());
  connection_.reset();  // Also brings the log into the file.
  {
    std::fstream file(file_);
    file.seekp(4096);  // After the first page, which has the schema.
    file << std::string(fs::file_size(file_) - 4096, 'x');
  }
  connection_.emplace(file_, absl::Seconds(30));
  const grpc::Status status = Read("item-1");
  EXPECT_EQ(status.error_code(), StatusCode::DATA_LOSS);
  EXPECT_EQ(status.error_message(), "sqlite items.db: database disk image is malformed");
}

TEST_F(SqliteConnectionTest, ATableThatIsGoneIsMadeAgain) {
  ASSERT_TRUE(Create().ok());
  ASSERT_TRUE(Store("key", "value").ok());
  OtherUser(file_).Do("DROP TABLE meanwhile_items");
  EXPECT_EQ(ReadValue("item-1"), "value of item-1");
  OtherUser(file_).Do("DROP TABLE meanwhile_items");
  EXPECT_TRUE(Store("key", "new").ok());
  EXPECT_EQ(ReadValue("key"), "new");
}

TEST_F(SqliteConnectionTest, ATableOfAnotherShapeIsAClearError) {
  OtherUser(file_).Do("CREATE TABLE meanwhile_items (id)");
  const grpc::Status status = Create();
  EXPECT_EQ(status.error_code(), StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message(), "sqlite items.db: no such column: value");
}

TEST_F(SqliteConnectionTest, AFileThatMayNotBeWrittenToIsSaidToBeAndServesWhenItMay) {
  ASSERT_TRUE(Create().ok());
  connection_.reset();
  ASSERT_EQ(chmod(file_.c_str(), 0444), 0);
  const NoPrivileges none;
  connection_.emplace(file_, absl::Seconds(30));
  const grpc::Status status = Store("key", "value");
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED) << status.error_message();
  EXPECT_EQ(status.error_message(), "sqlite items.db: attempt to write a readonly database");
  // SQLite has given the files beside it the same permissions.
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
    ASSERT_EQ(chmod(entry.path().c_str(), 0644), 0);
  }
  EXPECT_TRUE(Store("key", "value").ok());
}

TEST_F(SqliteConnectionTest, ADirectoryThatIsNotThereOrIsClosedIsSaidToBe) {
  file_ = directory_ / "missing" / "items.db";
  const grpc::Status missing = Create();
  EXPECT_EQ(missing.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(missing.error_message(), "sqlite items.db: unable to open database file: No such file or directory");
  fs::create_directory(directory_ / "closed");
  ASSERT_EQ(chmod((directory_ / "closed").c_str(), 0555), 0);
  file_ = directory_ / "closed" / "items.db";
  const NoPrivileges none;
  const grpc::Status closed = Create();
  EXPECT_EQ(closed.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_TRUE(absl::StartsWith(closed.error_message(), "sqlite items.db: unable to open database file"));
  ASSERT_EQ(chmod((directory_ / "closed").c_str(), 0755), 0);
}

TEST_F(SqliteConnectionTest, NamesThatAreSpecialToSqliteAreFiles) {
  const fs::path before = fs::current_path();
  fs::current_path(directory_);
  file_ = ":memory:";
  EXPECT_TRUE(Create().ok());
  EXPECT_TRUE(fs::exists(directory_ / ":memory:"));
  fs::current_path(before);
}

}  // namespace
}  // namespace meanwhile
