// CallRecord: one served call as it went, for whoever counts, logs or draws calls. Every model makes the same record:
//
//   arrived ── queued ── began ── running and waiting, in turns ── ended
//
// What each model can see of it:
//  - arrived: when our code heard of the call. What a call has waited inside gRPC before is not seen: for an armed slot
//    (async, pool), or for a thread of gRPC's (thread, callback).
//  - queued: for a thread of our pool; zero where there is none to wait for. All of the time of a call that got none.
//  - running: on the loop (async, callback; there without the moments on gRPC's own threads), or processor time of the
//    thread that held the call (thread, pool, and what computes).
//  - waiting: the rest. It includes the time in which the call could go on, and its loop was busy with others.
//
// A plain value.

#ifndef MEANWHILE_SERVER_OBSERVE_CALL_RECORD_H_
#define MEANWHILE_SERVER_OBSERVE_CALL_RECORD_H_

#include <grpcpp/support/status_code_enum.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "async/timer_queue.h"

namespace meanwhile {

// The methods of the service meanwhile.v1.Meanwhile. Calls of health and Admin are not recorded.
enum class CallMethod : std::uint8_t { kFetch, kGather, kWatch, kCollect, kExchange, kCompute };
inline constexpr CallMethod kAllCallMethods[] = {CallMethod::kFetch,   CallMethod::kGather,   CallMethod::kWatch,
                                                 CallMethod::kCollect, CallMethod::kExchange, CallMethod::kCompute};
inline constexpr std::size_t kCallMethods = std::size(kAllCallMethods);

// `Fetch`. Lives forever.
std::string_view ToString(CallMethod method);

// Why a call was refused, and its handler not run.
enum class ShedReason : std::uint8_t {
  kMaxInFlight,  // As many handlers were live as --max-in-flight allows.
  kDeadline,     // The deadline had passed, or could not be met any more.
  kPoolQueue,    // As many calls waited for a thread of the pool as --pool-queue allows, or none could be started.
};
inline constexpr ShedReason kAllShedReasons[] = {ShedReason::kMaxInFlight, ShedReason::kDeadline,
                                                 ShedReason::kPoolQueue};
inline constexpr std::size_t kShedReasons = std::size(kAllShedReasons);

// `max_in_flight`. Lives forever.
std::string_view ToString(ShedReason reason);

struct CallRecord {
  CallMethod method = CallMethod::kFetch;
  grpc::StatusCode code = grpc::StatusCode::OK;
  std::optional<ShedReason> shed = std::nullopt;
  async::TimePoint arrived = {};
  async::TimePoint began = {};
  async::TimePoint ended = {};
  async::Duration running = {};

  async::Duration queued() const { return began - arrived; }
  async::Duration waiting() const { return std::max(ended - began - running, async::Duration::zero()); }
};

// A piece of a call's time: its handler ran on a loop without a pause, or held a thread, running or blocked.
struct CallRun {
  // The call's. Together they tell it from all others.
  CallMethod method = CallMethod::kFetch;
  async::TimePoint arrived = {};

  async::TimePoint begin = {};
  async::TimePoint end = {};
  bool on_loop = false;
};

// Who is told of calls. Be quick: the call's thread waits.
class CallSink {
 public:
  virtual ~CallSink() = default;

  // Called when the run has ended; on the loop's thread if it was on a loop. The last run of a call may be told after
  // its end.
  virtual void OnCallRan(const CallRun& /*run*/) {}

  // Called once for each call, on whichever thread ended it.
  virtual void OnCallEnded(const CallRecord& call) = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_CALL_RECORD_H_
