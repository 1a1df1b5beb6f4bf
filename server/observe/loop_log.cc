#include "server/observe/loop_log.h"

#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/observe/log.h"

namespace meanwhile {

void LogBlockedLoop(std::string_view name, async::Duration run) {
#ifdef NDEBUG
  constexpr LogLevel kLevel = LogLevel::kDebug;
#else
  constexpr LogLevel kLevel = LogLevel::kWarning;
#endif
  Log(kLevel, "loop_blocked", [&] {
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(run).count();
    return LogLine{absl::StrCat("a loop was blocked for ", millis, " ms by ", std::string(name)),
                   {{"by", std::string(name)}, {"blocked", absl::ToDoubleSeconds(absl::FromChrono(run))}}};
  });
}

}  // namespace meanwhile
