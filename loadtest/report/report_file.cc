#include "loadtest/report/report_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

absl::Status CannotWrite(const std::string& path, int error) {
  return absl::ErrnoToStatus(error, absl::StrCat("cannot write ", path));
}

// Opens `file`, writes and closes it. Returns 0 or the errno of what failed.
int WriteAll(const std::string& file, int flags, absl::string_view contents, bool sync) {
  const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC | flags, 0666);
  if (fd < 0) return errno;
  int error = 0;
  while (!contents.empty() && error == 0) {
    const ssize_t written = write(fd, contents.data(), contents.size());
    if (written >= 0) {
      contents.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  // Without it a crash of the machine after the rename could leave an empty file under the name.
  if (sync && error == 0 && fsync(fd) != 0) error = errno;
  if (close(fd) != 0 && error == 0) error = errno;
  return error;
}

}  // namespace

absl::Status WriteReportFile(const std::string& path, absl::string_view contents) {
  struct stat existing;
  std::string target = path;
  if (stat(path.c_str(), &existing) == 0) {
    if (!S_ISREG(existing.st_mode)) {
      const int error = WriteAll(path, 0, contents, /*sync=*/false);
      return error == 0 ? absl::OkStatus() : CannotWrite(path, error);
    }
    // Through a symbolic link the file it points to is replaced, and the link stays.
    std::error_code ignored;
    target = std::filesystem::canonical(path, ignored).string();
    if (ignored) target = path;
  }

  const std::string partial = absl::StrCat(target, ".", getpid(), ".partial");
  int error = WriteAll(partial, O_CREAT | O_TRUNC, contents, /*sync=*/true);
  if (error == 0 && std::rename(partial.c_str(), target.c_str()) != 0) error = errno;
  if (error != 0) {
    unlink(partial.c_str());
    return CannotWrite(path, error);
  }
  return absl::OkStatus();
}

}  // namespace meanwhile
