// From what was measured to what report.proto says. Pure functions, any thread.

#ifndef MEANWHILE_LOADTEST_LOAD_LOAD_REPORT_H_
#define MEANWHILE_LOADTEST_LOAD_LOAD_REPORT_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "loadtest/engine/call_source.h"
#include "loadtest/load/load_run.h"
#include "loadtest/measure/histogram.h"
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

// Fills what only a run tells: times by status, the histogram, the spectrum, its targets.
void SetDistributions(const LoadResult& result, v1::RunReport* report);

// Fills the figures of each method; nothing when there is one. `plan` is what was run.
void SetMethods(const LoadResult& result, const CallPlan& plan, v1::RunReport* report);

// Ten bars of equal width from the fastest call to p99, and one from there to the slowest, if it is slower. One bar
// when all are equal, none without calls.
std::vector<v1::HistogramBar> BarsOf(const Histogram& times);

// What to know before one uses the figures, in words; empty when there is nothing.
std::vector<std::string> ProblemsOf(const LoadResult& result);

// True when no connection to the target, or to one of them, stood any more when the measured time ended.
bool IsServerGone(const LoadResult& result);

// What the server spent between two looks, `elapsed` apart: for each call that it finished meanwhile. Peaks are those
// of its whole life.
v1::ServerUsage UsageBetween(const v1::GetServerStatsResponse& before, const v1::GetServerStatsResponse& after,
                             absl::Duration elapsed);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_LOAD_REPORT_H_
