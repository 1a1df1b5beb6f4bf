// `loadtest search TARGET --slo=…`: the highest rate at which a running server keeps its promises.

#ifndef MEANWHILE_LOADTEST_SEARCH_SEARCH_COMMAND_H_
#define MEANWHILE_LOADTEST_SEARCH_SEARCH_COMMAND_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

#include "absl/synchronization/notification.h"

namespace meanwhile {

class SearchCommand {
 public:
  // Adds the subcommand. The command outlives the parsing.
  explicit SearchCommand(CLI::App& app);
  ~SearchCommand();

  // Whether the command line named it.
  bool chosen() const;

  // Searches, and tells the result on stdout and in the files that were asked for. Gives the exit code. `stop` ends it
  // early. Blocks.
  int Execute(const absl::Notification& stop);

 private:
  struct Flags;

  void AddSearchFlags();
  // Gives those that only Fetch understands.
  std::vector<const CLI::Option*> AddCallFlags();

  CLI::App* const command_;
  const std::unique_ptr<Flags> flags_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_SEARCH_SEARCH_COMMAND_H_
