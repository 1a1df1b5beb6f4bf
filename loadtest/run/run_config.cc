#include "loadtest/run/run_config.h"

#include "client/config_flag.h"
#include "loadtest/flags/call_config.h"
#include "loadtest/flags/output_files.h"
#include "loadtest/run/phases.h"

namespace meanwhile {

CLI::Option* AddRunConfigFlag(CLI::App& app, CallFlags* call_flags) {
  ConfigRules rules;
  AddCallRules(call_flags, &rules);
  for (const char* closed : {"concurrency", "think-time"}) {
    rules.replaces[closed] = {"rps", "load", "phases", "arrival", "max-in-flight", "max-dispatch-delay"};
  }
  rules.replaces["rps"] = {"concurrency", "think-time", "load", "phases"};
  rules.replaces["load"] = {"concurrency", "think-time", "rps"};
  rules.keys["phases"] = {"load", LoadOfPhases};
  return AddConfigFlag(app, rules, ResolvePath);
}

}  // namespace meanwhile
