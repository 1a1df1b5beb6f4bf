// TraceFile: served calls as a picture, in the format that Perfetto and chrome://tracing open: JSON, "Trace Event
// Format", complete events (`"ph": "X"`).
//
// Three groups of rows:
//   loops             a row for each loop: what it ran, one short piece after another
//   threads held      a row for each thread that a call held at the time: models thread and pool, and what computes
//   calls in flight   each call from its arrival to its end, and inside it what it did: queued, running, waiting. A row
//                     is taken again by the next call when one has ended, so there are as many as were in flight
//
// Pure functions of what was recorded. Thread: any.

#ifndef MEANWHILE_SERVER_OBSERVE_TRACE_FILE_H_
#define MEANWHILE_SERVER_OBSERVE_TRACE_FILE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "server/observe/call_record.h"

namespace meanwhile {

// A run with the loop that it was on, counted from 1; 0 for one that held a thread.
struct TracedRun {
  CallRun run;
  std::size_t loop = 0;
};

// Runs of calls that are not in `calls` are drawn in the rows of loops and threads only, and those before the first of
// `calls` not at all. Times are counted from the earliest.
std::string TraceJson(std::vector<CallRecord> calls, std::vector<TracedRun> runs);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_TRACE_FILE_H_
