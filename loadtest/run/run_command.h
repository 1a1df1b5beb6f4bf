// `loadtest run TARGET`: one measurement of a running server.

#ifndef MEANWHILE_LOADTEST_RUN_RUN_COMMAND_H_
#define MEANWHILE_LOADTEST_RUN_RUN_COMMAND_H_

#include <CLI/CLI.hpp>
#include <memory>

#include "absl/synchronization/notification.h"

namespace meanwhile {

class RunCommand {
 public:
  // Adds the subcommand. The command outlives the parsing.
  explicit RunCommand(CLI::App& app);
  ~RunCommand();

  // Whether the command line named it.
  bool chosen() const;

  // Measures, and tells the result on stdout and in the files that were asked for. Gives the exit code. `stop` ends it
  // early. Blocks.
  int Execute(const absl::Notification& stop);

 private:
  struct Flags;

  CLI::App* const command_;
  const std::unique_ptr<Flags> flags_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_RUN_RUN_COMMAND_H_
