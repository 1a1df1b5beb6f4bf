#include "loadtest/call/input_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "client/flags.h"

namespace meanwhile {
namespace {

constexpr std::size_t kMostBytes = 1 << 30;

absl::StatusOr<std::string> ReadAll(absl::string_view flag, absl::string_view name, std::FILE* file) {
  std::string text;
  char part[1 << 16];
  while (const std::size_t size = std::fread(part, 1, sizeof(part), file)) {
    text.append(part, size);
    if (text.size() > kMostBytes) {
      return absl::InvalidArgumentError(FlagError(flag, name, "must be at most 1GiB"));
    }
  }
  if (std::ferror(file) != 0) return absl::InvalidArgumentError(FlagError(flag, name, std::strerror(errno)));
  return text;
}

}  // namespace

absl::StatusOr<std::string> ReadInputFile(absl::string_view flag, const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return absl::InvalidArgumentError(FlagError(flag, path, std::strerror(errno)));
  const absl::Cleanup close = [file] { std::fclose(file); };
  return ReadAll(flag, path, file);
}

absl::StatusOr<std::string> ReadStandardInput(absl::string_view flag) { return ReadAll(flag, "@", stdin); }

}  // namespace meanwhile
