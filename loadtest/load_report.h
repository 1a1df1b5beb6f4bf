// From what was measured to what report.proto says. Pure functions, any thread.

#ifndef MEANWHILE_LOADTEST_LOAD_REPORT_H_
#define MEANWHILE_LOADTEST_LOAD_REPORT_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "loadtest/histogram.h"
#include "loadtest/load_run.h"
#include "meanwhile/v1/admin.pb.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

v1::LatencySummary SummaryOf(const Histogram& latencies);

// Fills the fields that say how the calls went and what the load tester spent: all of a measurement but the model, what
// was asked for, the server's usage and the ideal share. `Report` is v1::Cell or v1::RunReport.
template <typename Report>
void SetMeasured(const LoadResult& result, Report* report);

extern template void SetMeasured(const LoadResult&, v1::Cell*);
extern template void SetMeasured(const LoadResult&, v1::RunReport*);

// What to know before one uses the figures, in words; empty when there is nothing.
std::vector<std::string> ProblemsOf(const LoadResult& result);

// True when no connection stood any more when the measured time ended.
bool IsServerGone(const LoadResult& result);

// True when the load tester's own processors were full, so that it was the limit and not the server.
bool IsClientLimited(const LoadResult& result);

// What the server spent between two looks, `elapsed` apart: for each call that it finished meanwhile. Peaks are those
// of its whole life.
v1::ServerUsage UsageBetween(const v1::GetServerStatsResponse& before, const v1::GetServerStatsResponse& after,
                             absl::Duration elapsed);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_REPORT_H_
