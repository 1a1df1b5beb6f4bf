// Load shapes and arrivals as people write them:
//
//   --rps=500                         so many calls a second, without end
//   --load=ramp:100..5000/60s         from one rate to another in that time
//   --load=step:100,200,400/10s       one rate after another, each for that time
//   --load=spike:100..5000/10s,2s     10 s at the first rate, 2 s at the second, 10 s at the first
//   --load=SHAPE+SHAPE…               any of these, one after another
//   --load=replay:FILE                calls at the times of a file, one a line: `1.25s`, `80ms` or a number of seconds,
//                                     ascending; blank lines and what follows a # are passed over
//   --arrival=constant|poisson|burst:N
//
// Pure functions but for the file. Any thread.

#ifndef MEANWHILE_LOADTEST_LOAD_LOAD_SHAPE_H_
#define MEANWHILE_LOADTEST_LOAD_LOAD_SHAPE_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "loadtest/load/schedule.h"

namespace meanwhile {

// Calls a second. A shape may also pass through lower rates, down to 0.
inline constexpr double kLowestRate = 0.001;
inline constexpr double kHighestRate = 10'000'000;

// The errors are complete: FlagError with what the flag must be. `resolve_path` makes a path out of a file's name;
// without it a replay is refused.
absl::StatusOr<double> ParseRate(absl::string_view flag, absl::string_view text);
absl::StatusOr<LoadShape> ParseLoadShape(absl::string_view flag, absl::string_view text,
                                         const std::function<std::string(const std::string&)>& resolve_path);
absl::StatusOr<Arrival> ParseArrival(absl::string_view flag, absl::string_view text);

// As ParseArrival takes it.
std::string FormatArrival(const Arrival& arrival);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_LOAD_SHAPE_H_
