// ScenarioFlag: `--scenario` of `compare`: what calls do, a scenario by its name or a file that says what the calls
// are.
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_COMPARE_SCENARIO_FLAG_H_
#define MEANWHILE_LOADTEST_COMPARE_SCENARIO_FLAG_H_

#include <CLI/CLI.hpp>
#include <string>

#include "loadtest/compare/scenario.h"
#include "loadtest/flags/call_flags.h"

namespace meanwhile {

class ScenarioFlag {
 public:
  // Adds the flag. The object outlives the parsing.
  void Add(CLI::App& app);

  // After the parsing, and before Finish of `call_flags`, which are given what the file says. Throws what
  // client/flags.h takes for bad usage or a wrong file.
  void Finish(CLI::App& app, CallFlags* call_flags);

  // What no file says.
  Scenario scenario() const { return scenario_; }
  // The name or the file; empty when other flags say what the calls are.
  std::string text() const { return text_; }
  bool is_file() const { return is_file_; }
  const CLI::Option* option() const { return option_; }

 private:
  Scenario scenario_ = Scenario::kWaiting;
  std::string text_ = "waiting";
  bool is_file_ = false;
  CLI::Option* option_ = nullptr;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_SCENARIO_FLAG_H_
