// How `loadtest` ends. Scripts rely on these numbers.

#ifndef MEANWHILE_LOADTEST_FLAGS_EXIT_CODES_H_
#define MEANWHILE_LOADTEST_FLAGS_EXIT_CODES_H_

#include <iostream>

#include "absl/status/status.h"
#include "client/flags.h"

namespace meanwhile {

enum ExitCode {
  kExitGood = 0,
  // The run could not be made, or says nothing: a target that cannot be reached, a report that cannot be written.
  kExitFailed = 1,
  kExitUsage = kUsageExitCode,
  // A threshold does not hold, or the condition to abort does.
  kExitThresholdFailed = 99,
  // By Ctrl-C or SIGTERM; what was measured until then was told.
  kExitInterrupted = 105,
  // The load tester was the limit: the figures say nothing about the server.
  kExitClientLimited = 106,
};

// Tells the error on stderr, and gives the code to end with.
inline int Fail(const absl::Status& status, int exit_code) {
  std::cerr << "loadtest: " << status.message() << "\n";
  return exit_code;
}

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_EXIT_CODES_H_
