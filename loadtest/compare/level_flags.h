// LevelFlags: the flags of `compare` that say at which loads servers are compared: so many calls in flight, or so many
// calls a second.
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_COMPARE_LEVEL_FLAGS_H_
#define MEANWHILE_LOADTEST_COMPARE_LEVEL_FLAGS_H_

#include <CLI/CLI.hpp>
#include <vector>

#include "loadtest/compare/comparison_run.h"

namespace meanwhile {

class LevelFlags {
 public:
  // Adds the flags. Both outlive the parsing.
  void Add(CLI::App& app, ComparisonOptions* comparison);

  // After the parsing: sets the levels. Throws UsageError where flags make no sense together.
  void Finish(ComparisonOptions* comparison) const;

 private:
  std::vector<Level> in_flight_ = {{100, {}}, {1000, {}}, {4000, {}}};
  std::vector<Level> rates_;
  CLI::Option* concurrency_option_ = nullptr;
  std::vector<CLI::Option*> open_loop_options_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_LEVEL_FLAGS_H_
