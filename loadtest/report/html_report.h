// A report as one HTML file with charts, which opens offline: style, scripts and data are inside.
//
// The page is report.html with the style, Chart.js, our scripts and the report's JSON put in their places. The scripts
// draw everything from that JSON, so whoever has the page has the data too. Pure function, any thread.
#ifndef MEANWHILE_LOADTEST_REPORT_HTML_REPORT_H_
#define MEANWHILE_LOADTEST_REPORT_HTML_REPORT_H_

#include <string>

#include "google/protobuf/message.h"

namespace meanwhile {

// The page of a ComparisonReport, a RunReport or a SearchReport.
std::string HtmlReport(const google::protobuf::Message& report);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_HTML_REPORT_H_
