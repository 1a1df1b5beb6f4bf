// Waited: how a wait ended, whichever backend it waited for; and BlockingWaitLimit: what ends one early on a thread
// that blocks. (A coroutine needs nothing of the kind: its cancellation reaches whatever it awaits.)
//
// Plain values.

#ifndef MEANWHILE_SERVER_BACKEND_WAITED_H_
#define MEANWHILE_SERVER_BACKEND_WAITED_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <string>

#include "absl/time/time.h"

namespace meanwhile {

struct Waited {
  // OK; the backend's failure; RESOURCE_EXHAUSTED when its queue was full or no thread left; CANCELLED or
  // DEADLINE_EXCEEDED when the call ended first.
  grpc::Status status = grpc::Status();
  // From the start of the wait to its end, the time in a queue included.
  absl::Duration elapsed = absl::ZeroDuration();
  // What the wait brought: the content of a file, the value of a key. Empty for waits that bring nothing.
  std::string value = std::string();

  bool ok() const { return status.ok(); }
};

struct BlockingWaitLimit {
  // How long a blocked thread goes without a look at its call.
  static constexpr std::chrono::milliseconds kLookInterval{100};

  std::chrono::system_clock::time_point deadline;
  // Asked every kLookInterval by the waiting thread.
  std::function<bool()> cancelled;
  // When the call began, or its wait if that is all one knows.
  std::chrono::system_clock::time_point began = std::chrono::system_clock::now();

  bool DeadlineHasPassed() const;
  bool HasEnded() const { return DeadlineHasPassed() || cancelled(); }
  // Why the call has ended: DEADLINE_EXCEEDED or CANCELLED. See async::ReasonOfEnd: the client's news that it has given
  // up at the deadline may be here a moment before our own.
  grpc::StatusCode ReasonOfEnd() const;
  // The status of a wait that this limit ended.
  grpc::Status StatusOfEnded() const;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_WAITED_H_
