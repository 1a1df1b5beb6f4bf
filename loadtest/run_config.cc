#include "loadtest/run_config.h"

#include "client/config_flag.h"
#include "loadtest/output_files.h"
#include "loadtest/phases.h"

namespace meanwhile {

CLI::Option* AddRunConfigFlag(CLI::App& app) {
  ConfigRules rules;
  for (const char* closed : {"concurrency", "think-time"}) {
    rules.replaces[closed] = {"rps", "load", "phases", "arrival", "max-in-flight", "max-dispatch-delay"};
  }
  rules.replaces["rps"] = {"concurrency", "think-time", "load", "phases"};
  rules.replaces["load"] = {"concurrency", "think-time", "rps"};
  rules.list_key = "phases";
  rules.list_flag = "load";
  rules.parse_list = LoadOfPhases;
  return AddConfigFlag(app, rules, ResolvePath);
}

}  // namespace meanwhile
