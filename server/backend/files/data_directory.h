// DataDirectory: a directory that no path leads out of.
//
// A path is relative and made of names: no empty part, no `.`, no `..`, no zero byte. Symbolic links are followed as
// long as they stay inside. The kernel sees to that while it walks the path (openat2 with RESOLVE_BENEATH, Linux 5.6),
// so a link that is put in the way at the last moment leads nowhere either.
//
// Owned by the FileStore. Thread: any; immutable.

#ifndef MEANWHILE_SERVER_BACKEND_FILES_DATA_DIRECTORY_H_
#define MEANWHILE_SERVER_BACKEND_FILES_DATA_DIRECTORY_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/backend/files/file_descriptor.h"

namespace meanwhile {

class DataDirectory {
 public:
  // How the names begin that unfinished files have; no path has them.
  static constexpr absl::string_view kReservedPrefix = ".meanwhile-";

  // Errors name the directory.
  static absl::StatusOr<DataDirectory> Open(const std::string& path);

  // Opens a regular file for reading. Errors as FileError says, FAILED_PRECONDITION for what is not a regular file.
  absl::StatusOr<FileDescriptor> OpenFile(absl::string_view path) const;

  // Where a path's file is, or would be: its directory, open, and its name there.
  struct Place {
    FileDescriptor directory;
    std::string name;
  };
  absl::StatusOr<Place> Find(absl::string_view path) const;

  const std::string& path() const { return path_; }

 private:
  DataDirectory(std::string path, FileDescriptor directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  // Opens `part`, the beginning of `path` or all of it.
  absl::StatusOr<FileDescriptor> OpenBeneath(absl::string_view part, int flags, absl::string_view path) const;

  std::string path_;
  FileDescriptor directory_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_FILES_DATA_DIRECTORY_H_
