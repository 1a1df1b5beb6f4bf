#include "server/backend/waited.h"

#include "async/call_context.h"

namespace meanwhile {

bool BlockingWaitLimit::DeadlineHasPassed() const { return deadline <= std::chrono::system_clock::now(); }

grpc::StatusCode BlockingWaitLimit::ReasonOfEnd() const { return async::ReasonOfEnd(began, deadline); }

grpc::Status BlockingWaitLimit::StatusOfEnded() const {
  const grpc::StatusCode reason = ReasonOfEnd();
  const bool expired = reason == grpc::StatusCode::DEADLINE_EXCEEDED;
  return grpc::Status(reason, expired ? "deadline exceeded while waiting" : "cancelled while waiting");
}

}  // namespace meanwhile
