// --config=FILE: flags out of a YAML file, each by its long name without the dashes, as all our binaries take it:
//
//   # What this server is for.
//   model: async
//   backend: normal:50ms,5ms
//   grace: 30s
//   quick: true                      # A flag that takes no value on the command line.
//   threshold: [p99<80ms, errors<1%] # One that may be given more than once.
//   target: localhost:50051          # An argument without a flag.
//
// A flag given on the command line wins; its value in the file is then read but not looked into. Everything else that
// is wrong is an error that names the file, the line and the key: an unknown key, a bad value, a key that is there
// twice, what is no YAML.
//
// Thread: the one that parses.

#ifndef MEANWHILE_CLIENT_CONFIG_FLAG_H_
#define MEANWHILE_CLIENT_CONFIG_FLAG_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "client/config_file.h"

namespace meanwhile {

// A key that is no flag, for what is too much for one, such as a list.
struct ConfigKey {
  // The flag that says the same on the command line. The two do not stand together in a file.
  std::string flag;
  // Takes the value, and gives what the flag is to be given for it, if anything. The error is a ConfigError.
  std::function<absl::StatusOr<std::optional<std::string>>(const ConfigNode&)> take;
};

struct ConfigRules {
  // What a flag on the command line makes void in the file, by its key: the other ways to say the same, and what makes
  // sense with those only.
  std::map<std::string, std::set<std::string>> replaces = {};
  std::map<std::string, ConfigKey> keys = {};
  // The keys that there may be, if they are not all.
  std::set<std::string> only = {};
};

// Adds the flag to an app or a subcommand; the file is for the flags of the same one. ParseFlags gives kConfigExitCode
// when something is wrong with the file. A relative path begins at `resolve_path` of it, if given.
CLI::Option* AddConfigFlag(CLI::App& app, ConfigRules rules = {},
                           std::function<std::string(const std::string&)> resolve_path = nullptr);

// Gives the flags of the app what such a file says, which `--config` does not name; errors call it `file`, it lies at
// `path`. Call it when the command line has been parsed, from a callback: it throws what ParseFlags then ends with
// kConfigExitCode for.
void TakeConfigFile(CLI::App& app, const ConfigRules& rules, const std::string& file, const std::string& path);

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_CONFIG_FLAG_H_
