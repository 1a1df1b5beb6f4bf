#include "loadtest/report/html_report.h"

#include "absl/strings/str_replace.h"
#include "loadtest/report/html_template.h"
#include "loadtest/report/json_report.h"

namespace meanwhile {

std::string HtmlReport(const google::protobuf::Message& report) {
  // One pass over the template: what is put in is not looked at again, whatever it contains.
  return absl::StrReplaceAll(ReportHtml(), {
                                               {"/*report.css*/", ReportCss()},
                                               {"/*chart.min.js*/", ChartMinJs()},
                                               {"/*report_charts.js*/", ReportChartsJs()},
                                               {"/*report.js*/", ReportJs()},
                                               {"/*report_compare.js*/", ReportCompareJs()},
                                               {"/*report_run.js*/", ReportRunJs()},
                                               {"/*report_run_charts.js*/", ReportRunChartsJs()},
                                               {"/*report_search.js*/", ReportSearchJs()},
                                               {"/*report.json*/", JsonReport(report)},
                                           });
}

}  // namespace meanwhile
