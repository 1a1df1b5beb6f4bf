// ProcessFigures: what the kernel says of this process, from /proc/self and getrusage. Costs some 50 us to read; what
// cannot be read is zero.
//
// A plain value.

#ifndef MEANWHILE_SERVER_OBSERVE_PROCESS_FIGURES_H_
#define MEANWHILE_SERVER_OBSERVE_PROCESS_FIGURES_H_

#include <cstdint>

#include "absl/time/time.h"

namespace meanwhile {

struct ProcessFigures {
  std::uint64_t resident_bytes = 0;
  std::uint64_t peak_resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint32_t threads = 0;
};

// Reads /proc/self/status: see proc(5).
ProcessFigures ReadProcessFigures();

// User and system time of all threads so far, those that have ended included.
absl::Duration ProcessorTime();

// Open file descriptors, and how many there may be. Counting them costs a look at each.
std::uint64_t OpenDescriptors();
std::uint64_t MaxDescriptors();

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_PROCESS_FIGURES_H_
