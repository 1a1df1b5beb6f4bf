// Cancellation on one loop: a CancellationSource is cancelled once; a CancellationToken tells whether that has
// happened; a CancellationCallback is told when it happens.
//
// A token travels by itself: a Task takes the token of the coroutine that awaits it, down to the operation that really
// waits, which then registers a callback. So a handler needs no code of its own to be cancelled.
//
// A deadline travels with it: whoever calls somebody else (a client's call) can say by when the answer is of use.
//
// Thread: a source, its tokens and its callbacks belong to one thread; there is no lock and no heap. What comes from
// another thread (a pool, the network) reaches the source through the loop's mailbox or completion queue.
//
// Lifetime: a source outlives its tokens' use and its callbacks' registration. A callback that is destroyed leaves its
// source by itself.
//
// Invariants:
//  1. A source changes from "not cancelled" to "cancelled" once and never back; its code is then not OK.
//  2. A registered callback is told exactly once, or leaves before it is told; never both.
//  3. OnCancel never runs a coroutine in place: it schedules one (EventLoop::Schedule). So no callback, and not the
//  source
//     either, disappears while Cancel walks the list.

#ifndef MEANWHILE_ASYNC_CANCELLATION_H_
#define MEANWHILE_ASYNC_CANCELLATION_H_

#include <grpcpp/support/status.h>

#include "async/timer_queue.h"

namespace meanwhile::async {

class CancellationCallback;

// Whoever can cancel some work owns one: a server call, a WhenAll, a test.
class CancellationSource {
 public:
  CancellationSource() = default;
  CancellationSource(const CancellationSource&) = delete;
  CancellationSource& operator=(const CancellationSource&) = delete;
  ~CancellationSource();

  // Tells every registered callback. The first call counts; later ones change nothing. `code` is CANCELLED or
  // DEADLINE_EXCEEDED: it becomes the status of what was waiting.
  void Cancel(grpc::StatusCode code = grpc::StatusCode::CANCELLED);

  bool cancelled() const { return code_ != grpc::StatusCode::OK; }
  grpc::StatusCode code() const { return code_; }

  // When the work is of no more use, by the loop's clock; TimePoint::max() when nobody said so. The source does not act
  // on it: whoever sets it cancels when the time has come.
  TimePoint deadline() const { return deadline_; }
  void set_deadline(TimePoint deadline) { deadline_ = deadline; }

 private:
  friend class CancellationCallback;

  grpc::StatusCode code_ = grpc::StatusCode::OK;
  TimePoint deadline_ = TimePoint::max();
  CancellationCallback* first_ = nullptr;
};

// A view of a source, or of none: work without a source is never cancelled. Copied freely.
class CancellationToken {
 public:
  CancellationToken() = default;
  explicit CancellationToken(CancellationSource* source) : source_(source) {}

  bool cancelled() const { return code() != grpc::StatusCode::OK; }
  grpc::StatusCode code() const { return source_ != nullptr ? source_->code() : grpc::StatusCode::OK; }

  TimePoint deadline() const { return source_ != nullptr ? source_->deadline() : TimePoint::max(); }

  // OK, or the status with which cancelled work ends.
  grpc::Status status() const;

 private:
  friend class CancellationCallback;

  CancellationSource* source_ = nullptr;
};

// A place in a source's list. Derive from it and override OnCancel.
class CancellationCallback {
 public:
  CancellationCallback() = default;
  CancellationCallback(const CancellationCallback&) = delete;
  CancellationCallback& operator=(const CancellationCallback&) = delete;

  // Asks to be told when the token's source is cancelled. The token must not be cancelled yet: look first.
  void Register(CancellationToken token);

  // Leaves the source. Does nothing when not registered or told already.
  void Unregister();

 protected:
  ~CancellationCallback() { Unregister(); }

  // Called once, within Cancel, on the loop's thread. Schedules; does not resume (invariant 3).
  virtual void OnCancel() = 0;

 private:
  friend class CancellationSource;

  CancellationSource* source_ = nullptr;
  CancellationCallback* next_ = nullptr;
  CancellationCallback** link_ = nullptr;  // What points at this callback.
};

// A source that is cancelled when its parent is, or by itself, alone.
class LinkedCancellationSource : public CancellationSource, private CancellationCallback {
 public:
  // Follows `parent` from now on, and has its deadline; cancelled at once when the parent already is.
  void LinkTo(CancellationToken parent) {
    parent_ = parent;
    set_deadline(parent.deadline());
    if (parent.cancelled()) {
      Cancel(parent.code());
    } else {
      Register(parent);
    }
  }

 private:
  void OnCancel() override { Cancel(parent_.code()); }

  CancellationToken parent_;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_CANCELLATION_H_
