#include "loadtest/compare/scenario_flag.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/flags.h"
#include "loadtest/flags/call_config.h"

namespace meanwhile {

void ScenarioFlag::Add(CLI::App& app) {
  const auto parse = [this](const std::string& text) {
    const absl::StatusOr<Scenario> scenario = ParseScenario(text);
    is_file_ = !scenario.ok() && text.find_first_of("./") != std::string::npos;
    if (!scenario.ok() && !is_file_) {
      return absl::InvalidArgumentError(FlagError(
          "--scenario", text, absl::StrCat(scenario.status().message(), ", or a file: a name with a dot or a slash")));
    }
    if (scenario.ok()) scenario_ = *scenario;
    text_ = text;
    return absl::OkStatus();
  };
  option_ =
      AddParsedFlag(app, "--scenario", parse, "NAME|FILE", text_,
                    "What calls do: waiting for the backend; computing, 0.2 ms of a processor each; or mixed, one "
                    "in four\ncomputing. Or a YAML file that says what they are, with the flags of calls as keys");
}

void ScenarioFlag::Finish(CLI::App& app, CallFlags* call_flags) {
  if (is_file_) {
    if (call_flags->given()) throw UsageError(FlagError("--scenario", text_, "cannot be given together with --call"));
    ReadCallFile(app, text_, call_flags);
  } else if (call_flags->given()) {
    text_.clear();
  }
}

}  // namespace meanwhile
