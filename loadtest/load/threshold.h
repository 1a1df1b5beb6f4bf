// Thresholds: what a run must fulfil, as people write it, and whether it did.
//
//   p99<80ms        a percentile of the response times, with any number of digits: p50, p99.9, p99.999
//   mean<=20ms      or max
//   errors<0.1%     the share of the calls that failed; errors<10 is their number
//   not-sent<1%     the same of the calls that an open loop did not send
//   rate>=10000     successful calls a second
//   p99{NAME}<80ms  any of these but not-sent of one method of a mix, by the name that reports have for it
//
// The comparison is one of <, <=, >, >=. Pure functions, any thread.

#ifndef MEANWHILE_LOADTEST_LOAD_THRESHOLD_H_
#define MEANWHILE_LOADTEST_LOAD_THRESHOLD_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "loadtest/engine/call_source.h"
#include "loadtest/load/load_run.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

struct Threshold {
  enum class Metric { kQuantile, kMean, kMax, kErrors, kErrorShare, kNotSent, kNotSentShare, kRate };
  enum class Comparison { kLess, kAtMost, kMore, kAtLeast };

  std::string text;
  Metric metric;
  double quantile = 0;  // Of kQuantile.
  std::string method;   // Empty for all calls.
  Comparison comparison;
  double bound = 0;  // Seconds, a share of 1, a number, or calls a second.

  bool Holds(double actual) const;
};

// The error is complete: FlagError with the forms above.
absl::StatusOr<Threshold> ParseThreshold(absl::string_view flag, absl::string_view text);

// One that can be judged while the run goes on: of errors, with > or >=.
absl::StatusOr<Threshold> ParseAbortCondition(absl::string_view flag, absl::string_view text);

// Whether the plan has each method that a threshold names, by the name that reports will have for it; one alone is not
// told apart. The error is complete. `plan` is null for calls of Fetch.
absl::Status CheckMethods(absl::string_view flag, const std::vector<Threshold>& thresholds, const CallPlan* plan);

// Each threshold's verdict. One of times fails when no call ended, one of a method that was not told apart always.
std::vector<v1::ThresholdVerdict> Judge(const std::vector<Threshold>& thresholds, const LoadResult& result);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_THRESHOLD_H_
