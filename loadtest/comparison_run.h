// RunComparison: all measurements of a comparison on this machine, one after another, and the report that they make.
//
// Thread: the main one, before it has started others: servers and pinning want it (see server_process.h, pinning.h).

#ifndef MEANWHILE_LOADTEST_COMPARISON_RUN_H_
#define MEANWHILE_LOADTEST_COMPARISON_RUN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "loadtest/load_run.h"
#include "loadtest/server_process.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

struct ComparisonOptions {
  // The first is compared with each other one. No two have the same name.
  std::vector<ServerCommand> servers;
  // Calls in flight, a level each; none twice.
  std::vector<uint32_t> in_flight;
  uint32_t rounds = 1;
  // Of each measurement. Target and calls in flight are set here.
  LoadOptions load;
  // What calls wait for, for the report; empty when each server knows for itself.
  std::string backend;
  // Whether servers and load tester get processors of their own.
  bool pin = true;
};

// Measures until all is done or `stopped` says otherwise; a report that was interrupted tells of the measurements that
// were finished. Shows the progress on stderr. Errors: those of MeasureServer, or the load tester could not be pinned.
absl::StatusOr<v1::ComparisonReport> RunComparison(const ComparisonOptions& options,
                                                   const std::function<bool()>& stopped);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARISON_RUN_H_
