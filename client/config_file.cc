#include "client/config_file.h"

#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace meanwhile {
namespace {

// Far more than all flags take. Whatever is given instead of a file, such as /dev/zero, has an end.
constexpr std::size_t kLargestFile = 1 << 20;
// An alias stands for all that it names, also for itself: a few lines can be a tree without end.
constexpr int kMostNodes = 10'000;
constexpr int kDeepest = 10;

ConfigNode At(const YAML::Mark& mark, const std::string& key = "") {
  ConfigNode node;
  node.line = mark.is_null() ? 1 : mark.line + 1;
  node.key = key;
  return node;
}

class Converter {
 public:
  // Fills `out`, whose line and key are set.
  absl::Status Convert(const YAML::Node& yaml, int depth, ConfigNode* out) {
    if (++nodes_ > kMostNodes || depth > kDeepest) return ConfigError(*out, "is too large or too deep");
    if (yaml.IsScalar()) {
      out->kind = ConfigNode::Kind::kText;
      out->text = yaml.Scalar();
    } else if (yaml.IsSequence()) {
      out->kind = ConfigNode::Kind::kList;
      for (const YAML::Node& item : yaml) {
        ConfigNode child = At(item.Mark());
        if (absl::Status status = Convert(item, depth + 1, &child); !status.ok()) return status;
        out->children.push_back(std::move(child));
      }
    } else if (yaml.IsMap()) {
      out->kind = ConfigNode::Kind::kMap;
      return ConvertMap(yaml, depth, out);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ConvertMap(const YAML::Node& yaml, int depth, ConfigNode* out) {
    std::map<std::string, int> lines;
    for (const auto& entry : yaml) {
      if (!entry.first.IsScalar()) return ConfigError(At(entry.first.Mark()), "a key must be a word");
      ConfigNode child = At(entry.first.Mark(), entry.first.Scalar());
      if (const auto [earlier, is_new] = lines.try_emplace(child.key, child.line); !is_new) {
        return ConfigError(child, absl::StrCat("already on line ", earlier->second));
      }
      if (absl::Status status = Convert(entry.second, depth + 1, &child); !status.ok()) return status;
      out->children.push_back(std::move(child));
    }
    return absl::OkStatus();
  }

  int nodes_ = 0;
};

}  // namespace

absl::Status ConfigError(const ConfigNode& node, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(node.line, ": ", node.key, node.key.empty() ? "" : ": ", why));
}

absl::Status ConfigError(const ConfigNode& node, const absl::Status& flag_error) {
  absl::string_view why = flag_error.message();
  absl::ConsumePrefix(&why, absl::StrCat("--", node.key, "="));
  return ConfigError(node, why);
}

absl::StatusOr<ConfigNode> ParseConfig(const std::string& text) {
  ConfigNode root;
  try {
    // With a line's end behind it yaml-cpp 0.7 closes an open quote at the text's end, around all that follows.
    const absl::string_view stripped = absl::StripTrailingAsciiWhitespace(text);
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(stripped));
    root.kind = ConfigNode::Kind::kMap;
    if (documents.empty() || documents.front().IsNull()) return root;
    root.line = At(documents.front().Mark()).line;
    if (documents.size() > 1) return ConfigError(At(documents[1].Mark()), "must be the only document");
    if (absl::Status status = Converter().Convert(documents.front(), 0, &root); !status.ok()) return status;
  } catch (const YAML::Exception& error) {
    return ConfigError(At(error.mark), error.msg);
  }
  if (root.kind != ConfigNode::Kind::kMap) return ConfigError(root, "must be KEY: VALUE");
  return root;
}

absl::StatusOr<ConfigNode> ReadConfigFile(const std::string& path) {
  const auto refuse = [&path](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":", why));
  };
  std::ifstream file(path, std::ios::binary);
  std::string text(kLargestFile + 1, '\0');
  if (file.is_open()) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A directory can be opened, and fails when it is read.
  if (!file.is_open() || file.bad()) return refuse(absl::StrCat(" ", std::strerror(errno)));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kLargestFile) {
    return refuse(absl::StrCat(" must be a file of at most ", kLargestFile, " bytes"));
  }
  absl::StatusOr<ConfigNode> config = ParseConfig(text);
  if (!config.ok()) return refuse(config.status().message());
  return config;
}

}  // namespace meanwhile
