// A file that is written is on the disk before its wait ends: what the kernel is asked for, in which order, and on
// whose thread. This program has its own fsync and renameat, which keep a record and then do what the system's do.

#include <gtest/gtest.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "server/backend/files/file_store.h"

namespace meanwhile {
namespace {

struct Record {
  std::mutex mutex;
  std::vector<std::string> steps;
  std::vector<std::thread::id> threads;

  void Add(const std::string& step) {
    const std::lock_guard lock(mutex);
    steps.push_back(step);
    threads.push_back(std::this_thread::get_id());
  }
};

Record& TheRecord() {
  static Record record;
  return record;
}

std::string NameOf(int fd) {
  std::array<char, PATH_MAX> name{};
  const ssize_t size = readlink(absl::StrCat("/proc/self/fd/", fd).c_str(), name.data(), name.size());
  const std::string path(name.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::string last = path.substr(path.rfind('/') + 1);
  return last.rfind(".meanwhile-", 0) == 0 ? "the temporary file" : last;
}

}  // namespace
}  // namespace meanwhile

extern "C" int fsync(int fd) {
  meanwhile::TheRecord().Add("sync " + meanwhile::NameOf(fd));
  return static_cast<int>(syscall(SYS_fsync, fd));
}

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): the system's are not ours to use.
extern "C" int renameat(int old_directory, const char* old_path, int new_directory, const char* new_path) noexcept {
  meanwhile::TheRecord().Add(absl::StrCat("rename to ", new_path));
  return static_cast<int>(syscall(SYS_renameat2, old_directory, old_path, new_directory, new_path, 0));
}

namespace meanwhile {
namespace {

TEST(DurabilityTest, TheContentIsSyncedBeforeItTakesItsNameAndTheDirectoryAfterwardsAndNeverOnTheLoop) {
  std::string data_dir = testing::TempDir() + "/durability.XXXXXX";
  ASSERT_NE(mkdtemp(data_dir.data()), nullptr);
  std::filesystem::create_directory(data_dir + "/poems");
  const absl::StatusOr<std::unique_ptr<FileStore>> files = FileStore::Open(data_dir, {});
  ASSERT_TRUE(files.ok()) << files.status();

  v1::FileWriteWait request;
  request.set_path("poems/tiger");
  request.set_content(std::string(1 << 20, 'x'));
  Waited waited;
  async::EventLoop loop;
  auto write = [&]() -> async::Task<> { waited = co_await (*files)->Write(loop, request); };
  loop.Spawn(write());
  loop.Stop();
  loop.Run();  // On this thread.

  EXPECT_TRUE(waited.ok()) << waited.status.error_message();
  EXPECT_EQ(TheRecord().steps, (std::vector<std::string>{"sync the temporary file", "rename to tiger", "sync poems"}));
  for (const std::thread::id thread : TheRecord().threads) EXPECT_NE(thread, std::this_thread::get_id());
}

}  // namespace
}  // namespace meanwhile
