#include "loadtest/call_config.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "loadtest/call/mix_file.h"
#include "loadtest/output_files.h"

namespace meanwhile {

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
  rules->replaces["scenario"] = {"call", "mix",   "data",       "data-file", "binary-file", "pick",
                                 "seed", "proto", "proto-path", "protoset",  "expect-json", "expect-status"};
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
  rules.only = {"call",           "proto",         "proto-path",  "protoset",
                "data",           "data-file",     "binary-file", "pick",
                "seed",           "mix",           "metadata",    "gzip",
                "wait-for-ready", "expect-status", "expect-json", "stream-messages",
                "stream-interval"};
  TakeConfigFile(app, rules, file, ResolvePath(file));
}

}  // namespace meanwhile
