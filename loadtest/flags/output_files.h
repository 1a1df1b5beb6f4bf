// The files that a report is written to: --json, --csv and --html, any of them at once. Thread: any.

#ifndef MEANWHILE_LOADTEST_FLAGS_OUTPUT_FILES_H_
#define MEANWHILE_LOADTEST_FLAGS_OUTPUT_FILES_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/status/status.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

struct OutputFiles {
  // Empty for a file that is not wanted.
  std::string json;
  std::string csv;
  std::string html;
};

// Adds a flag for a file to write, FILE; the path is checked as below.
void AddOutputFlag(CLI::App& app, const std::string& flag, std::string* file, const std::string& description);

// Adds the three flags. A path whose directory does not exist is refused while flags are parsed, not after the run.
// `files` outlives the parsing.
void AddOutputFlags(CLI::App& app, OutputFiles* files);

// A path as it was meant: `bazel run` starts programs in a directory of its own and tells in BUILD_WORKING_DIRECTORY
// where the person stands.
std::string ResolvePath(const std::string& path);

// On stdout.
absl::Status PrintReport(const std::string& text);

// Writes each wanted file. The first error, which names the file; the other files are written all the same.
absl::Status WriteReport(const v1::RunReport& report, const OutputFiles& files);
absl::Status WriteReport(const v1::ComparisonReport& report, const OutputFiles& files);
absl::Status WriteReport(const v1::SearchReport& report, const OutputFiles& files);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_OUTPUT_FILES_H_
