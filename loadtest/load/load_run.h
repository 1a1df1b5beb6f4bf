// RunLoad: one measurement. So many callers in a closed loop, or an open loop that sends by a schedule, over so many
// connections and loops, first to warm up, then for the measured time; what is in flight at its end is waited for.
// Called as often as needed in one process: each run has connections and threads of its own.

#ifndef MEANWHILE_LOADTEST_LOAD_LOAD_RUN_H_
#define MEANWHILE_LOADTEST_LOAD_LOAD_RUN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/credentials.h"
#include "loadtest/engine/call_options.h"
#include "loadtest/engine/call_source.h"
#include "loadtest/engine/engine_set.h"
#include "loadtest/load/schedule.h"
#include "loadtest/measure/answer_checker.h"
#include "loadtest/measure/interval_log.h"
#include "loadtest/measure/live_stats.h"
#include "loadtest/measure/measurement.h"
#include "loadtest/measure/method_recorder.h"
#include "loadtest/measure/stream_measurement.h"
#include "meanwhile/v1/meanwhile.pb.h"

namespace meanwhile {

struct LoadOptions {
  // What sends the calls.
  EngineKind engine = EngineKind::kHttp2;
  // As in EngineSetOptions.
  std::string target;
  // Plaintext by default.
  Credentials credentials;
  // Closed loop: callers, each with one call in flight, and how long they wait before the next one.
  std::size_t in_flight = 1000;
  absl::Duration think_time = absl::ZeroDuration();
  // Open loop, in place of callers: when calls are sent. It begins with the measured time; the warm-up before it is at
  // its first rate.
  std::optional<LoadShape> shape;
  // Open loop: calls that may be in flight. One more is counted as not sent.
  std::size_t max_in_flight = 10'000;
  // Open loop: when 1 % of the calls leave later than this, the figures are not of the server (see validity.h).
  absl::Duration longest_dispatch_delay = absl::Milliseconds(10);
  // Sockets. One more than there may be calls in flight has no use, and none is opened.
  std::size_t connections = 8;
  // Threads that send; 0 for one on each processor that this process may run on. Never more than calls in flight, nor
  // than `total`, nor, with engine http2, than connections.
  std::size_t loops = 0;
  // The calls; calls of Fetch with `request` when null.
  std::shared_ptr<const CallPlan> plan;
  v1::FetchRequest request;
  // Makes what judges the calls of a loop with so many slots. Without it calls that end with OK succeed.
  std::function<std::unique_ptr<AnswerChecker>(std::size_t slots)> make_checker;
  CallOptions call;
  // Of each call.
  absl::Duration timeout = absl::InfiniteDuration();
  absl::Duration warmup = absl::ZeroDuration();
  // Closed loop: the warm-up goes on until every caller has had an answer, but no longer than this. No longer than
  // `warmup` by default.
  absl::Duration longest_warmup = absl::ZeroDuration();
  // The measured time; infinite when `total` or the shape alone ends it. Where `total` or a replay does, it ends when
  // the last call has.
  absl::Duration duration = absl::Seconds(10);
  // Measure exactly so many calls, no fewer than there are callers, if the duration allows; 0 for no limit.
  uint64_t total = 0;
  // Within which all connections must stand.
  absl::Duration connect_timeout = absl::Seconds(5);
  // Where the times of measured calls go second by second; null for nowhere. Not together with a longest warm-up.
  IntervalLog* log = nullptr;
  // How long calls in flight at the end are waited for before they are cancelled.
  absl::Duration patience = absl::Seconds(5);
};

struct LoadResult {
  // Of the measured time. Zero when the run was interrupted before it began.
  absl::Time start;
  absl::Duration elapsed;
  Measurement measurement;
  // By what reports call the plan's methods, in its order; none when all have the same name.
  std::vector<MethodCounts> methods;
  // Of calls that stream; none when no method does.
  std::optional<StreamMeasurement> streams;
  // What LoopCounts says of all loops.
  uint64_t succeeded_in_time = 0;
  uint64_t scheduled = 0;
  // Open loop: over which these were due. The measured time, or, where the calls ended that, what the shape gives for
  // so many; zero when they were due at once.
  absl::Duration scheduled_time;
  uint64_t not_sent = 0;
  uint64_t in_flight_at_end = 0;
  uint64_t unfinished = 0;
  // What this process has used in the measured time, and how many processors it may run on.
  absl::Duration processor_time;
  std::size_t processors = 0;
  // What the loop that used most has used in it.
  absl::Duration busiest_loop_time;
  std::size_t connections = 0;
  // Until all connections stood.
  absl::Duration connect_time;
  // In the order in which they were given, as they stood when the measured time ended.
  std::vector<TargetConnections> targets;
  std::size_t loops = 0;
  // As they were asked for.
  std::size_t max_in_flight = 0;
  absl::Duration longest_dispatch_delay = absl::InfiniteDuration();
  // Calls that had to wait because the server allowed for no more streams.
  uint64_t waited_for_stream = 0;
  bool interrupted = false;
};

// How a run goes, for whoever looks on.
struct LoadProgress {
  bool warming_up = false;
  // Calls that ended since the last progress, the failures among them, and how long they took.
  uint64_t ended = 0;
  uint64_t failed = 0;
  double rate = 0;  // Ended a second.
  absl::Duration p50;
  absl::Duration p99;
  int64_t in_flight = 0;
  // Infinite when only the number of calls ends the run, and zero when calls of a replay are waited for.
  absl::Duration time_left;
  // Since the last progress, and how long that is; since the first call.
  LiveCounts recent;
  absl::Duration recent_length;
  LiveCounts totals;
  // The totals by what reports call the methods; none when all have the same name. What is due or not sent is of no
  // method yet.
  std::vector<std::pair<std::string, LiveCounts>> methods;
};

// A second of the measured time, or what was left of it.
struct LoadInterval {
  absl::Duration length;
  LiveCounts counts;
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
  // Once a second of the measured time, and at its end.
  virtual void OnInterval(const LoadInterval& /*interval*/) {}
};

// Blocks until all is over. `stopped` is asked often; when it says so, sending ends and the result is what was measured
// until then. `observer` and `stopped` may be null. UNAVAILABLE when the target cannot be reached; calls that fail are
// no error but part of the result.
absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options, LoadObserver* observer = nullptr,
                                   const std::function<bool()>& stopped = nullptr);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_LOAD_LOAD_RUN_H_
