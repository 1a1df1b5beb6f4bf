#include "server/backend/files/data_directory.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/backend/files/file_error.h"

namespace meanwhile {
namespace {

// A walk through `..` of a link gives up with EAGAIN when anything, anywhere, is renamed meanwhile.
constexpr int kAttempts = 100;

// -1 and errno, or a descriptor.
int OpenBeneathOnce(int directory, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof(how)));
}

absl::Status CheckPath(absl::string_view path) {
  const auto invalid = [path](absl::string_view problem) {
    return FileError(absl::StatusCode::kInvalidArgument, path, problem);
  };
  if (path.empty()) return invalid("must not be empty");
  if (path.front() == '/') return invalid("must be relative to the data directory");
  if (absl::StrContains(path, '\0')) return invalid("must not have a zero byte");
  for (const absl::string_view part : absl::StrSplit(path, '/')) {
    if (part.empty() || part == "." || part == "..") {
      return invalid(absl::StrCat("must not have a part \"", part, "\""));
    }
    if (absl::StartsWith(part, DataDirectory::kReservedPrefix)) {
      return invalid(absl::StrCat("names that begin with ", DataDirectory::kReservedPrefix, " are the server's"));
    }
  }
  return absl::OkStatus();
}

absl::Status CannotBeUsed(const std::string& path, int error) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", std::generic_category().message(error)));
}

}  // namespace

absl::StatusOr<DataDirectory> DataDirectory::Open(const std::string& path) {
  FileDescriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return CannotBeUsed(path, errno);
  const FileDescriptor probe(OpenBeneathOnce(directory.get(), ".", O_RDONLY | O_DIRECTORY));
  if (!probe.is_open() && (errno == ENOSYS || errno == EPERM)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path,
                     ": the kernel, or what contains this process, has no openat2 (Linux 5.6), "
                     "which keeps paths from leading out of it"));
  }
  if (!probe.is_open()) return CannotBeUsed(path, errno);
  return DataDirectory(path, std::move(directory));
}

absl::StatusOr<FileDescriptor> DataDirectory::OpenBeneath(absl::string_view part, int flags,
                                                          absl::string_view path) const {
  for (int attempt = 1;; ++attempt) {
    FileDescriptor opened(OpenBeneathOnce(directory_.get(), std::string(part), flags));
    if (opened.is_open()) return opened;
    const bool try_again = (errno == EAGAIN && attempt < kAttempts) || errno == EINTR;
    if (!try_again) return FileError(errno, path);
  }
}

absl::StatusOr<FileDescriptor> DataDirectory::OpenFile(absl::string_view path) const {
  if (absl::Status status = CheckPath(path); !status.ok()) return status;
  // O_NONBLOCK, or a pipe would hold the thread until somebody writes to it.
  absl::StatusOr<FileDescriptor> file = OpenBeneath(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, path);
  if (!file.ok()) return file.status();
  struct stat facts;
  if (fstat(file->get(), &facts) != 0) return FileError(errno, path);
  if (!S_ISREG(facts.st_mode)) return FileError(absl::StatusCode::kFailedPrecondition, path, "not a regular file");
  return file;
}

absl::StatusOr<DataDirectory::Place> DataDirectory::Find(absl::string_view path) const {
  if (absl::Status status = CheckPath(path); !status.ok()) return status;
  const size_t slash = path.rfind('/');
  const bool is_at_top = slash == absl::string_view::npos;
  absl::StatusOr<FileDescriptor> directory =
      OpenBeneath(is_at_top ? "." : path.substr(0, slash), O_RDONLY | O_DIRECTORY, path);
  if (!directory.ok()) return directory.status();
  return Place{*std::move(directory), std::string(is_at_top ? path : path.substr(slash + 1))};
}

}  // namespace meanwhile
