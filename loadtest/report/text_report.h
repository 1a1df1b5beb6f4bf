// The reports as text for a terminal, at most 120 columns wide, ending in a newline.
//
// Figures are rounded for reading; problems and an invalid verdict are told first and again at the end, where a
// terminal stands when the command has finished. Pure functions, any thread.
#ifndef MEANWHILE_LOADTEST_REPORT_TEXT_REPORT_H_
#define MEANWHILE_LOADTEST_REPORT_TEXT_REPORT_H_

#include <string>

#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// `loadtest compare`: a table and a sentence for each level.
std::string TextReport(const v1::ComparisonReport& report);

// `loadtest run`: one measurement in full.
std::string TextReport(const v1::RunReport& report);

// `loadtest search`: the runs, and the answer.
std::string TextReport(const v1::SearchReport& report);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_TEXT_REPORT_H_
