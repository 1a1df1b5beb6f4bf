#include "loadtest/flags/target_argument.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/channel_pool.h"
#include "client/flags.h"
#include "loadtest/engine/engine_set.h"

namespace meanwhile {

void AddTargetArgument(CLI::App& app, std::string* target) {
  const auto parse = [target](const std::string& text) {
    absl::StrAppend(target, target->empty() ? "" : ",", text);
    for (const std::string& one : TargetsOf(text)) {
      if (absl::Status status = CheckTarget(one); !status.ok()) return status;
    }
    return absl::OkStatus();
  };
  AddRepeatedFlag(app, "TARGET", parse, "",
                  "The server: HOST:PORT, dns:///HOST:PORT or unix:PATH; connections go to several in turn, which may "
                  "also have commas between them")
      ->allow_extra_args()
      ->required();
}

}  // namespace meanwhile
