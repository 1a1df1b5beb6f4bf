#include "loadtest/run_config.h"

#include "client/config_flag.h"
#include "loadtest/output_files.h"
#include "loadtest/phases.h"

namespace meanwhile {

CLI::Option* AddRunConfigFlag(CLI::App& app) {
  ConfigRules rules;
  rules.alternatives = {"concurrency", "load", "phases", "rps", "think-time"};
  rules.list_key = "phases";
  rules.list_flag = "load";
  rules.parse_list = LoadOfPhases;
  return AddConfigFlag(app, rules, ResolvePath);
}

}  // namespace meanwhile
