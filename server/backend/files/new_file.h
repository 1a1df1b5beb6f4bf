// NewFile: a file on its way to take another's place, atomically and durably.
//
//   absl::StatusOr<NewFile> file = NewFile::Create(directory, "poems/tiger");
//   file->Append(...) ...
//   file->TakeName();  // Until here the target is as it was; from here on it is the new file.
//
// It is written under an unguessable name beside its target, in the directory that the target's path led to at first,
// and removed again unless it takes the target's name. A server that is killed in between leaves it there; RemoveStale,
// at the next start, tells it from those that other servers are writing by the lock (flock) that their writers hold.
//
// A target that is there keeps its permissions, and must be a regular file that the server may write to.
//
// Thread: one at a time.

#ifndef MEANWHILE_SERVER_BACKEND_FILES_NEW_FILE_H_
#define MEANWHILE_SERVER_BACKEND_FILES_NEW_FILE_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/backend/files/data_directory.h"
#include "server/backend/files/file_descriptor.h"

namespace meanwhile {

class NewFile {
 public:
  // Errors of this and of the other steps are as FileError says.
  static absl::StatusOr<NewFile> Create(const DataDirectory& directory, absl::string_view path);

  NewFile(NewFile&& other) = default;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  absl::Status Append(absl::string_view content);

  // Once OK is returned, the content and the name are on the disk.
  absl::Status TakeName();

  // Removes what killed servers have left under `directory`. What cannot be removed stays.
  static void RemoveStale(const DataDirectory& directory);

 private:
  NewFile(absl::string_view path, DataDirectory::Place target);

  // Makes the file, under a lock, with a name that nobody has.
  absl::Status CreateTemporary(mode_t mode);

  std::string path_;  // As the request gave it, for messages.
  DataDirectory::Place target_;
  std::string temporary_name_;
  // Open as long as there is something to remove.
  FileDescriptor file_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_FILES_NEW_FILE_H_
