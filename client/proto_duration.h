// Durations between Abseil and the wire. Pure functions, any thread.

#ifndef MEANWHILE_CLIENT_PROTO_DURATION_H_
#define MEANWHILE_CLIENT_PROTO_DURATION_H_

#include <google/protobuf/duration.pb.h>

#include <cstdint>

#include "absl/time/time.h"

namespace meanwhile {

// Is it what google/protobuf/duration.proto calls valid?
inline bool IsValid(const google::protobuf::Duration& duration) {
  constexpr std::int64_t kMaxSeconds = 315'576'000'000;
  if (duration.seconds() < -kMaxSeconds || duration.seconds() > kMaxSeconds) return false;
  if (duration.nanos() < -999'999'999 || duration.nanos() > 999'999'999) return false;
  return duration.seconds() == 0 || duration.nanos() == 0 || (duration.seconds() < 0) == (duration.nanos() < 0);
}

inline absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

inline void ToProto(absl::Duration duration, google::protobuf::Duration* proto) {
  proto->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  proto->set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(duration)));
}

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_PROTO_DURATION_H_
