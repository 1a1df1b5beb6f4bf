// The machine that a result was measured on. A figure without it means nothing.

#ifndef MEANWHILE_LOADTEST_MEASURE_HOST_H_
#define MEANWHILE_LOADTEST_MEASURE_HOST_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// Asks the kernel. `processors` counts those that the calling thread may run on, so ask before you pin it. Where the
// kernel gives the processor no name, it is the architecture's. What cannot be found out stays empty or 0. Any thread.
v1::Host ReadHost();

// The processor's name in the text of /proc/cpuinfo: `model name`. Empty on ARM, where there is none.
absl::string_view ProcessorName(absl::string_view cpuinfo);

// `MemTotal` in the text of /proc/meminfo, in bytes; 0 when it is not there.
uint64_t MemoryBytes(absl::string_view meminfo);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_HOST_H_
