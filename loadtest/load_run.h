// RunLoad: one measurement. So many callers in a closed loop over so many connections and loops, first to warm up, then
// for the measured time; what is in flight at its end is waited for. Called as often as needed in one process: each run
// has connections and threads of its own.

#ifndef MEANWHILE_LOADTEST_LOAD_RUN_H_
#define MEANWHILE_LOADTEST_LOAD_RUN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "loadtest/engine_set.h"
#include "loadtest/measurement.h"
#include "meanwhile/v1/meanwhile.pb.h"

namespace meanwhile {

struct LoadOptions {
  // What sends the calls.
  EngineKind engine = EngineKind::kHttp2;
  // `HOST:PORT` or `unix:PATH`.
  std::string target;
  // Callers, each with one call in flight.
  std::size_t in_flight = 1000;
  // Sockets. One more than there are callers has no use, and none is opened.
  std::size_t connections = 8;
  // Threads that send; 0 for one on each processor that this process may run on. Never more than callers, nor, with
  // engine http2, than connections.
  std::size_t loops = 0;
  // What each call of Fetch asks for.
  v1::FetchRequest request;
  // Of each call.
  absl::Duration timeout = absl::InfiniteDuration();
  absl::Duration warmup = absl::ZeroDuration();
  // The warm-up goes on until every caller has had an answer, but no longer than this. No longer than `warmup` by
  // default.
  absl::Duration longest_warmup = absl::ZeroDuration();
  // The measured time; infinite when `total` alone ends it.
  absl::Duration duration = absl::Seconds(10);
  // Measure exactly so many calls, in_flight or more, if the duration allows; 0 for no limit.
  uint64_t total = 0;
  // Within which all connections must stand.
  absl::Duration connect_timeout = absl::Seconds(5);
  // How long calls in flight at the end are waited for before they are cancelled.
  absl::Duration patience = absl::Seconds(5);
};

struct LoadResult {
  // Of the measured time. Zero when the run was interrupted before it began.
  absl::Time start;
  absl::Duration elapsed;
  Measurement measurement;
  // What this process has used in the measured time, and how many processors it may run on.
  absl::Duration processor_time;
  std::size_t processors = 0;
  std::size_t connections = 0;
  // Connections that stood when the measured time ended: none when the server was gone.
  std::size_t connected = 0;
  std::size_t loops = 0;
  // Calls that had to wait because the server allowed for no more streams.
  uint64_t waited_for_stream = 0;
  // Calls that had not ended when the patience had.
  uint64_t cancelled = 0;
  bool interrupted = false;
};

// How a run goes, for a progress line.
struct LoadProgress {
  bool warming_up = false;
  // Calls that ended a second since the last progress, and how long they took.
  double rate = 0;
  absl::Duration p50;
  absl::Duration p99;
  int64_t in_flight = 0;
  // Infinite when only the number of calls ends the run.
  absl::Duration time_left;
};

// Is told of a run's moments, on the thread that called RunLoad. Load goes on meanwhile, so be quick.
class LoadObserver {
 public:
  virtual ~LoadObserver() = default;
  // The measured time begins; it has ended. Neither is told of a measured time that never began.
  virtual void OnMeasuredTimeBegins() {}
  virtual void OnMeasuredTimeEnded() {}
  // Twice a second.
  virtual void OnProgress(const LoadProgress& /*progress*/) {}
};

// Blocks until all is over. `stopped` is asked often; when it says so, sending ends and the result is what was measured
// until then. `observer` and `stopped` may be null. UNAVAILABLE when the target cannot be reached; calls that fail are
// no error but part of the result.
absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options, LoadObserver* observer = nullptr,
                                   const std::function<bool()>& stopped = nullptr);

// How many processors the calling thread may run on.
std::size_t AvailableProcessors();

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_RUN_H_
