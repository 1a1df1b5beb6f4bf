// `loadtest compare`: puts the same load on each of some servers in turn, most of them started by it, and tells how
// they differ; or how reports of earlier runs do.

#ifndef MEANWHILE_LOADTEST_COMPARE_COMPARE_COMMAND_H_
#define MEANWHILE_LOADTEST_COMPARE_COMPARE_COMMAND_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "loadtest/load/load_run.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

class CompareCommand {
 public:
  // Adds the subcommand. The command outlives the parsing.
  explicit CompareCommand(CLI::App& app);
  ~CompareCommand();

  // Whether the command line named it.
  bool chosen() const;

  // Measures all rounds and tells the result on stdout and in the files that were asked for. Gives the exit code.
  // `stop` ends it early. Blocks; call it on the main thread, which the servers' lives are tied to.
  int Execute(const absl::Notification& stop);

 private:
  struct Flags;

  void AddCallFlags();
  void AddMeasurementFlags();
  void AddEarlierRunFlags();
  // After the parsing: what follows from several flags.
  void Finish();
  absl::Status PrepareCalls(const std::function<bool()>& stopped, LoadOptions* load);
  absl::StatusOr<v1::ComparisonReport> Measure(const absl::Notification& stop);

  CLI::App* const command_;
  const std::unique_ptr<Flags> flags_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_COMPARE_COMMAND_H_
