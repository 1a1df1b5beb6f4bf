// Reports of earlier runs, compared with one another: what `compare --before a.json --after b.json` does. Each file is
// a round. CompareRuns is a pure function; any thread may call both.

#ifndef MEANWHILE_LOADTEST_COMPARE_EARLIER_RUNS_H_
#define MEANWHILE_LOADTEST_COMPARE_EARLIER_RUNS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

struct EarlierRun {
  // As it was written.
  std::string file;
  v1::RunReport report;
};

// What `run --json` wrote to `path`. The error is complete: FlagError of `flag` and `file`.
absl::StatusOr<EarlierRun> ReadEarlierRun(absl::string_view flag, const std::string& file, const std::string& path);

// The comparison of those after over those before, none of them empty. INVALID_ARGUMENT, naming both files and what
// differs, when they were not all made with the same load, or, unless `force`, on the same host. The report's problems
// tell of runs that are much longer than others, or were warmed up for much longer.
absl::StatusOr<v1::ComparisonReport> CompareRuns(const std::vector<EarlierRun>& before,
                                                 const std::vector<EarlierRun>& after, bool force);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_EARLIER_RUNS_H_
