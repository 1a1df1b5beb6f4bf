// `loadtest compare`: starts servers, puts the same load on each in turn, and tells how they differ.

#ifndef MEANWHILE_LOADTEST_COMPARE_COMMAND_H_
#define MEANWHILE_LOADTEST_COMPARE_COMMAND_H_

#include <CLI/CLI.hpp>
#include <memory>

#include "absl/synchronization/notification.h"

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

  CLI::App* const command_;
  const std::unique_ptr<Flags> flags_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_COMMAND_H_
