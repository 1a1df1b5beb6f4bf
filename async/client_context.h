// What a client's call takes from the coroutine that awaits it: the deadline, and the reason of its end.
//
// Thread: the loop's.

#ifndef MEANWHILE_ASYNC_CLIENT_CONTEXT_H_
#define MEANWHILE_ASYNC_CLIENT_CONTEXT_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/timer_queue.h"

namespace meanwhile::async::internal {

// Gives the context the deadline of `token`, unless its own is earlier. Before the call is made.
inline void HandOnDeadline(EventLoop& loop, CancellationToken token, grpc::ClientContext* context) {
  if (token.deadline() == TimePoint::max()) return;
  const auto deadline = std::chrono::system_clock::now() + (token.deadline() - loop.Now());
  if (deadline < context->deadline()) context->set_deadline(deadline);
}

// The status of a call that was made under `token`. A call that we cancelled ends with CANCELLED, whatever the reason.
inline grpc::Status StatusOfCall(CancellationToken token, grpc::Status status) {
  return token.cancelled() && status.error_code() == grpc::StatusCode::CANCELLED ? token.status() : status;
}

}  // namespace meanwhile::async::internal

#endif  // MEANWHILE_ASYNC_CLIENT_CONTEXT_H_
