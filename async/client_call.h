// Making unary calls from a loop: the awaiting coroutine sleeps until the response is there.
//
//   grpc::ClientContext context;
//   GreetResponse response;
//   grpc::Status status =
//       co_await CallUnary(loop, *stub, &Greeter::Stub::PrepareAsyncGreet, context, request, &response);
//
// Cancellation: when the awaiting coroutine is cancelled the call is cancelled (ClientContext::TryCancel), and the
// await ends as soon as gRPC confirms it, with the coroutine's reason: CANCELLED or DEADLINE_EXCEEDED. A coroutine that
// is cancelled already calls nobody.
//
// Deadline: the context's own, or the awaiting coroutine's if that is earlier. So a handler's calls tell their servers
// the time that is left of the handler's own.
//
// Lifetime: the stub, context, request and response live until the await ends. A context serves one call.
//
// Thread: the loop's.

#ifndef MEANWHILE_ASYNC_CLIENT_CALL_H_
#define MEANWHILE_ASYNC_CLIENT_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_unary_call.h>

#include <coroutine>
#include <memory>
#include <type_traits>
#include <utility>

#include "async/cancellation.h"
#include "async/client_context.h"
#include "async/event_loop.h"
#include "async/poller.h"
#include "async/task.h"

namespace meanwhile::async {

// Gives the call's status. Counts as work of the loop while it waits.
template <typename Request, typename Response, typename Stub>
class UnaryClientCall final : private Operation, private CancellationCallback, private Resumption {
 public:
  using Reader = grpc::ClientAsyncResponseReader<Response>;
  using PrepareMember = std::unique_ptr<Reader> (Stub::*)(grpc::ClientContext*, const Request&, grpc::CompletionQueue*);

  UnaryClientCall(EventLoop* loop, Stub* stub, PrepareMember prepare, grpc::ClientContext* context,
                  const Request* request, Response* response)
      : loop_(loop), stub_(stub), prepare_(prepare), context_(context), request_(request), response_(response) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    token_ = internal::TokenOf(caller);
    if (token_.cancelled()) {
      status_ = token_.status();
      return false;
    }
    set_coroutine(caller);
    Register(token_);
    loop_->AddWork();
    internal::HandOnDeadline(*loop_, token_, context_);
    reader_ = (stub_->*prepare_)(context_, *request_, loop_->queue());
    reader_->StartCall();
    reader_->Finish(response_, &status_, static_cast<Operation*>(this));
    return true;
  }

  grpc::Status await_resume() { return internal::StatusOfCall(token_, std::move(status_)); }

 private:
  // `ok` is always true: Finish tells everything through the status.
  void OnComplete(bool /*ok*/) override {
    Unregister();
    loop_->RemoveWork();
    loop_->Schedule(this);
  }
  void OnCancel() override { context_->TryCancel(); }

  EventLoop* loop_;
  Stub* stub_;
  PrepareMember prepare_;
  grpc::ClientContext* context_;
  const Request* request_;
  Response* response_;
  CancellationToken token_;
  std::unique_ptr<Reader> reader_;
  grpc::Status status_;
};

// Starts the call when awaited. `prepare` is the stub's PrepareAsyncXxx.
template <typename Request, typename Response, typename Stub>
UnaryClientCall<Request, Response, Stub> CallUnary(
    EventLoop& loop, Stub& stub,
    std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*prepare)(grpc::ClientContext*, const Request&,
                                                                                grpc::CompletionQueue*),
    grpc::ClientContext& context, const std::type_identity_t<Request>& request,
    std::type_identity_t<Response>* response) {
  return UnaryClientCall<Request, Response, Stub>(&loop, &stub, prepare, &context, &request, response);
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_CLIENT_CALL_H_
