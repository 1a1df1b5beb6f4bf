// SlowCalls: says on the log which calls took longer than a bound, and where their time went. At most ten a second, as
// of every event; then how many more there were.
//
// Thread: any. Ownership: the server's.

#ifndef MEANWHILE_SERVER_OBSERVE_SLOW_CALLS_H_
#define MEANWHILE_SERVER_OBSERVE_SLOW_CALLS_H_

#include "absl/time/time.h"
#include "server/observe/call_record.h"
#include "server/observe/log.h"

namespace meanwhile {

class SlowCalls final : public CallSink {
 public:
  explicit SlowCalls(absl::Duration bound) : bound_(absl::ToChronoNanoseconds(bound)) {}

  void OnCallEnded(const CallRecord& call) override;

  // `slow call: Fetch OK took 1.203s: queued 0, waiting 1.2s, running 3ms`.
  static LogLine Line(const CallRecord& call);

 private:
  const async::Duration bound_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_SLOW_CALLS_H_
