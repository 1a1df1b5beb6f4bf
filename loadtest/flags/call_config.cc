#include "loadtest/flags/call_config.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "loadtest/call/mix_file.h"
#include "loadtest/flags/output_files.h"

namespace meanwhile {
namespace {

// What is called, what is sent and what must come back.
const std::set<std::string>& KeysOfCalls() {
  static const auto* const kKeys =
      new std::set<std::string>{"call", "mix",  "proto",     "proto-path",  "protoset",    "data",
                                "pick", "seed", "data-file", "binary-file", "expect-json", "expect-status"};
  return *kKeys;
}

}  // namespace

void AddCallRules(CallFlags* flags, ConfigRules* rules) {
  rules->keys["mix"] = {"call", [flags](const ConfigNode& node) -> absl::StatusOr<std::optional<std::string>> {
                          absl::StatusOr<std::vector<MixEntry>> mix = ParseMix(node);
                          if (!mix.ok()) return mix.status();
                          flags->SetMix(*std::move(mix));
                          return std::nullopt;
                        }};
  rules->keys["data"] = {
      "data", [](const ConfigNode& node) -> absl::StatusOr<std::optional<std::string>> { return JsonOf(node); }};
  rules->replaces["call"] = {"mix", "scenario"};
  rules->replaces["scenario"] = KeysOfCalls();
  rules->replaces["data"] = {"data-file", "binary-file"};
  rules->replaces["data-file"] = {"data", "binary-file"};
  rules->replaces["binary-file"] = {"data", "data-file"};
  rules->replaces["proto"] = {"protoset"};
  rules->replaces["protoset"] = {"proto", "proto-path"};
}

void ReadCallFile(CLI::App& app, const std::string& file, CallFlags* flags) {
  ConfigRules rules;
  AddCallRules(flags, &rules);
  rules.replaces.erase("scenario");  // Which names the file.
  rules.only = KeysOfCalls();
  // And how calls are sent.
  rules.only.insert({"metadata", "gzip", "wait-for-ready", "stream-messages", "stream-interval"});
  TakeConfigFile(app, rules, file, ResolvePath(file));
}

}  // namespace meanwhile
