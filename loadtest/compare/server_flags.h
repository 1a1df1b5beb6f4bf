// ServerFlags: the flags of `compare` that say which servers are compared: models of this project's own, commands that
// start others, and servers that run already.
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_COMPARE_SERVER_FLAGS_H_
#define MEANWHILE_LOADTEST_COMPARE_SERVER_FLAGS_H_

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "loadtest/compare/comparison_run.h"
#include "loadtest/compare/model_variant.h"

namespace meanwhile {

class ServerFlags {
 public:
  ServerFlags();

  // Adds the flags. The object outlives the parsing.
  void Add(CLI::App& app);

  // After the parsing. `foreign_service` is one that is called and that this project's server does not have; empty when
  // there is none. `over_tls` when servers must speak TLS. Throws UsageError where flags make no sense together.
  void Finish(const std::string& foreign_service, bool over_tls);

  // The models, the commands, those that run already. `deepest` is the most calls that may be in flight: a queue that
  // holds them sheds none. `only_wait` when no call computes. NOT_FOUND when this project's server was not built.
  absl::StatusOr<std::vector<ComparedServer>> Servers(std::size_t deepest, bool only_wait) const;

  // What calls wait for; empty when none of the servers is this project's.
  std::string backend() const { return models_.empty() ? "" : backend_; }

 private:
  std::vector<ModelVariant> models_;
  std::string backend_ = "normal:50ms,5ms";
  std::vector<ServerCommand> commands_;
  std::vector<RunningServer> running_;
  CLI::Option* models_option_ = nullptr;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_SERVER_FLAGS_H_
