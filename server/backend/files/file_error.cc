#include "server/backend/files/file_error.h"

#include <cerrno>
#include <string>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace meanwhile {

absl::Status FileError(absl::StatusCode code, absl::string_view path, absl::string_view problem) {
  return absl::Status(code, absl::StrCat("file ", absl::Utf8SafeCEscape(path), ": ", problem));
}

absl::Status FileError(int error, absl::string_view path) {
  switch (error) {
    case ENOENT:
      return FileError(absl::StatusCode::kNotFound, path, "no such file");
    case ENOTDIR:
      return FileError(absl::StatusCode::kNotFound, path, "a part of it is not a directory");
    case EACCES:
    case EPERM:
      return FileError(absl::StatusCode::kPermissionDenied, path, "the server may not");
    case EROFS:
      return FileError(absl::StatusCode::kPermissionDenied, path, "the file system is read-only");
    case EXDEV:
      return FileError(absl::StatusCode::kInvalidArgument, path, "leads out of the data directory");
    case ELOOP:
      return FileError(absl::StatusCode::kInvalidArgument, path, "leads through a link that is not to be followed");
    case ENAMETOOLONG:
      return FileError(absl::StatusCode::kInvalidArgument, path, "the name is too long");
    case EISDIR:
    case ENXIO:  // A socket, or a device that is not there.
    case ENODEV:
      return FileError(absl::StatusCode::kFailedPrecondition, path, "not a regular file");
    case ENOSPC:
    case EDQUOT:
      return FileError(absl::StatusCode::kResourceExhausted, path, "the disk is full");
    case EFBIG:
      return FileError(absl::StatusCode::kOutOfRange, path, "larger than the system lets a file be");
    case EMFILE:
    case ENFILE:
      return FileError(absl::StatusCode::kResourceExhausted, path, "too many files are open");
    case EAGAIN:  // openat2: something was renamed on the way, again and again.
      return FileError(absl::StatusCode::kUnavailable, path, "its directories are being changed");
    default:
      return FileError(absl::StatusCode::kInternal, path, std::generic_category().message(error));
  }
}

}  // namespace meanwhile
