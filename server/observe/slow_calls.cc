#include "server/observe/slow_calls.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "server/observe/status_name.h"

namespace meanwhile {
namespace {

std::string Shown(async::Duration duration) {
  return absl::FormatDuration(absl::Trunc(absl::FromChrono(duration), absl::Microseconds(1)));
}

double Seconds(async::Duration duration) { return absl::ToDoubleSeconds(absl::FromChrono(duration)); }

}  // namespace

void SlowCalls::OnCallEnded(const CallRecord& call) {
  if (call.ended - call.arrived <= bound_) return;
  Log(LogLevel::kWarning, "slow_call", [&] { return Line(call); });
}

LogLine SlowCalls::Line(const CallRecord& call) {
  const async::Duration total = call.ended - call.arrived;
  return {.message = absl::StrCat("slow call: ", std::string(ToString(call.method)), " ", StatusName(call.code),
                                  " took ", Shown(total), ": queued ", Shown(call.queued()), ", waiting ",
                                  Shown(call.waiting()), ", running ", Shown(call.running), call.shed ? "; shed" : ""),
          .fields = {{"method", std::string(ToString(call.method))},
                     {"status", StatusName(call.code)},
                     {"total", Seconds(total)},
                     {"queued", Seconds(call.queued())},
                     {"waiting", Seconds(call.waiting())},
                     {"running", Seconds(call.running)}}};
}

}  // namespace meanwhile
