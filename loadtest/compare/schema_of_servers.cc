#include "loadtest/compare/schema_of_servers.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "loadtest/call/own_schema.h"
#include "loadtest/servers/server_process.h"

namespace meanwhile {
namespace {

absl::StatusOr<std::shared_ptr<const Schema>> Ask(const std::string& name, const std::string& target,
                                                  const std::vector<std::string>& services,
                                                  ReflectionOptions reflection) {
  reflection.targets = {target};
  absl::StatusOr<std::shared_ptr<const Schema>> schema = ReflectSchema(reflection, services);
  if (schema.ok()) return schema;
  return absl::Status(schema.status().code(), absl::StrCat("server ", name, ": ", schema.status().message()));
}

}  // namespace

std::string ForeignService(const std::vector<std::string>& services) {
  const std::shared_ptr<const Schema> own = OwnSchema();
  const auto foreign = std::find_if(services.begin(), services.end(), [&own](const std::string& service) {
    return !std::binary_search(own->services().begin(), own->services().end(), service);
  });
  return foreign == services.end() ? "" : *foreign;
}

absl::StatusOr<std::shared_ptr<const Schema>> SchemaOfServers(const std::vector<ComparedServer>& servers,
                                                              const std::vector<std::string>& services,
                                                              const ReflectionOptions& reflection,
                                                              const std::function<bool()>& stopped) {
  if (ForeignService(services).empty()) return OwnSchema();
  for (const ComparedServer& server : servers) {
    const auto* running = std::get_if<RunningServer>(&server);
    if (running != nullptr) return Ask(running->name, running->target, services, reflection);
  }
  const auto& command = std::get<ServerCommand>(servers.front());
  const absl::StatusOr<std::unique_ptr<ServerProcess>> process =
      ServerProcess::Start(command, "", stopped, reflection.credentials);
  if (!process.ok()) return process.status();
  absl::StatusOr<std::shared_ptr<const Schema>> schema = Ask(command.name, (*process)->target(), services, reflection);
  if (absl::Status ended = (*process)->Stop(); !ended.ok()) return ended;
  return schema;
}

}  // namespace meanwhile
