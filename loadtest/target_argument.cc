#include "loadtest/target_argument.h"

#include "absl/status/status.h"
#include "client/channel_pool.h"
#include "client/flags.h"
#include "loadtest/engine_set.h"

namespace meanwhile {

void AddTargetArgument(CLI::App& app, std::string* target) {
  const auto parse = [target](const std::string& text) {
    *target = text;
    for (const std::string& one : TargetsOf(text)) {
      if (absl::Status status = CheckTarget(one); !status.ok()) return status;
    }
    return absl::OkStatus();
  };
  AddParsedFlag(app, "TARGET", parse, "", "",
                "The server: HOST:PORT, dns:///HOST:PORT or unix:PATH; connections go to several in turn, with commas "
                "between them")
      ->required();
}

}  // namespace meanwhile
