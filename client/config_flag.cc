#include "client/config_flag.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/flags.h"

namespace meanwhile {
namespace {

class ConfigReader {
 public:
  ConfigReader(CLI::App* app, const ConfigRules* rules) : app_(app), rules_(rules) {
    for (const auto& [key, replaced] : rules_->replaces) {
      if (IsGiven(key)) void_keys_.insert(replaced.begin(), replaced.end());
    }
  }

  absl::Status Take(const ConfigNode& config) {
    for (const ConfigNode& node : config.children) {
      if (absl::Status status = TakeKey(node); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  // A flag, or an argument, which is named in capitals.
  CLI::Option* Find(const std::string& key) const {
    if (CLI::Option* flag = app_->get_option_no_throw("--" + key)) return flag;
    const std::string name = absl::AsciiStrToUpper(key);
    return name == key ? nullptr : app_->get_option_no_throw(name);
  }

  // Before the file has set anything: on the command line.
  bool IsGiven(const std::string& key) const {
    const CLI::Option* flag = Find(key);
    return flag != nullptr && !flag->empty();
  }

  absl::Status TakeKey(const ConfigNode& node) {
    const auto key = rules_->keys.find(node.key);
    const bool is_flag = key == rules_->keys.end();
    CLI::Option* flag = Find(is_flag ? node.key : key->second.flag);
    const bool is_known = rules_->only.empty() || rules_->only.contains(node.key);
    if (!is_known || flag == nullptr || !flag->get_configurable()) return ConfigError(node, "unknown key");
    if (void_keys_.contains(node.key)) return absl::OkStatus();
    if (const auto earlier = keys_.find(flag); earlier != keys_.end()) {
      return ConfigError(node, absl::StrCat("cannot stand together with ", earlier->second));
    }
    if (!flag->empty()) return absl::OkStatus();
    keys_[flag] = node.key;
    if (is_flag) return SetFlag(*flag, node);
    const absl::StatusOr<std::optional<std::string>> text = key->second.take(node);
    if (!text.ok() || !*text) return text.status();
    ConfigNode value{
        .kind = ConfigNode::Kind::kText, .line = node.line, .key = node.key, .text = **text, .children = {}};
    return SetFlag(*flag, value);
  }

  // Gives the flag what stands there.
  static absl::Status SetFlag(CLI::Option& flag, const ConfigNode& node) {
    std::vector<ConfigNode> values = {node};
    if (node.kind == ConfigNode::Kind::kList && flag.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll) {
      values = node.children;
    }
    for (ConfigNode& value : values) {
      value.key = node.key;
      if (value.kind == ConfigNode::Kind::kNothing) return ConfigError(value, "must have a value");
      if (value.kind != ConfigNode::Kind::kText) return ConfigError(value, "must be a single value");
    }
    if (values.empty()) return ConfigError(node, "must have a value");
    ConfigNode place = values.front();
    const std::string own_name = absl::StrCat("--", node.key);
    try {
      const bool takes_no_value = flag.get_expected_min() == 0;
      for (const ConfigNode& value : values) {
        flag.add_result(takes_no_value ? flag.get_flag_value(node.key, value.text) : value.text);
      }
      flag.run_callback();
    } catch (const CLI::ParseError& error) {
      // The flag names itself and the value, as on the command line; here its key stands before it, and the line is
      // that of the value.
      absl::string_view why = error.what();
      for (const ConfigNode& value : values) {
        if (absl::StartsWith(why, absl::StrCat(own_name, "=", value.text))) place = value;
      }
      if (absl::ConsumePrefix(&why, own_name) && !absl::ConsumePrefix(&why, "=")) absl::ConsumePrefix(&why, ": ");
      return ConfigError(place, why);
    }
    return absl::OkStatus();
  }

  CLI::App* const app_;
  const ConfigRules* const rules_;
  std::set<std::string> void_keys_;                 // Replaced by the command line.
  std::map<const CLI::Option*, std::string> keys_;  // By which the file has set each.
};

}  // namespace

void TakeConfigFile(CLI::App& app, const ConfigRules& rules, const std::string& file, const std::string& path) {
  const absl::StatusOr<ConfigNode> config = ReadConfigFile(path);
  if (!config.ok()) throw CLI::ConfigError(std::string(config.status().message()));
  if (const absl::Status status = ConfigReader(&app, &rules).Take(*config); !status.ok()) {
    throw CLI::ConfigError(absl::StrCat(file, ":", status.message()));
  }
}

CLI::Option* AddConfigFlag(CLI::App& app, ConfigRules rules,
                           std::function<std::string(const std::string&)> resolve_path) {
  // Callbacks of flags run when the whole command line is known: a flag that it gives has its value.
  const auto read = [&app, rules = std::move(rules), resolve_path = std::move(resolve_path)](const std::string& file) {
    TakeConfigFile(app, rules, file, resolve_path ? resolve_path(file) : file);
    return absl::OkStatus();
  };
  return AddParsedFlag(app, "--config", read, "FILE", "",
                       "Flags in a YAML file, KEY: VALUE; those of the command line win")
      ->configurable(false);
}

}  // namespace meanwhile
