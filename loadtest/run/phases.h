// Phases of a load, as a configuration file lists them, one after another:
//
//   phases:
//     - rps: 100                      # calls a second, for so long
//       duration: 30s
//     - load: ramp:100..1000/1m       # or a shape, which has its own length
//     - rps: 1000
//       duration: 2m
//
// Pure function, any thread.

#ifndef MEANWHILE_LOADTEST_RUN_PHASES_H_
#define MEANWHILE_LOADTEST_RUN_PHASES_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/config_file.h"

namespace meanwhile {

// The same as `--load` takes it: `step:100/30s+ramp:100..1000/1m+step:1000/2m`. The error is a ConfigError of what is
// wrong.
absl::StatusOr<std::string> LoadOfPhases(const ConfigNode& phases);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_RUN_PHASES_H_
