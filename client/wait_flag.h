// A wait as it is written on a command line, KIND:PARAMETERS:
//
//   simulated:50ms                 a duration
//   simulated:normal:50ms,5ms      a backend specification as the server's --backend takes it
//   file-read:PATH                 under the server's --data-dir
//   file-write:PATH=CONTENT        PATH ends at the first =
//   query:KEY                      a value of the server's database
//   store:KEY=VALUE                KEY ends at the first =
//   remote                         the --remote server's own backend
//   remote:WAIT                    any wait, there: remote:query:KEY
//
// Whether what it says makes sense is for the server to say. Pure function, any thread.

#ifndef MEANWHILE_CLIENT_WAIT_FLAG_H_
#define MEANWHILE_CLIENT_WAIT_FLAG_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "meanwhile/v1/meanwhile.pb.h"

namespace meanwhile {

// The error is complete: `--wait=50ms: must be simulated:SPEC, …`.
absl::StatusOr<v1::Wait> ParseWait(absl::string_view flag, absl::string_view text);

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_WAIT_FLAG_H_
