// Writing a report to a file so that whoever reads the file sees the old one or the whole new one, never half of it.
#ifndef MEANWHILE_LOADTEST_REPORT_REPORT_FILE_H_
#define MEANWHILE_LOADTEST_REPORT_REPORT_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

// Writes `contents` to the file `path`, in place of what was there: first to a new file beside it, which then takes its
// name. What is no regular file, such as a pipe or /dev/stdout, is written to as it is. The error names the file. Any
// thread; blocks on the disk.
absl::Status WriteReportFile(const std::string& path, absl::string_view contents);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_REPORT_FILE_H_
