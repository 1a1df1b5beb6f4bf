#include "loadtest/flags/output_files.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/flags.h"
#include "loadtest/report/csv_report.h"
#include "loadtest/report/html_report.h"
#include "loadtest/report/json_report.h"
#include "loadtest/report/report_file.h"

namespace meanwhile {
namespace {

template <typename Report>
absl::Status Write(const Report& report, const OutputFiles& files) {
  absl::Status status;
  if (!files.json.empty()) status.Update(WriteReportFile(files.json, JsonReport(report)));
  if (!files.csv.empty()) status.Update(WriteReportFile(files.csv, CsvReport(report)));
  if (!files.html.empty()) status.Update(WriteReportFile(files.html, HtmlReport(report)));
  return status;
}

}  // namespace

void AddOutputFlag(CLI::App& app, const std::string& flag, std::string* file, const std::string& description) {
  auto parse = [flag, file](const std::string& text) {
    const std::filesystem::path path = ResolvePath(text);
    const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
    std::error_code error;
    if (std::filesystem::is_directory(path, error) || !std::filesystem::is_directory(directory, error)) {
      return absl::InvalidArgumentError(FlagError(flag, text, "must be a file in a directory that exists"));
    }
    *file = path.string();
    return absl::OkStatus();
  };
  AddParsedFlag(app, flag, parse, "FILE", "", description);
}

void AddOutputFlags(CLI::App& app, OutputFiles* files) {
  AddOutputFlag(app, "--json", &files->json, "Write the results as JSON, by the schema in report.proto");
  AddOutputFlag(app, "--csv", &files->csv, "Write the results as a table");
  AddOutputFlag(app, "--html", &files->html, "Write the results as one page with charts that opens offline");
}

std::string ResolvePath(const std::string& path) {
  const char* const directory = std::getenv("BUILD_WORKING_DIRECTORY");
  return directory == nullptr ? path : (std::filesystem::path(directory) / path).string();
}

absl::Status PrintReport(const std::string& text) {
  errno = 0;
  std::cout << text << std::flush;
  if (std::cout) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write to stdout: ", std::strerror(errno)));
}

absl::Status WriteReport(const v1::RunReport& report, const OutputFiles& files) { return Write(report, files); }
absl::Status WriteReport(const v1::ComparisonReport& report, const OutputFiles& files) { return Write(report, files); }
absl::Status WriteReport(const v1::SearchReport& report, const OutputFiles& files) { return Write(report, files); }

}  // namespace meanwhile
