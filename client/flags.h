// Flags as all our binaries take them: durations such as `50ms`, sizes such as `4MiB`, counts within bounds, and errors
// that name the flag, what it was given and the bound:
//
//   --connections=0: must be from 1 to 10000
//
//   CLI::App app("Loads a server.", "loadtest");
//   AddCountFlag(app, "--connections", &options.connections, {1, 10'000}, "Sockets to the server");
//   AddDurationFlag(app, "-t,--timeout", &options.timeout, {absl::Milliseconds(1), absl::Hours(1)}, "Of each call");
//   if (std::optional<int> exit_code = ParseFlags(app, argc, argv)) return *exit_code;
//
// What a flag's variable holds when the flag is added is the flag's default, shown by --help. The variable outlives the
// parsing.
//
// Thread: the one that parses, before others start.

#ifndef MEANWHILE_CLIENT_FLAGS_H_
#define MEANWHILE_CLIENT_FLAGS_H_

#include <CLI/CLI.hpp>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace meanwhile {

// Every binary of ours ends with it when its flags make no sense.
inline constexpr int kUsageExitCode = 2;
// And with this one when its configuration file makes none: see client/config_flag.h.
inline constexpr int kConfigExitCode = 104;

// What a flag may be; both ends are allowed.
template <typename T>
struct Bounds {
  T lowest;
  T highest;
};

// The error of a flag: `--flag=value: must be …`. `flag` is as it was added; of `-c,--concurrency` the long name is
// shown.
std::string FlagError(absl::string_view flag, absl::string_view value, absl::string_view message);

// A whole number or a duration out of a flag's text. The error is complete: FlagError with the bounds.
absl::StatusOr<uint64_t> ParseCount(absl::string_view flag, absl::string_view text, Bounds<uint64_t> bounds);
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view flag, absl::string_view text,
                                             Bounds<absl::Duration> bounds);

// Bytes out of a flag's text: a whole number and its unit, `512B`, `8KiB`, `4MiB` or `1GiB`.
absl::StatusOr<uint64_t> ParseSize(absl::string_view flag, absl::string_view text, Bounds<uint64_t> bounds);

// So many bytes as ParseSize takes them, in the largest unit that leaves a whole number.
std::string FormatSize(uint64_t bytes);

// A flag whose text `parse` takes; its error, complete in itself, ends the parsing. `default_text` may be empty.
CLI::Option* AddParsedFlag(CLI::App& app, const std::string& flag,
                           std::function<absl::Status(const std::string&)> parse, const std::string& type,
                           const std::string& default_text, const std::string& description);

// One that may be given more than once; `parse` takes each text.
CLI::Option* AddRepeatedFlag(CLI::App& app, const std::string& flag,
                             std::function<absl::Status(const std::string&)> parse, const std::string& type,
                             const std::string& description);

template <std::unsigned_integral T>
CLI::Option* AddCountFlag(CLI::App& app, const std::string& flag, T* value, Bounds<std::type_identity_t<T>> bounds,
                          const std::string& description) {
  auto parse = [flag, value, bounds](const std::string& text) {
    const absl::StatusOr<uint64_t> count = ParseCount(flag, text, {bounds.lowest, bounds.highest});
    if (count.ok()) *value = static_cast<T>(*count);
    return count.status();
  };
  return AddParsedFlag(app, flag, parse, "N", std::to_string(*value), description);
}

CLI::Option* AddDurationFlag(CLI::App& app, const std::string& flag, absl::Duration* value,
                             Bounds<absl::Duration> bounds, const std::string& description);

// In bytes.
CLI::Option* AddSizeFlag(CLI::App& app, const std::string& flag, uint64_t* value, Bounds<uint64_t> bounds,
                         const std::string& description);

// Parses the command line, in which `-n5`, `-n 5` and `-n=5` are the same. Gives the code to exit with when the program
// shall not go on: 0 after --help, which was printed to stdout, or kUsageExitCode or kConfigExitCode after an error,
// which was printed to stderr. Callbacks of subcommands may throw UsageError.
std::optional<int> ParseFlags(CLI::App& app, int argc, const char* const* argv);

// What a callback throws to refuse flags that make no sense together.
CLI::ValidationError UsageError(const std::string& message);

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_FLAGS_H_
