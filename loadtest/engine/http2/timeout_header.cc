#include "loadtest/engine/http2/timeout_header.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace meanwhile::http2 {
namespace {

constexpr int64_t kMost = 99'999'999;

}  // namespace

std::string EncodeTimeout(absl::Duration timeout) {
  const struct {
    absl::Duration length;
    char name;
  } units[] = {{absl::Nanoseconds(1), 'n'}, {absl::Microseconds(1), 'u'}, {absl::Milliseconds(1), 'm'},
               {absl::Seconds(1), 'S'},     {absl::Minutes(1), 'M'},      {absl::Hours(1), 'H'}};
  timeout = std::max(timeout, absl::Nanoseconds(1));
  for (const auto& unit : units) {
    if (timeout > kMost * unit.length) continue;
    absl::Duration rest;
    int64_t count = absl::IDivDuration(timeout, unit.length, &rest);
    if (rest > absl::ZeroDuration()) ++count;
    return absl::StrCat(count, absl::string_view(&unit.name, 1));
  }
  return absl::StrCat(kMost, "H");
}

}  // namespace meanwhile::http2
