#include "server/backend/files/file_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "tests/async/fake_poller.h"

namespace meanwhile {
namespace {

namespace fs = std::filesystem;
using grpc::StatusCode;

constexpr std::size_t kMebibyte = 1 << 20;

void Put(const fs::path& file, const std::string& content) { std::ofstream(file) << content; }

std::string Content(const fs::path& file) {
  std::ifstream stream(file);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

v1::FileReadWait ReadOf(const std::string& path, std::uint64_t offset = 0, std::uint32_t length = 0) {
  v1::FileReadWait request;
  request.set_path(path);
  request.set_offset(offset);
  request.set_length(length);
  return request;
}

v1::FileWriteWait WriteOf(const std::string& path, const std::string& content) {
  v1::FileWriteWait request;
  request.set_path(path);
  request.set_content(content);
  return request;
}

BlockingWaitLimit NoLimit() {
  return {.deadline = std::chrono::system_clock::time_point::max(), .cancelled = [] { return false; }};
}

// The two entries, by one name.
class Entry {
 public:
  virtual ~Entry() = default;
  virtual Waited Read(FileStore& store, const v1::FileReadWait& request) = 0;
  virtual Waited Write(FileStore& store, const v1::FileWriteWait& request) = 0;
};

class BlockingEntry final : public Entry {
 public:
  Waited Read(FileStore& store, const v1::FileReadWait& request) override {
    return store.ReadBlocking(NoLimit(), request);
  }
  Waited Write(FileStore& store, const v1::FileWriteWait& request) override {
    return store.WriteBlocking(NoLimit(), request);
  }
};

async::Task<void> Keep(async::Task<Waited> task, Waited* waited) { *waited = co_await std::move(task); }

class LoopEntry final : public Entry {
 public:
  Waited Read(FileStore& store, const v1::FileReadWait& request) override {
    async::FakeLoop loop;
    return Result(loop, store.Read(loop, request));
  }
  Waited Write(FileStore& store, const v1::FileWriteWait& request) override {
    async::FakeLoop loop;
    return Result(loop, store.Write(loop, request));
  }

 private:
  static Waited Result(async::FakeLoop& loop, async::Task<Waited> task) {
    Waited waited;
    loop.Spawn(Keep(std::move(task), &waited));
    loop.RunToEnd();
    return waited;
  }
};

class FileStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string data = testing::TempDir() + "/file_store.XXXXXX";
    ASSERT_NE(mkdtemp(data.data()), nullptr);
    data_ = data;
  }
  void TearDown() override {
    store_.reset();
    fs::remove_all(data_);
  }

  FileStore& Opened(const FileStore::Options& options = FileStore::Options()) {
    store_ = *FileStore::Open(data_, options);
    return *store_;
  }

  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(data_)) names.insert(entry.path().filename());
    return names;
  }

  fs::path data_;
  std::unique_ptr<FileStore> store_;
};

class FileStoreEntryTest : public FileStoreTest, public testing::WithParamInterface<Entry*> {
 protected:
  Waited Read(const v1::FileReadWait& request) { return GetParam()->Read(*store_, request); }
  Waited Write(const v1::FileWriteWait& request) { return GetParam()->Write(*store_, request); }
};

BlockingEntry blocking_entry;
LoopEntry loop_entry;
INSTANTIATE_TEST_SUITE_P(Entries, FileStoreEntryTest, testing::Values(&blocking_entry, &loop_entry),
                         [](const auto& test) { return test.param == &loop_entry ? "Loop" : "Blocking"; });

TEST_P(FileStoreEntryTest, WhatWasWrittenIsRead) {
  Opened();
  std::string content;
  for (std::size_t i = 0; i < kMebibyte; ++i) content.push_back(static_cast<char>(i * 31 + i / 256));
  const Waited written = Write(WriteOf("file", content));
  EXPECT_TRUE(written.ok()) << written.status.error_message();
  EXPECT_EQ(written.value, "");
  EXPECT_EQ(Content(data_ / "file"), content);
  const Waited read = Read(ReadOf("file"));
  EXPECT_TRUE(read.ok()) << read.status.error_message();
  EXPECT_EQ(read.value, content);
  EXPECT_TRUE(Write(WriteOf("file", "")).ok());
  EXPECT_EQ(Read(ReadOf("file")).value, "");
  EXPECT_EQ(Names(), (std::set<std::string>{"file"}));
}

TEST_P(FileStoreEntryTest, ReadsFromTheOffsetAtMostTheLength) {
  Opened();
  std::string content;
  for (int i = 0; content.size() < 2 * kMebibyte; ++i) absl::StrAppend(&content, i, ",");
  Put(data_ / "file", content);
  const struct {
    std::uint64_t offset;
    std::uint32_t length;
  } kCases[] = {
      {0, 1}, {7, 100'000}, {65'536, 65'536}, {content.size() - 3, 10}, {0, kMebibyte}, {5, 0},  // Up to a mebibyte.
  };
  for (const auto& [offset, length] : kCases) {
    const Waited read = Read(ReadOf("file", offset, length));
    EXPECT_TRUE(read.ok()) << read.status.error_message();
    EXPECT_TRUE(read.value == content.substr(offset, length == 0 ? kMebibyte : length)) << offset << "+" << length;
  }
  EXPECT_EQ(Read(ReadOf("file", 0, 5 * kMebibyte)).value.size(), kMebibyte);
  for (const std::uint64_t offset : {std::uint64_t{content.size()}, std::numeric_limits<std::uint64_t>::max()}) {
    const Waited read = Read(ReadOf("file", offset));
    EXPECT_TRUE(read.ok()) << read.status.error_message();
    EXPECT_EQ(read.value, "");
  }
}

TEST_P(FileStoreEntryTest, WhatLeadsOutIsRefusedToReadAndToWrite) {
  fs::create_directory_symlink("..", data_ / "out");
  Opened();
  const std::string beside = absl::StrCat("out/", data_.filename().string(), ".stolen");
  for (const std::string& path : {std::string("../x"), std::string("/etc/passwd"), beside, std::string()}) {
    EXPECT_EQ(Read(ReadOf(path)).status.error_code(), StatusCode::INVALID_ARGUMENT) << path;
    EXPECT_EQ(Write(WriteOf(path, "x")).status.error_code(), StatusCode::INVALID_ARGUMENT) << path;
  }
  EXPECT_FALSE(fs::exists(data_.string() + ".stolen"));
}

TEST_P(FileStoreEntryTest, FailuresNameThePathAsTheRequestDidAndNotTheServersDirectory) {
  fs::create_directory(data_ / "directory");
  Opened();
  const grpc::Status statuses[] = {
      Read(ReadOf("missing")).status,
      Read(ReadOf("directory")).status,
      Write(WriteOf("missing/file", "x")).status,
      Write(WriteOf("directory", "x")).status,
  };
  EXPECT_EQ(statuses[0].error_message(), "file missing: no such file");
  EXPECT_EQ(statuses[0].error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(statuses[1].error_message(), "file directory: not a regular file");
  EXPECT_EQ(statuses[1].error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(statuses[2].error_message(), "file missing/file: no such file");
  EXPECT_EQ(statuses[3].error_message(), "file directory: not a regular file");
  for (const grpc::Status& status : statuses) {
    EXPECT_FALSE(absl::StrContains(status.error_message(), data_.filename().string()));
  }
}

TEST_P(FileStoreEntryTest, APipeDoesNotHoldItUp) {
  ASSERT_EQ(mkfifo((data_ / "pipe").c_str(), 0600), 0);
  Opened();
  EXPECT_EQ(Read(ReadOf("pipe")).status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(Write(WriteOf("pipe", "x")).status.error_code(), StatusCode::FAILED_PRECONDITION);
}

// What a server that is killed between write and rename would leave for readers to see is what they see before the
// rename.
TEST_F(FileStoreTest, AReaderSeesTheOldContentOrTheNewWhoeverWritesMeanwhile) {
  FileStore& store = Opened();
  constexpr std::size_t kBytes = 300'000;
  const auto content_of = [](int writer) { return std::string(kBytes, static_cast<char>('a' + writer)); };
  ASSERT_TRUE(store.WriteBlocking(NoLimit(), WriteOf("file", content_of(0))).ok());
  std::atomic<int> writers_left = 3;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 3; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 20; ++i) {
        const Waited waited = store.WriteBlocking(NoLimit(), WriteOf("file", content_of(writer)));
        EXPECT_TRUE(waited.ok()) << waited.status.error_message();
      }
      --writers_left;
    });
  }
  do {
    const Waited read = store.ReadBlocking(NoLimit(), ReadOf("file"));
    EXPECT_TRUE(read.ok()) << read.status.error_message();
    EXPECT_TRUE(read.value == std::string(kBytes, read.value.front())) << read.value.size();
  } while (writers_left > 0);
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(Names(), (std::set<std::string>{"file"}));
}

TEST_F(FileStoreTest, ABlockedWaitEndsWithItsCallAndAWriteLeavesNoTrace) {
  FileStore& store = Opened();
  Put(data_ / "file", std::string(kMebibyte, 'x'));
  int looks = 0;
  // In the middle, and so after the deadline or a cancellation.
  const BlockingWaitLimit cancelled{.deadline = std::chrono::system_clock::time_point::max(),
                                    .cancelled = [&looks] { return ++looks > 3; }};
  const Waited read = store.ReadBlocking(cancelled, ReadOf("file"));
  EXPECT_EQ(read.status.error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(read.value, "");
  EXPECT_EQ(looks, 4);
  looks = 0;
  EXPECT_EQ(store.WriteBlocking(cancelled, WriteOf("file", std::string(kMebibyte, 'y'))).status.error_code(),
            StatusCode::CANCELLED);
  const BlockingWaitLimit late{.deadline = std::chrono::system_clock::now(), .cancelled = [] { return false; }};
  EXPECT_EQ(store.ReadBlocking(late, ReadOf("file")).status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(store.WriteBlocking(late, WriteOf("file", "")).status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Content(data_ / "file"), std::string(kMebibyte, 'x'));
  EXPECT_EQ(Names(), (std::set<std::string>{"file"}));
}

TEST_F(FileStoreTest, ReadsWhatIsLeftOfAFileThatIsCutOffMeanwhile) {
  FileStore& store = Opened();
  Put(data_ / "file", std::string(kMebibyte, 'x'));
  int looks = 0;
  const BlockingWaitLimit limit{.deadline = std::chrono::system_clock::time_point::max(), .cancelled = [&] {
                                  if (++looks == 2) fs::resize_file(data_ / "file", 100'000);
                                  return false;
                                }};
  const Waited read = store.ReadBlocking(limit, ReadOf("file"));
  EXPECT_TRUE(read.ok()) << read.status.error_message();
  EXPECT_EQ(read.value, std::string(100'000, 'x'));
}

TEST_F(FileStoreTest, ACoroutineThatIsCancelledAlreadyTouchesNothing) {
  FileStore& store = Opened();
  async::FakeLoop loop;
  async::CancellationSource source;
  source.Cancel(StatusCode::DEADLINE_EXCEEDED);
  const v1::FileWriteWait request = WriteOf("file", "x");
  Waited waited;
  const auto body = [&]() -> async::Task<void> {
    co_await async::AdoptCancellation(async::CancellationToken(&source));
    waited = co_await store.Write(loop, request);
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(waited.status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Names(), std::set<std::string>());
}

TEST_F(FileStoreTest, OpenRemovesWhatAKilledServerHasLeft) {
  Put(data_ / ".meanwhile-0123456789abcdef0123456789abcdef", "half");
  Put(data_ / "file", "whole");
  Opened();
  EXPECT_EQ(Names(), (std::set<std::string>{"file"}));
}

TEST_F(FileStoreTest, OpenSaysWhichDirectoryIsMissing) {
  EXPECT_EQ(FileStore::Open(data_ / "missing", FileStore::Options()).status().message(),
            (data_ / "missing").string() + ": No such file or directory");
}

}  // namespace
}  // namespace meanwhile
