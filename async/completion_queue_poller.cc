#include "async/completion_queue_poller.h"

#include <grpc/support/time.h>

#include <utility>

namespace meanwhile::async {
namespace {

// The steady clock and gRPC's monotonic one are the same: CLOCK_MONOTONIC.
gpr_timespec ToGpr(TimePoint time) {
  if (time == TimePoint::max()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  gpr_timespec result;
  result.clock_type = GPR_CLOCK_MONOTONIC;
  result.tv_sec = seconds.count();
  result.tv_nsec = static_cast<int32_t>((since_epoch - seconds).count());
  return result;
}

}  // namespace

CompletionQueuePoller::CompletionQueuePoller(std::unique_ptr<grpc::CompletionQueue> queue) : queue_(std::move(queue)) {}

Poller::Result CompletionQueuePoller::Next(TimePoint deadline, Operation** operation, bool* ok) {
  void* tag = nullptr;
  switch (queue_->AsyncNext(&tag, ok, ToGpr(deadline))) {
    case grpc::CompletionQueue::TIMEOUT:
      return Result::kTimeout;
    case grpc::CompletionQueue::SHUTDOWN:
      return Result::kShutDown;
    case grpc::CompletionQueue::GOT_EVENT:
      break;
  }
  if (tag == &alarm_) return Result::kWoken;
  *operation = static_cast<Operation*>(tag);
  return Result::kCompleted;
}

void CompletionQueuePoller::Wake() { alarm_.Set(queue_.get(), gpr_time_0(GPR_CLOCK_MONOTONIC), &alarm_); }

}  // namespace meanwhile::async
