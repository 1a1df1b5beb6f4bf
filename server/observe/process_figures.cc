#include "server/observe/process_figures.h"

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace meanwhile {

ProcessFigures ReadProcessFigures() {
  ProcessFigures figures;
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    absl::string_view rest = line;
    const auto number = [&] {
      std::uint64_t value = 0;
      absl::ConsumeSuffix(&rest, " kB");
      return absl::SimpleAtoi(rest, &value) ? value : 0;
    };
    if (absl::ConsumePrefix(&rest, "VmHWM:")) {
      figures.peak_resident_bytes = number() * 1024;
    } else if (absl::ConsumePrefix(&rest, "VmRSS:")) {
      figures.resident_bytes = number() * 1024;
    } else if (absl::ConsumePrefix(&rest, "VmSize:")) {
      figures.virtual_bytes = number() * 1024;
    } else if (absl::ConsumePrefix(&rest, "Threads:")) {
      figures.threads = static_cast<std::uint32_t>(number());
    }
  }
  return figures;
}

absl::Duration ProcessorTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

std::uint64_t OpenDescriptors() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator fd("/proc/self/fd", error), end; !error && fd != end; fd.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // One was open for the look.
}

std::uint64_t MaxDescriptors() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace meanwhile
