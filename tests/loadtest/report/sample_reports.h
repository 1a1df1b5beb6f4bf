// Made-up reports for the tests of the report writers. Their figures are round and no measurement.
#ifndef MEANWHILE_TESTS_LOADTEST_REPORT_SAMPLE_REPORTS_H_
#define MEANWHILE_TESTS_LOADTEST_REPORT_SAMPLE_REPORTS_H_

#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// Two models at 100 and 4,000 in flight, two rounds of one of them, errors of `thread` at 4,000.
v1::ComparisonReport SampleComparison();

// 1,000 in flight against a server that is seen, a few errors.
v1::RunReport SampleRun();

// The same as an open loop: some calls not sent, one threshold passed, one failed.
v1::RunReport SampleOpenRun();

// SampleRun of two methods, and of a third that no call reached.
v1::RunReport SampleMixRun();

// Three runs of a search that found a rate.
v1::SearchReport SampleSearch();

// Text that means something in HTML, CSV, JSON or on a terminal.
inline constexpr char kHostile[] = "a</script>\"b\",'c'\n<!--\\\x1b[31m";

// SampleComparison with kHostile wherever a stranger's text can stand.
v1::ComparisonReport HostileComparison();

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_LOADTEST_REPORT_SAMPLE_REPORTS_H_
