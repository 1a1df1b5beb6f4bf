#include "server/backend/waited.h"

namespace meanwhile {

bool BlockingWaitLimit::DeadlineHasPassed() const { return deadline <= std::chrono::system_clock::now(); }

grpc::Status BlockingWaitLimit::StatusOfEnded() const {
  if (DeadlineHasPassed()) {
    return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "deadline exceeded while waiting");
  }
  return grpc::Status(grpc::StatusCode::CANCELLED, "cancelled while waiting");
}

}  // namespace meanwhile
