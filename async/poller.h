// Poller: where a loop waits, and where the completions of its operations come from. The one that servers and clients
// use is CompletionQueuePoller; tests have one with a simulated clock.
//
// Thread: Next, Now and Shutdown belong to the loop's thread; Wake may be called from any.

#ifndef MEANWHILE_ASYNC_POLLER_H_
#define MEANWHILE_ASYNC_POLLER_H_

#include "async/timer_queue.h"

namespace grpc {
class CompletionQueue;
}

namespace meanwhile::async {

// Something handed to a completion queue and completed by it; gRPC calls it a tag. It must stay where it is until
// OnComplete has been called, which happens exactly once for each time it was handed over.
class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  // Runs on the loop's thread. What `ok` means depends on the operation and is told where it is started.
  virtual void OnComplete(bool ok) = 0;

 protected:
  ~Operation() = default;
};

// An operation that calls a member function of its owner: an owner with several operations has one of these for each.
template <typename Owner, void (Owner::*OnCompleteMember)(bool ok)>
class MemberOperation final : public Operation {
 public:
  explicit MemberOperation(Owner* owner) : owner_(owner) {}
  void OnComplete(bool ok) override { (owner_->*OnCompleteMember)(ok); }

 private:
  Owner* owner_;
};

class Poller {
 public:
  enum class Result {
    kCompleted,  // `operation` and `ok` are set.
    kWoken,      // Wake was called since the last kWoken.
    kTimeout,    // The deadline has passed.
    kShutDown,   // Shut down, and every operation has completed. Next must not be called again.
  };

  virtual ~Poller() = default;

  // Waits for a completion, but not beyond `deadline` (TimePoint::max() for ever; a time that has passed, not at all).
  virtual Result Next(TimePoint deadline, Operation** operation, bool* ok) = 0;

  // Makes the present or the next call of Next return kWoken. Called once, and not again before that.
  virtual void Wake() = 0;

  virtual TimePoint Now() = 0;

  // No operation is started afterwards; Next hands out the outstanding ones and then says kShutDown.
  virtual void Shutdown() = 0;

  // The completion queue behind it, or null where there is none.
  virtual grpc::CompletionQueue* queue() { return nullptr; }
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_POLLER_H_
