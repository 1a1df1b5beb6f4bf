#include "loadtest/compare/server_flags.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/channel_pool.h"
#include "client/flags.h"
#include "loadtest/compare/server_binary.h"
#include "loadtest/flags/exit_codes.h"

namespace meanwhile {
namespace {

constexpr char kDefaultModels[] = "async,callback,thread,pool";

// For sh(1), whatever it holds.
std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

absl::Status ParseModels(const std::string& text, std::vector<ModelVariant>* models) {
  absl::StatusOr<std::vector<ModelVariant>> variants = ParseModelVariants(text);
  if (!variants.ok()) return absl::InvalidArgumentError(absl::StrCat("--models=", variants.status().message()));
  *models = *std::move(variants);
  return absl::OkStatus();
}

absl::Status ParseServer(const std::string& text, std::vector<ServerCommand>* servers) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (parts.first.empty() || parts.second.empty()) {
    return absl::InvalidArgumentError(FlagError("--server", text, "must be NAME=COMMAND"));
  }
  if (parts.second.find("{port}") == std::string::npos) {
    return absl::InvalidArgumentError(
        FlagError("--server", text, "COMMAND must hold {port}, the port that the server shall listen on"));
  }
  servers->push_back(ServerCommand{.name = parts.first, .command = parts.second, .usage_exit_code = std::nullopt});
  return absl::OkStatus();
}

absl::Status ParseTarget(const std::string& text, std::vector<RunningServer>* servers) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (parts.first.empty() || parts.second.empty()) {
    return absl::InvalidArgumentError(FlagError("--target", text, "must be NAME=HOST:PORT or NAME=unix:PATH"));
  }
  if (absl::Status status = CheckTarget(parts.second); !status.ok()) {
    return absl::InvalidArgumentError(FlagError("--target", text, status.message()));
  }
  servers->push_back(RunningServer{.name = parts.first, .target = parts.second});
  return absl::OkStatus();
}

ServerCommand OwnServer(const std::string& binary, const ModelVariant& variant, const std::string& backend,
                        std::size_t deepest, bool only_wait) {
  std::string command =
      absl::StrCat(Quoted(binary), " --model=", variant.model, " --listen=127.0.0.1:{port} --backend=", Quoted(backend),
                   " --reflection=false --grace=0s");
  for (const auto& [flag, value] : variant.flags) absl::StrAppend(&command, " ", flag, "=", value);
  const bool uses_pool = variant.model == "pool" || (variant.model != "thread" && !only_wait);
  if (uses_pool && !variant.Has("--pool-queue")) absl::StrAppend(&command, " --pool-queue=", deepest);
  return ServerCommand{.name = variant.name, .command = std::move(command), .usage_exit_code = kExitUsage};
}

}  // namespace

ServerFlags::ServerFlags() : models_(*ParseModelVariants(kDefaultModels)) {}

void ServerFlags::Add(CLI::App& app) {
  models_option_ = AddParsedFlag(
      app, "--models", [this](const std::string& text) { return ParseModels(text, &models_); }, "LIST", kDefaultModels,
      "Models of this project's own server, each with options if wanted: pool:threads=64:queue=1000,\n"
      "thread:max_pollers=64, async:loops=2; or none, which is the default with --target, over TLS and for calls of a\n"
      "service that it does not have");
  AddRepeatedFlag(
      app, "--server", [this](const std::string& text) { return ParseServer(text, &commands_); }, "NAME=COMMAND",
      "Another server of the same service; its COMMAND is a program with arguments, {port} among them stands for the\n"
      "port to listen on. May be given again");
  AddRepeatedFlag(
      app, "--target", [this](const std::string& text) { return ParseTarget(text, &running_); }, "NAME=HOST:PORT",
      "A server that runs already, and is not started afresh. May be given again");
  app.add_option("--backend", backend_, "What calls wait for, as this project's server takes it")
      ->capture_default_str()
      ->type_name("SPEC");
}

void ServerFlags::Finish(const std::string& foreign_service, bool over_tls) {
  const bool models_given = models_option_->count() > 0;
  if (!models_given && (!running_.empty() || !foreign_service.empty() || over_tls)) models_.clear();
  if (!models_.empty() && !foreign_service.empty()) {
    throw UsageError(FlagError("--models", models_option_->results().front(),
                               absl::StrCat("this project's server has no service ", foreign_service)));
  }
  if (!models_.empty() && over_tls) {
    throw UsageError(FlagError("--models", models_option_->results().front(),
                               "this project's server is started without TLS; --server can start it with"));
  }
  std::set<std::string> names;
  for (const ModelVariant& model : models_) names.insert(model.name);
  const auto take = [&names](const char* flag, const std::string& name) {
    if (!names.insert(name).second) throw UsageError(FlagError(flag, name, "this name is taken"));
  };
  for (const ServerCommand& command : commands_) take("--server", command.name);
  for (const RunningServer& running : running_) take("--target", running.name);
  if (!names.empty()) return;
  if (models_given) throw UsageError("--models=none: must name a model when there is no --server and no --target");
  if (foreign_service.empty()) {
    throw UsageError("--tls, --cacert and --cert: --server or --target must name servers that speak TLS");
  }
  throw UsageError(absl::StrCat("this project's server has no service ", foreign_service,
                                ": --server or --target must name servers that have it"));
}

absl::StatusOr<std::vector<ComparedServer>> ServerFlags::Servers(std::size_t deepest, bool only_wait) const {
  std::vector<ComparedServer> servers;
  if (!models_.empty()) {
    const absl::StatusOr<std::string> binary = FindServerBinary();
    if (!binary.ok()) return binary.status();
    for (const ModelVariant& model : models_) {
      servers.emplace_back(OwnServer(*binary, model, backend_, deepest, only_wait));
    }
  }
  servers.insert(servers.end(), commands_.begin(), commands_.end());
  servers.insert(servers.end(), running_.begin(), running_.end());
  return servers;
}

}  // namespace meanwhile
