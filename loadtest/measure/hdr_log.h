// HdrHistogram's interval log (version 1.3, histograms of version 2, compressed), which its tools read: a head, then a
// line for each interval, each with a whole histogram:
//
//   Tag=service,2.000,1.000,53.215,HISTFAAAA…
//       tag, begin and length in seconds, maximum in milliseconds; the histogram, of nanoseconds, in base64
//
// The histogram is a head, the counts as numbers of variable length (ZigZag, LEB128; a negative number is a run of
// zeros), all of that behind a second head and compressed by zlib. Integers are big-endian.
//
// Pure functions, any thread.

#ifndef MEANWHILE_LOADTEST_MEASURE_HDR_LOG_H_
#define MEANWHILE_LOADTEST_MEASURE_HDR_LOG_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "loadtest/measure/histogram.h"

namespace meanwhile {

// The lines that begin a log whose intervals are counted from `start`.
std::string HdrLogHead(absl::Time start);

// One interval's line. `tag` may be empty, and has no comma, space or line break.
std::string HdrLogLine(absl::string_view tag, absl::Duration begin, absl::Duration length, const Histogram& histogram);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_HDR_LOG_H_
