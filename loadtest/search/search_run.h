// RunSearch: one load after another on a running server, as a RateSearch says, and the report that they make.
//
// Thread: any one; blocks.

#ifndef MEANWHILE_LOADTEST_SEARCH_SEARCH_RUN_H_
#define MEANWHILE_LOADTEST_SEARCH_SEARCH_RUN_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "loadtest/load/load_run.h"
#include "loadtest/load/schedule.h"
#include "loadtest/load/threshold.h"
#include "loadtest/search/rate_search.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

struct SearchOptions {
  // Of each run. The shape is set here.
  LoadOptions load;
  Arrival arrival;
  // All must hold, and the server keep up with the rate. At least one.
  std::vector<Threshold> objectives;
  RateSearchOptions rates;
};

// The load of the run with that number. Poisson arrivals are drawn anew for each: runs at the same rate are no copies.
LoadOptions LoadOf(const SearchOptions& options, double rate, std::size_t number);

// Searches until the rate is found or `stopped` says otherwise; a report that was interrupted tells of the runs that
// were finished. Shows the progress on stderr. An error when the target cannot be reached for the first run; if it is
// gone later, the report says so and is not valid.
absl::StatusOr<v1::SearchReport> RunSearch(const SearchOptions& options, const std::function<bool()>& stopped);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_SEARCH_SEARCH_RUN_H_
