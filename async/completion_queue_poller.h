// CompletionQueuePoller: a loop's poller over one gRPC completion queue, which it owns.
//
// Other threads wake it with a grpc::Alarm that is due at once. An Alarm costs about a microsecond and a lock, which is
// why the loop's timers are not Alarms.
//
// gRPC counts time in milliseconds and rounds up: an idle loop returns up to 1 ms after its deadline.

#ifndef MEANWHILE_ASYNC_COMPLETION_QUEUE_POLLER_H_
#define MEANWHILE_ASYNC_COMPLETION_QUEUE_POLLER_H_

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <memory>

#include "async/poller.h"

namespace meanwhile::async {

class CompletionQueuePoller final : public Poller {
 public:
  // Takes a client's or a server's queue (ServerBuilder::AddCompletionQueue). A server's queue must be drained (Next
  // until kShutDown) after the server's Shutdown and before the server is destroyed.
  explicit CompletionQueuePoller(std::unique_ptr<grpc::CompletionQueue> queue);

  Result Next(TimePoint deadline, Operation** operation, bool* ok) override;
  void Wake() override;
  TimePoint Now() override { return std::chrono::steady_clock::now(); }
  void Shutdown() override { queue_->Shutdown(); }
  grpc::CompletionQueue* queue() override { return queue_.get(); }

 private:
  std::unique_ptr<grpc::CompletionQueue> queue_;
  grpc::Alarm alarm_;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_COMPLETION_QUEUE_POLLER_H_
