#include "loadtest/measure/host.h"

#include <sys/utsname.h>

#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/processors.h"

namespace meanwhile {
namespace {

std::string ReadFile(const char* path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// What follows `name`, blanks and a colon on the first line that has them.
absl::string_view ValueOf(absl::string_view text, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, name)) continue;
    line = absl::StripLeadingAsciiWhitespace(line);
    if (absl::ConsumePrefix(&line, ":")) return absl::StripAsciiWhitespace(line);
  }
  return {};
}

}  // namespace

v1::Host ReadHost() {
  v1::Host host;
  utsname kernel;
  if (uname(&kernel) == 0) {
    host.set_name(kernel.nodename);
    host.set_kernel(absl::StrCat(kernel.sysname, " ", kernel.release));
    host.set_processor(kernel.machine);
  }
  const std::string cpuinfo = ReadFile("/proc/cpuinfo");
  if (const absl::string_view name = ProcessorName(cpuinfo); !name.empty()) host.set_processor(std::string(name));
  host.set_processors(static_cast<uint32_t>(AvailableProcessors()));
  host.set_memory_bytes(static_cast<double>(MemoryBytes(ReadFile("/proc/meminfo"))));
  return host;
}

absl::string_view ProcessorName(absl::string_view cpuinfo) { return ValueOf(cpuinfo, "model name"); }

uint64_t MemoryBytes(absl::string_view meminfo) {
  absl::string_view value = ValueOf(meminfo, "MemTotal");
  uint64_t kib;
  return absl::ConsumeSuffix(&value, " kB") && absl::SimpleAtoi(value, &kib) ? kib * 1024 : 0;
}

}  // namespace meanwhile
