#include "client/config_flag.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/flags.h"

namespace meanwhile {
namespace {

// Far more than all flags take. Whatever is given instead of a file, such as /dev/zero, has an end.
constexpr std::size_t kLargestFile = 1 << 20;

constexpr absl::string_view kSyntax = "must be KEY = VALUE, with a quote closed where one is opened";

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kLargestFile + 1, '\0');
  if (file.is_open()) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A directory can be opened, and fails when it is read.
  if (!file.is_open() || file.bad()) return absl::InvalidArgumentError(std::strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kLargestFile) {
    return absl::InvalidArgumentError(absl::StrCat("must be a file of at most ", kLargestFile, " bytes"));
  }
  return text;
}

bool IsComment(absl::string_view text) { return text.empty() || text.front() == '#'; }

// The value out of what follows the `=`; none when that is no value.
std::optional<std::string> ParseValue(absl::string_view text) {
  if (IsComment(text)) return std::nullopt;
  if (const char quote = text.front(); quote == '"' || quote == '\'') {
    const std::size_t end = text.find(quote, 1);
    if (end == absl::string_view::npos) return std::nullopt;
    if (!IsComment(absl::StripLeadingAsciiWhitespace(text.substr(end + 1)))) return std::nullopt;
    return std::string(text.substr(1, end - 1));
  }
  std::size_t end = 1;
  while (end < text.size() && !(text[end] == '#' && absl::ascii_isspace(text[end - 1]))) ++end;
  return std::string(absl::StripTrailingAsciiWhitespace(text.substr(0, end)));
}

// Gives the flag the value, unless it was given on the command line.
absl::Status SetFlag(CLI::Option& flag, const std::string& key, const std::string& value) {
  if (!flag.empty()) return absl::OkStatus();
  const bool takes_no_value = flag.get_expected_min() == 0;
  try {
    flag.add_result(takes_no_value ? flag.get_flag_value(key, value) : value);
    flag.run_callback();
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return absl::OkStatus();
}

class ConfigFile {
 public:
  explicit ConfigFile(CLI::App* app) : app_(app) {}

  absl::Status Take(const std::string& text) {
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      ++number_;
      if (absl::Status status = TakeLine(absl::StripAsciiWhitespace(line)); !status.ok()) {
        return absl::InvalidArgumentError(absl::StrCat("line ", number_, ": ", status.message()));
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status TakeLine(absl::string_view line) {
    if (IsComment(line)) return absl::OkStatus();
    const std::pair<absl::string_view, absl::string_view> sides = absl::StrSplit(line, absl::MaxSplits('=', 1));
    const std::string key(absl::StripTrailingAsciiWhitespace(sides.first));
    const std::optional<std::string> value = ParseValue(absl::StripLeadingAsciiWhitespace(sides.second));
    if (key.empty() || !value) return absl::InvalidArgumentError(kSyntax);

    CLI::Option* flag = app_->get_option_no_throw("--" + key);
    if (flag == nullptr || !flag->get_configurable()) {
      return absl::InvalidArgumentError(absl::StrCat(key, ": unknown key"));
    }
    if (const auto [earlier, is_new] = lines_.try_emplace(key, number_); !is_new) {
      return absl::InvalidArgumentError(absl::StrCat(key, ": already on line ", earlier->second));
    }
    return SetFlag(*flag, key, *value);
  }

  CLI::App* app_;
  int number_ = 0;
  std::map<std::string, int> lines_;  // Where each key was.
};

}  // namespace

CLI::Option* AddConfigFlag(CLI::App& app) {
  // Callbacks of flags run when the whole command line is known: a flag that it gives has its value.
  const auto read = [&app](const std::string& path) {
    const absl::StatusOr<std::string> text = ReadFile(path);
    const absl::Status status = text.ok() ? ConfigFile(&app).Take(*text) : text.status();
    if (!status.ok()) throw CLI::ConfigError(FlagError("--config", path, status.message()));
    return status;
  };
  return AddParsedFlag(app, "--config", read, "FILE", "",
                       "Flags, one a line: KEY = VALUE; those of the command line win")
      ->configurable(false);
}

}  // namespace meanwhile
