#include "client/wait_flag.h"

#include <string>

#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/flags.h"

namespace meanwhile {

absl::StatusOr<v1::Wait> ParseWait(absl::string_view flag, absl::string_view text) {
  absl::string_view spec = text;
  if (!absl::ConsumePrefix(&spec, "simulated:") || spec.empty()) {
    return absl::InvalidArgumentError(
        FlagError(flag, text, "must be simulated:SPEC, SPEC a duration or a backend, such as 50ms or normal:50ms,5ms"));
  }
  v1::Wait wait;
  absl::Duration constant;
  if (!absl::ParseDuration(spec, &constant)) {
    wait.mutable_simulated()->set_spec(std::string(spec));
    return wait;
  }
  if (constant < absl::ZeroDuration() || constant > absl::Hours(24)) {
    return absl::InvalidArgumentError(FlagError(flag, text, "must be from 0 to 24h"));
  }
  google::protobuf::Duration* duration = wait.mutable_simulated()->mutable_constant();
  duration->set_seconds(absl::IDivDuration(constant, absl::Seconds(1), &constant));
  duration->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(constant)));
  return wait;
}

}  // namespace meanwhile
