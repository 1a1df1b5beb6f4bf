#include "loadtest/run_config.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/config_flag.h"
#include "loadtest/call/mix_file.h"
#include "loadtest/output_files.h"
#include "loadtest/phases.h"

namespace meanwhile {

CLI::Option* AddRunConfigFlag(CLI::App& app, CallFlags* call_flags) {
  ConfigRules rules;
  for (const char* closed : {"concurrency", "think-time"}) {
    rules.replaces[closed] = {"rps", "load", "phases", "arrival", "max-in-flight", "max-dispatch-delay"};
  }
  rules.replaces["rps"] = {"concurrency", "think-time", "load", "phases"};
  rules.replaces["load"] = {"concurrency", "think-time", "rps"};
  rules.replaces["call"] = {"mix"};
  rules.keys["phases"] = {"load", LoadOfPhases};
  rules.keys["mix"] = {"call", [call_flags](const ConfigNode& node) -> absl::StatusOr<std::optional<std::string>> {
                         absl::StatusOr<std::vector<MixEntry>> mix = ParseMix(node);
                         if (!mix.ok()) return mix.status();
                         call_flags->SetMix(*std::move(mix));
                         return std::nullopt;
                       }};
  return AddConfigFlag(app, rules, ResolvePath);
}

}  // namespace meanwhile
