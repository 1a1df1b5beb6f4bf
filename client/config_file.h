// A configuration file as a tree: YAML whose every part knows its line, so that what is wrong can be shown to whoever
// wrote it. Plain values and pure functions but for the file; any thread.
//
// YAML because people write lists in these files, and its reader in Debian, yaml-cpp, tells the line of everything it
// read. It stays inside config_file.cc. What a scalar means (number, duration, text) is left to whoever reads the tree:
// here all of them are text.

#ifndef MEANWHILE_CLIENT_CONFIG_FILE_H_
#define MEANWHILE_CLIENT_CONFIG_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace meanwhile {

struct ConfigNode {
  // Nothing stands where a key has no value.
  enum class Kind { kNothing, kText, kList, kMap };

  Kind kind = Kind::kNothing;
  // From 1: of the key where there is one.
  int line = 1;
  // Of a value in a map.
  std::string key;
  std::string text;
  // Of a list or a map, in their order.
  std::vector<ConfigNode> children;
};

// `LINE: key: why`, without the key where there is none.
absl::Status ConfigError(const ConfigNode& node, absl::string_view why);
// The same of what the parser of a flag by the name of the key said, which began with `--key=`.
absl::Status ConfigError(const ConfigNode& node, const absl::Status& flag_error);

// The map that the text is; empty for an empty text. Errors are ConfigErrors: no YAML, no map, a key twice, a tree too
// large or too deep to be anybody's configuration.
absl::StatusOr<ConfigNode> ParseConfig(const std::string& text);

// The error is complete: `FILE:LINE: key: why`, or `FILE: why` when it cannot be read.
absl::StatusOr<ConfigNode> ReadConfigFile(const std::string& path);

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_CONFIG_FILE_H_
