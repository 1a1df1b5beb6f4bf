#include "server/backend/files/new_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/backend/files/file_error.h"

namespace meanwhile {
namespace {

constexpr mode_t kPermissions = 0777;
constexpr mode_t kPermissionsOfNew = 0644;

constexpr std::size_t kRandomBytes = 16;

// Empty when the system has no random numbers.
std::string UnguessableName() {
  std::array<char, kRandomBytes> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return std::string();
  return absl::StrCat(DataDirectory::kReservedPrefix, absl::BytesToHexString({bytes.data(), bytes.size()}));
}

bool IsUnguessableName(absl::string_view name) {
  return absl::ConsumePrefix(&name, DataDirectory::kReservedPrefix) && name.size() == 2 * kRandomBytes &&
         std::all_of(name.begin(), name.end(), absl::ascii_isxdigit);
}

}  // namespace

NewFile::NewFile(absl::string_view path, DataDirectory::Place target) : path_(path), target_(std::move(target)) {}

NewFile::~NewFile() {
  if (file_.is_open()) unlinkat(target_.directory.get(), temporary_name_.c_str(), 0);
}

absl::StatusOr<NewFile> NewFile::Create(const DataDirectory& directory, absl::string_view path) {
  absl::StatusOr<DataDirectory::Place> target = directory.Find(path);
  if (!target.ok()) return target.status();
  NewFile file(path, *std::move(target));
  const int parent = file.target_.directory.get();
  const char* const name = file.target_.name.c_str();

  mode_t mode = kPermissionsOfNew;
  struct stat old;
  const bool replaces = fstatat(parent, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
  if (!replaces && errno != ENOENT) return FileError(errno, path);
  if (replaces) {
    if (!S_ISREG(old.st_mode)) return FileError(absl::StatusCode::kFailedPrecondition, path, "not a regular file");
    // Taking its place needs no permission to write to it, but whoever has withdrawn that means it.
    if (faccessat(parent, name, W_OK, AT_EACCESS) != 0) return FileError(errno, path);
    mode = old.st_mode & kPermissions;
  }
  if (absl::Status status = file.CreateTemporary(mode); !status.ok()) return status;
  // Past the umask.
  if (replaces && fchmod(file.file_.get(), mode) != 0) return FileError(errno, path);
  return file;
}

absl::Status NewFile::CreateTemporary(mode_t mode) {
  while (true) {
    temporary_name_ = UnguessableName();
    if (temporary_name_.empty()) return FileError(errno, path_);
    FileDescriptor file(
        openat(target_.directory.get(), temporary_name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file.is_open() && errno == EINTR) continue;
    if (!file.is_open()) return FileError(errno, path_);
    flock(file.get(), LOCK_EX);  // Where there are no locks, nothing is found to be stale either.
    struct stat facts;
    // RemoveStale of another server may have come between the last two steps.
    if (fstat(file.get(), &facts) == 0 && facts.st_nlink == 0) continue;
    file_ = std::move(file);
    return absl::OkStatus();
  }
}

absl::Status NewFile::Append(absl::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(file_.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError(errno, path_);
    content.remove_prefix(written);
  }
  return absl::OkStatus();
}

absl::Status NewFile::TakeName() {
  const int parent = target_.directory.get();
  if (fsync(file_.get()) != 0) return FileError(errno, path_);
  if (renameat(parent, temporary_name_.c_str(), parent, target_.name.c_str()) != 0) return FileError(errno, path_);
  file_ = FileDescriptor();
  if (fsync(parent) != 0) return FileError(errno, path_);
  return absl::OkStatus();
}

void NewFile::RemoveStale(const DataDirectory& directory) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(
      directory.path(), std::filesystem::directory_options::skip_permission_denied, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    if (!IsUnguessableName(entry->path().filename().native())) continue;
    const FileDescriptor file(open(entry->path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat facts;
    if (!file.is_open() || fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) continue;
    if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) unlink(entry->path().c_str());
  }
}

}  // namespace meanwhile
