#include "loadtest/flags/engine_flag.h"

#include <string>

#include "absl/status/statusor.h"
#include "client/flags.h"

namespace meanwhile {

CLI::Option* AddEngineFlag(CLI::App& app, EngineKind* kind) {
  auto parse = [kind](const std::string& text) {
    const absl::StatusOr<EngineKind> parsed = ParseEngineKind(text);
    if (!parsed.ok()) return absl::InvalidArgumentError(FlagError("--engine", text, parsed.status().message()));
    *kind = *parsed;
    return absl::OkStatus();
  };
  return AddParsedFlag(app, "--engine", parse, "http2|grpc", std::string(NameOf(*kind)),
                       "What sends the calls: http2, the engine of this project, or grpc, gRPC's own client");
}

}  // namespace meanwhile
