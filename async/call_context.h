// CallContext: one served call, as its handler sees it. CallObserver: who is told of a loop's calls.

#ifndef MEANWHILE_ASYNC_CALL_CONTEXT_H_
#define MEANWHILE_ASYNC_CALL_CONTEXT_H_

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <chrono>
#include <string_view>

#include "async/activity.h"
#include "async/cancellation.h"
#include "async/event_loop.h"

namespace meanwhile::async {

class CallContext;

// Is told of every call of a method on a loop. Called on the loop's thread, but for OnTaken, in this order: OnStarted,
// OnTaken if the handler blocks; OnRan and OnHeldThread any number of times; OnReturned; OnFinished. The run that ends
// the call ends after OnFinished.
class CallObserver {
 public:
  virtual ~CallObserver() = default;

  // A call was matched. An answer that is not OK sheds it: its handler is not run, and the client gets this status.
  virtual grpc::Status OnStarted(CallContext& /*call*/) { return grpc::Status(); }

  // The call's coroutines ran without a pause.
  virtual void OnRan(CallContext& /*call*/, TimePoint /*begin*/, TimePoint /*end*/) {}

  // The call's blocking handler held a thread of the pool; told afterwards.
  virtual void OnHeldThread(CallContext& /*call*/, TimePoint /*begin*/, TimePoint /*end*/) {}

  // A thread of the pool has taken the call, and runs its handler next. An answer that is not OK sheds it after all.
  // Called on that thread.
  virtual grpc::Status OnTaken(CallContext& /*call*/) { return grpc::Status(); }

  // The handler has returned, or was not run after all; nothing has been sent, so trailing metadata may be added. Not
  // called when OnStarted has shed the call: so it ends what OnStarted began.
  virtual void OnReturned(CallContext& /*call*/, grpc::StatusCode /*code*/) {}

  // The handler has returned, with the status that is sent. When it read a stream: CANCELLED or DEADLINE_EXCEEDED
  // instead of OK when the call had ended before the response could be sent.
  virtual void OnFinished(CallContext& call, grpc::StatusCode code) = 0;

  // An exception left the handler. OnFinished follows.
  virtual void OnException(CallContext& /*call*/, std::string_view /*what*/) {}
};

// Why a call that began at `began` has ended before its response was sent: CANCELLED or DEADLINE_EXCEEDED.
//
// The client gives up at the same deadline, and the news of that may be here first: gRPC sends the time that is left
// rounded up by as much as a hundredth, and the server counts it from when it has read the call, which is some
// milliseconds later where there is much to do. So an end that comes so short before the deadline is taken for it.
inline grpc::StatusCode ReasonOfEnd(std::chrono::system_clock::time_point began,
                                    std::chrono::system_clock::time_point deadline) {
  const auto slack = (deadline - began) / 100 + std::chrono::milliseconds(10);
  const bool expired = deadline - std::chrono::system_clock::now() <= slack;
  return expired ? grpc::StatusCode::DEADLINE_EXCEEDED : grpc::StatusCode::CANCELLED;
}

// Lives until the call has ended. Thread: the loop's, except cancelled() and ReasonOfEnd(), and what does not change
// once the call was matched: its server_context() and when that was.
class CallContext final : public Activity {
 public:
  // `name` and `observer`, which may be null, outlive the context.
  CallContext(EventLoop* loop, std::string_view name, CallObserver* observer)
      : loop_(loop), name_(name), observer_(observer) {}
  CallContext(const CallContext&) = delete;
  CallContext& operator=(const CallContext&) = delete;

  EventLoop& loop() { return *loop_; }
  grpc::ServerContext& server_context() { return server_context_; }

  // What the method is called in messages.
  std::string_view name() const override { return name_; }

  // Any thread. True when nobody waits for the response any more.
  bool cancelled() const { return reason_.load(std::memory_order_relaxed) != grpc::StatusCode::OK; }

  // Any thread, once the call was matched. Why the call has ended before its response was sent: CANCELLED or
  // DEADLINE_EXCEEDED. The news of the end may be behind what the end makes fail, such as a write; then this is what it
  // would say now.
  grpc::StatusCode ReasonOfEnd() const {
    const grpc::StatusCode reason = reason_.load(std::memory_order_relaxed);
    return reason != grpc::StatusCode::OK ? reason
                                          : async::ReasonOfEnd(matched_at_system_time_, server_context_.deadline());
  }

  CancellationToken token() { return CancellationToken(&source_); }

  // When the call was matched, and when its handler began: later, if it waited for a thread of the pool. A handler that
  // got none, because the pool was full or the call was cancelled, never began; then this is when that was known.
  TimePoint matched_at() const { return matched_at_; }
  TimePoint handler_began_at() const { return handler_began_at_; }
  // The first of the two by the clock of deadlines.
  std::chrono::system_clock::time_point matched_at_system_time() const { return matched_at_system_time_; }

  // How long the handler has run: on the loop, in the runs that have ended, or on a processor by the pool's thread.
  // What is left of its time it has waited.
  Duration ran() const { return ran_; }

  // What the client asks for; null when it sends a stream of messages.
  const google::protobuf::Message* request() const { return request_; }

  // The call was refused, and its handler not run: by the observer, because the pool was full, or because the deadline
  // passed in the pool's queue.
  bool shed() const { return shed_; }
  bool pool_was_full() const { return pool_was_full_; }

 private:
  template <typename Rpc, typename Service, typename Handler>
  friend class Method;

  void OnMatched(const google::protobuf::Message* request) {
    request_ = request;
    matched_at_ = loop_->Now();
    handler_began_at_ = matched_at_;
    matched_at_system_time_ = std::chrono::system_clock::now();
    // One that has passed already is none: the news of it comes by itself.
    const auto deadline = server_context_.deadline();
    if (deadline == std::chrono::system_clock::time_point::max() || deadline <= matched_at_system_time_) return;
    source_.set_deadline(matched_at_ + (deadline - matched_at_system_time_));
  }

  void OnRan(TimePoint begin, TimePoint end) override {
    ran_ += end - begin;
    if (observer_ != nullptr) observer_->OnRan(*this, begin, end);
  }

  void OnRanOnPool(TimePoint begin, TimePoint end, Duration processor_time) {
    handler_began_at_ = begin;
    ran_ += processor_time;
    if (observer_ != nullptr) observer_->OnHeldThread(*this, begin, end);
  }

  // A blocking handler will not be run.
  void OnNotRun() { handler_began_at_ = loop_->Now(); }

  // Tells the handler, with the reason as its status.
  void Cancel() {
    reason_.store(ReasonOfEnd(), std::memory_order_relaxed);
    source_.Cancel(reason_.load(std::memory_order_relaxed));
  }

  EventLoop* loop_;
  std::string_view name_;
  CallObserver* observer_;
  grpc::ServerContext server_context_;
  CancellationSource source_;
  TimePoint matched_at_;
  TimePoint handler_began_at_;
  std::chrono::system_clock::time_point matched_at_system_time_;
  Duration ran_ = Duration::zero();
  const google::protobuf::Message* request_ = nullptr;
  bool shed_ = false;
  bool pool_was_full_ = false;
  std::atomic<grpc::StatusCode> reason_ = grpc::StatusCode::OK;  // Of the end that gRPC told of, if any.
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_CALL_CONTEXT_H_
