// A wait as it is written on a command line: KIND:PARAMETERS. The one kind is `simulated`, whose parameter is a
// duration or a backend specification as the server's --backend takes it:
//
//   simulated:50ms
//   simulated:normal:50ms,5ms
//
// Whether a specification makes sense is for the server to say. Pure function, any thread.

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
