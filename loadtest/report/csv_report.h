// A report as CSV (RFC 4180: CRLF, quotes doubled): a head, then a row for each cell, full precision.
//
// The first column tells a `summary` over rounds from a single `round`. Times are seconds. What nobody measured is an
// empty field. New columns are added at the end, so that a reader by position keeps working. Pure functions, any
// thread.
#ifndef MEANWHILE_LOADTEST_REPORT_CSV_REPORT_H_
#define MEANWHILE_LOADTEST_REPORT_CSV_REPORT_H_

#include <string>

#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// The summaries, then the rounds.
std::string CsvReport(const v1::ComparisonReport& report);

// One summary.
std::string CsvReport(const v1::RunReport& report);

// The probes as rounds, in the order in which they were made.
std::string CsvReport(const v1::SearchReport& report);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_CSV_REPORT_H_
