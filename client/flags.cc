#include "client/flags.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace meanwhile {
namespace {

absl::string_view LongName(absl::string_view flag) {
  const std::size_t comma = flag.rfind(',');
  return comma == absl::string_view::npos ? flag : flag.substr(comma + 1);
}

bool IsDigits(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
}

struct SizeUnit {
  const char* name;
  int shift;
};
constexpr SizeUnit kSizeUnits[] = {{"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}};

// CLI11 says only that a subcommand is missing, also where there is a word that is none.
std::string MessageOf(const CLI::App& app, const CLI::ParseError& error) {
  const bool lacks_subcommand = app.get_require_subcommand_min() > 0 && app.get_subcommands().empty();
  if (!lacks_subcommand || app.remaining_size() == 0) return error.what();
  std::vector<std::string> names;
  for (const CLI::App* subcommand : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(subcommand->get_name());
  }
  return absl::StrCat(app.remaining().front(), ": is no subcommand; there are ", absl::StrJoin(names, ", "));
}

}  // namespace

std::string FlagError(absl::string_view flag, absl::string_view value, absl::string_view message) {
  return absl::StrCat(LongName(flag), "=", value, ": ", message);
}

absl::StatusOr<uint64_t> ParseCount(absl::string_view flag, absl::string_view text, Bounds<uint64_t> bounds) {
  uint64_t count = 0;
  const bool parsed = IsDigits(text) && absl::SimpleAtoi(text, &count);
  if (!parsed || count < bounds.lowest || count > bounds.highest) {
    return absl::InvalidArgumentError(
        FlagError(flag, text, absl::StrCat("must be from ", bounds.lowest, " to ", bounds.highest)));
  }
  return count;
}

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view flag, absl::string_view text,
                                             Bounds<absl::Duration> bounds) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration)) {
    return absl::InvalidArgumentError(FlagError(flag, text, "must be a duration such as 50ms, 1.5s or 2m"));
  }
  if (duration < bounds.lowest || duration > bounds.highest) {
    return absl::InvalidArgumentError(FlagError(flag, text,
                                                absl::StrCat("must be from ", absl::FormatDuration(bounds.lowest),
                                                             " to ", absl::FormatDuration(bounds.highest))));
  }
  return duration;
}

absl::StatusOr<uint64_t> ParseSize(absl::string_view flag, absl::string_view text, Bounds<uint64_t> bounds) {
  const std::size_t unit_begin = std::min(text.find_first_not_of("0123456789"), text.size());
  const absl::string_view unit_name = text.substr(unit_begin);
  const auto* unit = std::find_if(std::begin(kSizeUnits), std::end(kSizeUnits),
                                  [&](const SizeUnit& candidate) { return unit_name == candidate.name; });
  if (unit_begin == 0 || unit == std::end(kSizeUnits)) {
    return absl::InvalidArgumentError(FlagError(flag, text, "must be a size such as 512B, 8KiB or 4MiB"));
  }
  uint64_t count = 0;
  const bool parsed = absl::SimpleAtoi(text.substr(0, unit_begin), &count) && count <= UINT64_MAX >> unit->shift;
  const uint64_t bytes = count << unit->shift;
  if (!parsed || bytes < bounds.lowest || bytes > bounds.highest) {
    return absl::InvalidArgumentError(FlagError(
        flag, text, absl::StrCat("must be from ", FormatSize(bounds.lowest), " to ", FormatSize(bounds.highest))));
  }
  return bytes;
}

std::string FormatSize(uint64_t bytes) {
  const auto* unit = std::find_if(std::begin(kSizeUnits), std::end(kSizeUnits), [bytes](const SizeUnit& candidate) {
    return candidate.shift == 0 || (bytes != 0 && (bytes >> candidate.shift) << candidate.shift == bytes);
  });
  return absl::StrCat(bytes >> unit->shift, unit->name);
}

CLI::Option* AddParsedFlag(CLI::App& app, const std::string& flag,
                           std::function<absl::Status(const std::string&)> parse, const std::string& type,
                           const std::string& default_text, const std::string& description) {
  CLI::Option* option = app.add_option_function<std::string>(
      flag,
      [parse = std::move(parse)](const std::string& text) {
        if (const absl::Status status = parse(text); !status.ok()) throw UsageError(std::string(status.message()));
      },
      description);
  option->type_name(type)->default_str(default_text);
  return option;
}

CLI::Option* AddRepeatedFlag(CLI::App& app, const std::string& flag,
                             std::function<absl::Status(const std::string&)> parse, const std::string& type,
                             const std::string& description) {
  CLI::Option* option = app.add_option_function<std::vector<std::string>>(
      flag,
      [parse = std::move(parse)](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          if (const absl::Status status = parse(text); !status.ok()) throw UsageError(std::string(status.message()));
        }
      },
      description);
  return option->type_name(type)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* AddDurationFlag(CLI::App& app, const std::string& flag, absl::Duration* value,
                             Bounds<absl::Duration> bounds, const std::string& description) {
  auto parse = [flag, value, bounds](const std::string& text) {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(flag, text, bounds);
    if (duration.ok()) *value = *duration;
    return duration.status();
  };
  const bool bounded = *value < absl::InfiniteDuration();
  return AddParsedFlag(app, flag, parse, "DURATION", bounded ? absl::FormatDuration(*value) : "", description);
}

CLI::Option* AddSizeFlag(CLI::App& app, const std::string& flag, uint64_t* value, Bounds<uint64_t> bounds,
                         const std::string& description) {
  auto parse = [flag, value, bounds](const std::string& text) {
    const absl::StatusOr<uint64_t> bytes = ParseSize(flag, text, bounds);
    if (bytes.ok()) *value = *bytes;
    return bytes.status();
  };
  return AddParsedFlag(app, flag, parse, "SIZE", FormatSize(*value), description);
}

std::optional<int> ParseFlags(CLI::App& app, int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::string& argument : arguments) {
    // `-n=5`, as other tools take it. CLI11 would take the value for `=5`.
    if (argument.size() > 2 && argument[0] == '-' && absl::ascii_isalpha(argument[1]) && argument[2] == '=') {
      argument.erase(2, 1);
    }
  }
  std::reverse(arguments.begin(), arguments.end());  // As CLI11 wants them.
  try {
    app.parse(std::move(arguments));
    return std::nullopt;
  } catch (const CLI::Success& help) {
    return app.exit(help, std::cout, std::cerr);
  } catch (const CLI::ParseError& error) {
    std::cerr << app.get_name() << ": " << MessageOf(app, error) << "\n";
    return dynamic_cast<const CLI::ConfigError*>(&error) != nullptr ? kConfigExitCode : kUsageExitCode;
  }
}

CLI::ValidationError UsageError(const std::string& message) { return CLI::ValidationError(message); }

}  // namespace meanwhile
