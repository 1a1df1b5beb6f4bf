#include "client/flags.h"

#include <iostream>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

absl::string_view LongName(absl::string_view flag) {
  const std::size_t comma = flag.rfind(',');
  return comma == absl::string_view::npos ? flag : flag.substr(comma + 1);
}

bool IsDigits(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == absl::string_view::npos;
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

std::optional<int> ParseFlags(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::Success& help) {
    return app.exit(help, std::cout, std::cerr);
  } catch (const CLI::ParseError& error) {
    std::cerr << app.get_name() << ": " << error.what() << "\n";
    return kUsageExitCode;
  }
}

CLI::ValidationError UsageError(const std::string& message) { return CLI::ValidationError(message); }

}  // namespace meanwhile
