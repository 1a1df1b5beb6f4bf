#include "server/backend/files/new_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/server/backend/no_privileges.h"

namespace meanwhile {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;

void Put(const fs::path& file, const std::string& content) { std::ofstream(file) << content; }

std::string Content(const fs::path& file) {
  std::ifstream stream(file);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

class NewFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string data = testing::TempDir() + "/new_file.XXXXXX";
    ASSERT_NE(mkdtemp(data.data()), nullptr);
    data_ = data;
  }
  void TearDown() override { fs::remove_all(data_); }

  absl::StatusOr<NewFile> Create(absl::string_view path) const {
    return NewFile::Create(*DataDirectory::Open(data_), path);
  }
  // All of it.
  absl::Status Write(absl::string_view path, absl::string_view content) const {
    absl::StatusOr<NewFile> file = Create(path);
    absl::Status status = file.status();
    if (status.ok()) status = file->Append(content);
    if (status.ok()) status = file->TakeName();
    return status;
  }

  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(data_)) {
      names.insert(entry.path().lexically_relative(data_));
    }
    return names;
  }

  fs::path data_;
};

TEST_F(NewFileTest, MakesAFile) {
  EXPECT_EQ(Write("new", "content"), absl::OkStatus());
  EXPECT_EQ(Content(data_ / "new"), "content");
  EXPECT_EQ(Names(), (std::set<std::string>{"new"}));
}

TEST_F(NewFileTest, TheTargetIsAsItWasUntilTheNameIsTaken) {
  Put(data_ / "file", "old");
  absl::StatusOr<NewFile> file = Create("file");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(file->Append("ne").ok());
  ASSERT_TRUE(file->Append("w").ok());
  EXPECT_EQ(Content(data_ / "file"), "old");
  EXPECT_EQ(Names().size(), 2u);
  ASSERT_TRUE(file->TakeName().ok());
  EXPECT_EQ(Content(data_ / "file"), "new");
  EXPECT_EQ(Names(), (std::set<std::string>{"file"}));
}

TEST_F(NewFileTest, LeavesNoTraceWhenGivenUp) {
  {
    const absl::StatusOr<NewFile> file = Create("file");
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(Names().size(), 1u);
  }
  EXPECT_EQ(Names(), std::set<std::string>());
}

TEST_F(NewFileTest, KeepsThePermissionsOfWhatItReplaces) {
  const auto permissions = [&](const char* name) {
    struct stat facts;
    EXPECT_EQ(stat((data_ / name).c_str(), &facts), 0);
    return facts.st_mode & 07777;
  };
  Put(data_ / "old", "old");
  ASSERT_EQ(chmod((data_ / "old").c_str(), 0622), 0);
  EXPECT_EQ(Write("old", "new"), absl::OkStatus());
  EXPECT_EQ(permissions("old"), 0622u);
  const mode_t mask = umask(027);
  EXPECT_EQ(Write("new", "new"), absl::OkStatus());
  umask(mask);
  EXPECT_EQ(permissions("new"), 0640u);
}

TEST_F(NewFileTest, ReplacesNothingButRegularFiles) {
  fs::create_directory(data_ / "directory");
  ASSERT_EQ(mkfifo((data_ / "pipe").c_str(), 0600), 0);
  Put(data_ / "file", "old");
  fs::create_symlink("file", data_ / "link");
  fs::create_symlink("missing", data_ / "dangling");
  fs::create_symlink("../outside", data_ / "out");
  const std::set<std::string> before = Names();
  for (const absl::string_view path : {"directory", "pipe", "link", "dangling", "out"}) {
    const absl::Status status = Write(path, "new");
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(status.message(), absl::StrCat("file ", path, ": not a regular file"));
  }
  EXPECT_EQ(Names(), before);
  EXPECT_EQ(Content(data_ / "file"), "old");
  EXPECT_FALSE(fs::exists(data_.parent_path() / "outside"));
}

TEST_F(NewFileTest, NeedsItsDirectory) {
  EXPECT_EQ(Write("missing/new", ""), absl::NotFoundError("file missing/new: no such file"));
}

TEST_F(NewFileTest, ADiskThatLetsNoMoreBeWrittenLeavesTheOldContentAndNoTrace) {
  Put(data_ / "file", "old");
  // Stands for a full disk.
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit tight{.rlim_cur = 100'000, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const absl::Status status = Write("file", std::string(200'000, 'x'));
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status, absl::OutOfRangeError("file file: larger than the system lets a file be"));
  EXPECT_EQ(Content(data_ / "file"), "old");
  EXPECT_EQ(Names(), (std::set<std::string>{"file"}));
}

TEST_F(NewFileTest, DoesNotWriteWhereTheServerMayNot) {
  fs::create_directory(data_ / "closed");
  Put(data_ / "closed" / "file", "old");
  Put(data_ / "read_only", "old");
  ASSERT_EQ(chmod((data_ / "read_only").c_str(), 0444), 0);
  ASSERT_EQ(chmod((data_ / "closed").c_str(), 0555), 0);
  {
    const NoPrivileges none;
    const absl::Status refused = absl::PermissionDeniedError("file read_only: the server may not");
    EXPECT_EQ(Write("read_only", "new"), refused);
    EXPECT_EQ(Write("closed/new", "new").code(), StatusCode::kPermissionDenied);
    EXPECT_EQ(Write("closed/file", "new").code(), StatusCode::kPermissionDenied);
  }
  ASSERT_EQ(chmod((data_ / "closed").c_str(), 0755), 0);  // Or its owner cannot remove it.
  EXPECT_EQ(Names(), (std::set<std::string>{"closed", "closed/file", "read_only"}));
  EXPECT_EQ(Content(data_ / "read_only"), "old");
  EXPECT_EQ(Content(data_ / "closed" / "file"), "old");
}

TEST_F(NewFileTest, RemovesWhatAKilledServerHasLeft) {
  fs::create_directory(data_ / "sub");
  const std::string stale = ".meanwhile-0123456789abcdef0123456789abcdef";
  Put(data_ / stale, "half");
  Put(data_ / "sub" / stale, "half");
  // Not left by a server: another length, another alphabet, a directory, a link.
  Put(data_ / ".meanwhile-0123", "mine");
  Put(data_ / ".meanwhile-0123456789abcdef0123456789abcdeg", "mine");
  fs::create_directory(data_ / ".meanwhile-1123456789abcdef0123456789abcdef");
  fs::create_symlink("sub", data_ / ".meanwhile-2123456789abcdef0123456789abcdef");
  NewFile::RemoveStale(*DataDirectory::Open(data_));
  EXPECT_EQ(Names(), (std::set<std::string>{"sub", ".meanwhile-0123", ".meanwhile-0123456789abcdef0123456789abcdeg",
                                            ".meanwhile-1123456789abcdef0123456789abcdef",
                                            ".meanwhile-2123456789abcdef0123456789abcdef"}));
}

TEST_F(NewFileTest, LeavesAloneWhatAnotherServerIsWriting) {
  absl::StatusOr<NewFile> file = Create("file");
  ASSERT_TRUE(file.ok()) << file.status();
  NewFile::RemoveStale(*DataDirectory::Open(data_));
  ASSERT_EQ(file->Append("content"), absl::OkStatus());
  EXPECT_EQ(file->TakeName(), absl::OkStatus());
  EXPECT_EQ(Content(data_ / "file"), "content");
}

}  // namespace
}  // namespace meanwhile
