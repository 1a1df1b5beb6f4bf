// A report as JSON: protobuf's mapping, so that report.proto is the schema of the file.
//
// Names are lowerCamelCase (`cells[].responseTime.p999`), numbers are numbers, and a field of a plain type is there
// also when it is zero; only what nobody measured is absent. Pure function, any thread.
#ifndef MEANWHILE_LOADTEST_REPORT_JSON_REPORT_H_
#define MEANWHILE_LOADTEST_REPORT_JSON_REPORT_H_

#include <string>

#include "google/protobuf/message.h"

namespace meanwhile {

// `report` on many lines, ending in a newline. No `<` is in it but as \u003c, so the text may stand inside an HTML
// script element.
std::string JsonReport(const google::protobuf::Message& report);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_JSON_REPORT_H_
