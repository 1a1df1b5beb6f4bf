// CallCounts: how many calls of each method have started, ended with each status, and were shed: what the CallCounters
// of a server add up to. A plain value.

#ifndef MEANWHILE_SERVER_OBSERVE_CALL_COUNTS_H_
#define MEANWHILE_SERVER_OBSERVE_CALL_COUNTS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "server/observe/call_record.h"

namespace meanwhile {

// gRPC's codes are 0 to 16.
inline constexpr std::size_t kStatusCodes = 17;

struct MethodCounts {
  std::uint64_t started = 0;
  // By reason.
  std::array<std::uint64_t, kShedReasons> shed{};
  std::array<std::uint64_t, kStatusCodes> ended{};

  std::uint64_t in_flight() const {
    std::uint64_t in_flight = started;
    for (const std::uint64_t count : ended) in_flight -= count;
    return in_flight;
  }
};

struct CallCounts {
  std::array<MethodCounts, kCallMethods> methods;
  // That have left a handler.
  std::uint64_t exceptions = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_CALL_COUNTS_H_
