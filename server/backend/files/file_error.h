// What a failed system call on a file means to the client that named the file. The message has the path as the request
// gave it and never the server's own directories: `file poems/tiger: no such file`.

#ifndef MEANWHILE_SERVER_BACKEND_FILES_FILE_ERROR_H_
#define MEANWHILE_SERVER_BACKEND_FILES_FILE_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

// `error` is the call's errno.
absl::Status FileError(int error, absl::string_view path);

// The same in words of one's own.
absl::Status FileError(absl::StatusCode code, absl::string_view path, absl::string_view problem);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_FILES_FILE_ERROR_H_
