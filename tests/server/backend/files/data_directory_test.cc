#include "server/backend/files/data_directory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;

void Put(const fs::path& file, const std::string& content) { std::ofstream(file) << content; }

// A data directory, and secrets beside it.
//
//   secret          directory/secret
//   data/plain      data/sub/inner
class DataDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string root = testing::TempDir() + "/data_directory.XXXXXX";
    ASSERT_NE(mkdtemp(root.data()), nullptr);
    root_ = root;
    fs::create_directories(data() / "sub");
    fs::create_directories(root_ / "directory");
    Put(root_ / "secret", "secret");
    Put(root_ / "directory" / "secret", "secret");
    Put(data() / "plain", "plain");
    Put(data() / "sub" / "inner", "inner");
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path data() const { return root_ / "data"; }

  DataDirectory Opened() const { return *DataDirectory::Open(data()); }

  // What is in the file, or why it is not to be had.
  absl::StatusOr<std::string> Content(absl::string_view path) const {
    const absl::StatusOr<FileDescriptor> file = Opened().OpenFile(path);
    if (!file.ok()) return file.status();
    std::array<char, 64> buffer;
    const ssize_t got = read(file->get(), buffer.data(), buffer.size());
    return std::string(buffer.data(), got);
  }

  fs::path root_;
};

TEST_F(DataDirectoryTest, OpensFilesInsideAndBelow) {
  EXPECT_EQ(*Content("plain"), "plain");
  EXPECT_EQ(*Content("sub/inner"), "inner");
  Put(data() / "..dots", "dots");
  EXPECT_EQ(*Content("..dots"), "dots");
}

TEST_F(DataDirectoryTest, RefusesPathsThatAreNotPathsOfNames) {
  const std::string secret = (root_ / "secret").string();
  const std::string inside = (data() / "plain").string();
  const struct {
    absl::string_view path;
    absl::string_view problem;
  } kCases[] = {
      {"", "must not be empty"},
      {"/", "must be relative to the data directory"},
      {secret, "must be relative to the data directory"},
      {inside, "must be relative to the data directory"},
      {"//plain", "must be relative to the data directory"},
      {"..", "must not have a part \"..\""},
      {"../secret", "must not have a part \"..\""},
      {"sub/../../secret", "must not have a part \"..\""},
      {"sub/../plain", "must not have a part \"..\""},
      {"sub/..", "must not have a part \"..\""},
      {".", "must not have a part \".\""},
      {"./plain", "must not have a part \".\""},
      {"sub/./inner", "must not have a part \".\""},
      {"sub//inner", "must not have a part \"\""},
      {"plain/", "must not have a part \"\""},
      {absl::string_view("plain\0", 6), "must not have a zero byte"},
      {absl::string_view("plain\0/../../secret", 19), "must not have a zero byte"},
      {".meanwhile-0", "names that begin with .meanwhile- are the server's"},
      {"sub/.meanwhile-0", "names that begin with .meanwhile- are the server's"},
      {".meanwhile-0/file", "names that begin with .meanwhile- are the server's"},
  };
  for (const auto& [path, problem] : kCases) {
    const absl::Status read = Content(path).status();
    EXPECT_EQ(read.code(), StatusCode::kInvalidArgument) << path;
    EXPECT_TRUE(absl::EndsWith(read.message(), problem)) << read.message();
    EXPECT_EQ(Opened().Find(path).status(), read) << path;
  }
}

TEST_F(DataDirectoryTest, RefusesLinksThatLeadOut) {
  fs::create_symlink(root_ / "secret", data() / "absolute");
  fs::create_symlink("../secret", data() / "relative");
  fs::create_symlink("sub/../../secret", data() / "through");
  fs::create_symlink("relative", data() / "chain");
  fs::create_symlink(data() / "plain", data() / "absolute_inside");
  fs::create_directory_symlink(root_ / "directory", data() / "absolute_directory");
  fs::create_directory_symlink("../directory", data() / "relative_directory");
  fs::create_directory_symlink("../..", data() / "sub" / "up");
  fs::create_directory_symlink("/", data() / "root");
  const absl::string_view kPaths[] = {
      "absolute",
      "relative",
      "through",
      "chain",
      "absolute_inside",
      "absolute_directory/secret",
      "relative_directory/secret",
      "sub/up/secret",
      "root/etc/passwd",
  };
  for (const absl::string_view path : kPaths) {
    const absl::Status status = Content(path).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(status.message(), absl::StrCat("file ", path, ": leads out of the data directory"));
    if (absl::StrContains(path, '/')) {
      EXPECT_EQ(Opened().Find(path).status(), status) << path;
    }
  }
}

TEST_F(DataDirectoryTest, RefusesTheKernelsMagicLinks) {
  // A descriptor of the root directory, which a link of /proc would lead to whatever its path.
  const DataDirectory proc = *DataDirectory::Open("/proc");
  const int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(root, 0);
  const std::string path = absl::StrCat(getpid(), "/fd/", root, "/etc/passwd");
  EXPECT_EQ(proc.OpenFile(path).status().code(), StatusCode::kInvalidArgument);
  close(root);
}

TEST_F(DataDirectoryTest, FollowsLinksThatStayInside) {
  fs::create_symlink("sub/inner", data() / "link");
  fs::create_symlink("../plain", data() / "sub" / "up");
  fs::create_directory_symlink("sub", data() / "directory_link");
  EXPECT_EQ(*Content("link"), "inner");
  EXPECT_EQ(*Content("sub/up"), "plain");
  EXPECT_EQ(*Content("directory_link/inner"), "inner");
}

TEST_F(DataDirectoryTest, ALinkPutInTheWayAtTheLastMomentLeadsNowhere) {
  // A directory and a link that leads out change places all the time.
  fs::create_directories(data() / "door");
  Put(data() / "door" / "secret", "inside");
  fs::create_directory_symlink("../directory", data() / "trap");
  const std::string door = data() / "door";
  const std::string trap = data() / "trap";
  std::atomic<bool> done = false;
  std::thread swapping([&] {
    while (!done) renameat2(AT_FDCWD, door.c_str(), AT_FDCWD, trap.c_str(), RENAME_EXCHANGE);
  });
  int inside = 0;
  int refused = 0;
  for (int i = 0; i < 1'000'000 && (i < 20'000 || inside == 0 || refused == 0); ++i) {
    const absl::StatusOr<std::string> content = Content("door/secret");
    if (content.ok()) {
      ASSERT_EQ(*content, "inside");
      ++inside;
    } else {
      ++refused;
    }
  }
  done = true;
  swapping.join();
  EXPECT_GT(inside, 0);
  EXPECT_GT(refused, 0);
}

TEST_F(DataDirectoryTest, ItStaysTheSameDirectoryWhenItIsRenamed) {
  const DataDirectory directory = Opened();
  fs::rename(data(), root_ / "renamed");
  EXPECT_TRUE(directory.OpenFile("plain").ok());
}

TEST_F(DataDirectoryTest, RefusesWhatIsNotARegularFileWithoutBlocking) {
  ASSERT_EQ(mkfifo((data() / "pipe").c_str(), 0600), 0);
  fs::create_symlink("pipe", data() / "link_to_pipe");
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const int directory = open(data().c_str(), O_PATH | O_CLOEXEC);
  std::snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", directory);
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(bind(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  for (const absl::string_view path : {"pipe", "link_to_pipe", "socket", "sub"}) {
    const absl::Status status = Content(path).status();
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status;
    EXPECT_EQ(status.message(), absl::StrCat("file ", path, ": not a regular file"));
  }
  close(server);
  close(directory);
  const DataDirectory devices = *DataDirectory::Open("/dev");
  EXPECT_EQ(devices.OpenFile("null").status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(DataDirectoryTest, SaysWhatIsMissing) {
  EXPECT_EQ(Content("missing").status(), absl::NotFoundError("file missing: no such file"));
  EXPECT_EQ(Content("missing/file").status(), absl::NotFoundError("file missing/file: no such file"));
  EXPECT_EQ(Content("plain/file").status(), absl::NotFoundError("file plain/file: a part of it is not a directory"));
  fs::create_symlink("loop", data() / "loop");
  EXPECT_EQ(Content("loop").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Content(std::string(300, 'x')).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(DataDirectoryTest, FindsWhereAFileWouldBe) {
  const absl::StatusOr<DataDirectory::Place> top = Opened().Find("new");
  ASSERT_TRUE(top.ok()) << top.status();
  EXPECT_EQ(top->name, "new");
  EXPECT_EQ(faccessat(top->directory.get(), "plain", F_OK, 0), 0);
  const absl::StatusOr<DataDirectory::Place> below = Opened().Find("sub/new");
  ASSERT_TRUE(below.ok()) << below.status();
  EXPECT_EQ(below->name, "new");
  EXPECT_EQ(faccessat(below->directory.get(), "inner", F_OK, 0), 0);
  EXPECT_EQ(Opened().Find("missing/new").status().code(), StatusCode::kNotFound);
}

TEST_F(DataDirectoryTest, IsADirectory) {
  EXPECT_EQ(DataDirectory::Open(data() / "missing").status().message(),
            (data() / "missing").string() + ": No such file or directory");
  EXPECT_EQ(DataDirectory::Open(data() / "plain").status().message(),
            (data() / "plain").string() + ": Not a directory");
}

}  // namespace
}  // namespace meanwhile
