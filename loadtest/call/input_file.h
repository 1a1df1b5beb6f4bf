// What is in a file that a flag names. Any thread.

#ifndef MEANWHILE_LOADTEST_CALL_INPUT_FILE_H_
#define MEANWHILE_LOADTEST_CALL_INPUT_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

// The error is complete: `--data-file=calls.json: No such file or directory`.
absl::StatusOr<std::string> ReadInputFile(absl::string_view flag, const std::string& path);

// The same of what comes on stdin.
absl::StatusOr<std::string> ReadStandardInput(absl::string_view flag);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_CALL_INPUT_FILE_H_
