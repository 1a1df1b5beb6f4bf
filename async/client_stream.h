// Making streaming calls from a loop. A call's messages are read and written by a body, a coroutine that is given the
// stream; the await ends when the call has ended, with its status:
//
//   grpc::Status status = co_await CallServerStreaming(
//       loop, *stub, &Station::Stub::PrepareAsyncWatch, context, request, [&](ClientReader<Weather>& items) -> Task<> {
//         Weather weather;
//         while (co_await items.Read(&weather)) Show(weather);
//       });
//
//   CallClientStreaming(..., context, &response, body)   body(ClientWriter<Request>&)
//   CallBidirectional(..., context, body)                body(ClientReaderWriter<Request, Response>&)
//
// How the body ends decides how the call does:
//  - It has read until there were no more messages, or a Write has given false: the call has ended, and its status is
//    what the server said. So a body need not know why: it returns, and the status tells.
//  - With CallClientStreaming its return is the half-close: the server hears that there are no more messages, and its
//    response is waited for. With CallBidirectional the half-close is `co_await stream.WritesDone()`, and the body goes
//    on reading.
//  - It returns while there may be more to read: the call is cancelled. The status is then CANCELLED, as a rule.
//  - It fails, by an exception or by returning a status that is not OK (a body returns Task<> or Task<grpc::Status>):
//    the call is cancelled, and the failure thrown again or given instead of the call's status.
// In any case the call's end is waited for: no operation is left behind.
//
// A call that cannot be made, because there is no server, ends with its status, and the body does not run.
//
// Cancellation: when the awaiting coroutine is cancelled the call is cancelled, reads and writes give false, and the
// status is the coroutine's reason: CANCELLED or DEADLINE_EXCEEDED. A coroutine that is cancelled already calls nobody.
// Deadline: as in client_call.h.
//
// Lifetime: the stub, context, request and response live until the await ends. The body is kept by the call; a lambda
// written in the `co_await` expression may capture by reference only (see task.h on GCC 12). A context serves one call.
//
// Thread: the loop's. Reads and writes: stream.h.

#ifndef MEANWHILE_ASYNC_CLIENT_STREAM_H_
#define MEANWHILE_ASYNC_CLIENT_STREAM_H_

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <concepts>
#include <coroutine>
#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "async/cancellation.h"
#include "async/client_context.h"
#include "async/event_loop.h"
#include "async/poller.h"
#include "async/stream.h"
#include "async/task.h"

namespace meanwhile::async {

template <typename Response>
using ClientReader = StreamReader<grpc::ClientContext, Response>;
template <typename Request>
using ClientWriter = StreamWriter<grpc::ClientContext, Request>;

template <typename Request, typename Response>
class ClientReaderWriter : public ClientReader<Response>, public ClientWriter<Request> {
 public:
  using Stream = grpc::ClientAsyncReaderWriter<Request, Response>;

  ClientReaderWriter(EventLoop* loop, grpc::ClientContext* context, Stream* stream)
      : ClientReader<Response>(loop, context, stream),
        ClientWriter<Request>(loop, context, stream),
        loop_(loop),
        context_(context),
        stream_(stream) {}

  // The half-close: the server hears that there are no more messages. No Write may follow. Gives false when the call
  // has ended.
  auto WritesDone() {
    const auto start = [stream = stream_](void* tag) { stream->WritesDone(tag); };
    return internal::StreamOperation<grpc::ClientContext, decltype(start)>(loop_, context_, start, &ended_);
  }

 private:
  EventLoop* loop_;
  grpc::ClientContext* context_;
  Stream* stream_;
  bool ended_ = false;
};

namespace internal {

// Awaits the end of a call: gives its status. Never skipped, as the call's storage may go only afterwards.
class FinishOperation final : private Operation, private CancellationCallback, private Resumption {
  using ClientAsyncStreamingInterface = grpc::internal::ClientAsyncStreamingInterface;

 public:
  FinishOperation(EventLoop* loop, grpc::ClientContext* context, ClientAsyncStreamingInterface* stream)
      : loop_(loop), context_(context), stream_(stream) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  void await_suspend(std::coroutine_handle<Promise> caller) {
    token_ = TokenOf(caller);
    set_coroutine(caller);
    if (token_.cancelled()) {
      context_->TryCancel();
    } else {
      Register(token_);
    }
    loop_->AddWork();
    stream_->Finish(&status_, static_cast<Operation*>(this));
  }

  grpc::Status await_resume() { return StatusOfCall(token_, std::move(status_)); }

 private:
  // `ok` is always true: Finish tells everything through the status.
  void OnComplete(bool /*ok*/) override {
    Unregister();
    loop_->RemoveWork();
    loop_->Schedule(this);
  }
  void OnCancel() override { context_->TryCancel(); }

  EventLoop* loop_;
  grpc::ClientContext* context_;
  ClientAsyncStreamingInterface* stream_;
  CancellationToken token_;
  grpc::Status status_;
};

template <typename Response>
Task<> ReadToTheEnd(ClientReader<Response>& stream) {
  Response unwanted;
  while (co_await stream.Read(&unwanted)) {
  }
}

// After a body that ended well: brings the call to its end, or gives it up.
template <typename GrpcStream, typename Stream>
Task<> EndStream(EventLoop& loop, grpc::ClientContext& context, GrpcStream& grpc_stream, Stream& stream) {
  constexpr bool kReads = requires { stream.reads_ended(); };
  constexpr bool kWrites = requires { stream.writes_ended(); };
  if constexpr (kReads && kWrites) {
    // The call has ended. gRPC tells its status only when all that came before it has been read.
    if (stream.writes_ended()) co_await ReadToTheEnd(stream);
  }
  if constexpr (kReads) {
    if (!stream.reads_ended()) context.TryCancel();
  } else {
    const auto start = [&grpc_stream](void* tag) { grpc_stream.WritesDone(tag); };
    bool ended = stream.writes_ended();
    // Whether it was taken does not matter: the call's status tells.
    if (!ended) {
      static_cast<void>(co_await StreamOperation<grpc::ClientContext, decltype(start)>(&loop, &context, start, &ended));
    }
  }
}

template <typename GrpcStream, typename Stream, typename Body>
Task<grpc::Status> RunStream(EventLoop& loop, grpc::ClientContext& context, GrpcStream& grpc_stream, Stream& stream,
                             Body& body) {
  grpc::Status failure;
  std::exception_ptr exception;
  const auto start = [&grpc_stream](void* tag) { grpc_stream.StartCall(tag); };
  bool ended = false;
  if (co_await StreamOperation<grpc::ClientContext, decltype(start)>(&loop, &context, start, &ended)) {
    try {
      if constexpr (std::same_as<std::invoke_result_t<Body&, Stream&>, Task<void>>) {
        co_await body(stream);
      } else {
        failure = co_await body(stream);
      }
    } catch (...) {
      exception = std::current_exception();
    }
    if (!failure.ok() || exception) {
      context.TryCancel();
    } else {
      co_await EndStream(loop, context, grpc_stream, stream);
    }
  }
  grpc::Status status = co_await FinishOperation(&loop, &context, &grpc_stream);
  if (exception) std::rethrow_exception(exception);
  co_return failure.ok() ? status : failure;
}

}  // namespace internal

// `prepare` is the stub's PrepareAsyncXxx. The body is moved into the frame.
template <typename Request, typename Response, typename Stub, typename Body>
Task<grpc::Status> CallServerStreaming(EventLoop& loop, Stub& stub,
                                       std::unique_ptr<grpc::ClientAsyncReader<Response>> (Stub::*prepare)(
                                           grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
                                       grpc::ClientContext& context, const std::type_identity_t<Request>& request,
                                       Body body) {
  const CancellationToken token = co_await CurrentCancellation();
  if (token.cancelled()) co_return token.status();
  internal::HandOnDeadline(loop, token, &context);
  const auto grpc_stream = (stub.*prepare)(&context, request, loop.queue());
  ClientReader<Response> stream(&loop, &context, grpc_stream.get());
  co_return co_await internal::RunStream(loop, context, *grpc_stream, stream, body);
}

// The response is there when the status is OK.
template <typename Request, typename Response, typename Stub, typename Body>
Task<grpc::Status> CallClientStreaming(EventLoop& loop, Stub& stub,
                                       std::unique_ptr<grpc::ClientAsyncWriter<Request>> (Stub::*prepare)(
                                           grpc::ClientContext*, Response*, grpc::CompletionQueue*),
                                       grpc::ClientContext& context, std::type_identity_t<Response>* response,
                                       Body body) {
  const CancellationToken token = co_await CurrentCancellation();
  if (token.cancelled()) co_return token.status();
  internal::HandOnDeadline(loop, token, &context);
  const auto grpc_stream = (stub.*prepare)(&context, response, loop.queue());
  ClientWriter<Request> stream(&loop, &context, grpc_stream.get());
  co_return co_await internal::RunStream(loop, context, *grpc_stream, stream, body);
}

template <typename Request, typename Response, typename Stub, typename Body>
Task<grpc::Status> CallBidirectional(EventLoop& loop, Stub& stub,
                                     std::unique_ptr<grpc::ClientAsyncReaderWriter<Request, Response>> (Stub::*prepare)(
                                         grpc::ClientContext*, grpc::CompletionQueue*),
                                     grpc::ClientContext& context, Body body) {
  const CancellationToken token = co_await CurrentCancellation();
  if (token.cancelled()) co_return token.status();
  internal::HandOnDeadline(loop, token, &context);
  const auto grpc_stream = (stub.*prepare)(&context, loop.queue());
  ClientReaderWriter<Request, Response> stream(&loop, &context, grpc_stream.get());
  co_return co_await internal::RunStream(loop, context, *grpc_stream, stream, body);
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_CLIENT_STREAM_H_
