// StreamReader and StreamWriter: the messages of a streaming call, awaited one by one.
//
//   while (co_await messages.Read(&message)) { ... }     // Until the other side has no more, or the call has ended.
//   if (!co_await items.Write(item)) co_return ...;       // The call has ended: nobody reads any more.
//
// Back-pressure: a Write goes on when gRPC has taken the message, and gRPC takes it when the connection's flow control
// allows. So a slow reader holds its writer, and no more than a message waits in between. A Read asks for one message;
// the sender is held while nobody reads.
//
// At once: at most one Read and one Write may be outstanding on a stream; WhenAll of a reading and a writing task is
// the way to do both. Reads and writes by several tasks take turns by means of the program's own.
//
// Cancellation: when the call ends early, both give false. When only the awaiting coroutine is cancelled (by
// WithTimeout, say), the call is cancelled too: gRPC cannot take back one Read or Write alone.
//
// A handler that blocks, on a thread of the pool, calls ReadBlocking and WriteBlocking instead: the same, but the
// thread waits. The loop still completes the operation, so its own thread must never call them.
//
// Lifetime: the stream lives until the await ends; so does the message of a Read. The message of a Write is taken when
// Write is awaited.
//
// Thread: the loop's, but for the blocking calls. `Context` is grpc::ServerContext or grpc::ClientContext.

#ifndef MEANWHILE_ASYNC_STREAM_H_
#define MEANWHILE_ASYNC_STREAM_H_

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>

#include <condition_variable>
#include <coroutine>
#include <mutex>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/poller.h"
#include "async/task.h"

namespace meanwhile::async {
namespace internal {

// An operation of a stream, awaited: gives gRPC's `ok`. `Start` hands it to gRPC. One that fails leaves a note: the
// call has ended in that direction.
template <typename Context, typename Start>
class StreamOperation final : private Operation, private CancellationCallback, private Resumption {
 public:
  StreamOperation(EventLoop* loop, Context* context, const Start& start, bool* ended)
      : loop_(loop), context_(context), start_(start), ended_(ended) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    const CancellationToken token = TokenOf(caller);
    if (token.cancelled()) return false;
    set_coroutine(caller);
    Register(token);
    loop_->AddWork();
    start_(static_cast<Operation*>(this));
    return true;
  }

  [[nodiscard]] bool await_resume() const noexcept { return ok_; }

 private:
  void OnComplete(bool ok) override {
    ok_ = ok;
    if (!ok) *ended_ = true;
    Unregister();
    loop_->RemoveWork();
    loop_->Schedule(this);
  }
  void OnCancel() override { context_->TryCancel(); }

  EventLoop* loop_;
  Context* context_;
  Start start_;
  bool* ended_;
  bool ok_ = false;
};

// An operation of a stream, waited for by a thread that may block. It adds no work to the loop: the call does that as
// long as its handler runs.
class BlockingStreamOperation final : public Operation {
 public:
  // Gives gRPC's `ok`.
  [[nodiscard]] bool Wait() {
    std::unique_lock lock(mutex_);
    completed_.wait(lock, [this] { return is_completed_; });
    return ok_;
  }

 private:
  void OnComplete(bool ok) override {
    const std::lock_guard lock(mutex_);
    ok_ = ok;
    is_completed_ = true;
    completed_.notify_one();  // Under the lock: afterwards the operation may be gone.
  }

  std::mutex mutex_;
  std::condition_variable completed_;
  bool is_completed_ = false;
  bool ok_ = false;
};

}  // namespace internal

template <typename Context, typename Message>
class StreamReader {
 public:
  using Stream = grpc::internal::AsyncReaderInterface<Message>;

  StreamReader(EventLoop* loop, Context* context, Stream* stream) : loop_(loop), context_(context), stream_(stream) {}

  // Gives true with the next message in `message`; false when there is none any more.
  auto Read(Message* message) {
    const auto start = [stream = stream_, message](void* tag) { stream->Read(message, tag); };
    return internal::StreamOperation<Context, decltype(start)>(loop_, context_, start, &reads_ended_);
  }

  // The same, on a thread that may block.
  [[nodiscard]] bool ReadBlocking(Message* message) {
    internal::BlockingStreamOperation operation;
    stream_->Read(message, static_cast<Operation*>(&operation));
    return operation.Wait();
  }

  // A Read that was awaited has found that there are no more messages.
  bool reads_ended() const { return reads_ended_; }

 private:
  EventLoop* loop_;
  Context* context_;
  Stream* stream_;
  bool reads_ended_ = false;
};

template <typename Context, typename Message>
class StreamWriter {
 public:
  using Stream = grpc::internal::AsyncWriterInterface<Message>;

  StreamWriter(EventLoop* loop, Context* context, Stream* stream) : loop_(loop), context_(context), stream_(stream) {}

  // Gives true when gRPC has taken the message; false when the call has ended.
  auto Write(const Message& message) {
    const auto start = [stream = stream_, &message](void* tag) { stream->Write(message, tag); };
    return internal::StreamOperation<Context, decltype(start)>(loop_, context_, start, &writes_ended_);
  }

  // The same, on a thread that may block.
  [[nodiscard]] bool WriteBlocking(const Message& message) {
    internal::BlockingStreamOperation operation;
    stream_->Write(message, static_cast<Operation*>(&operation));
    return operation.Wait();
  }

  // A Write that was awaited has found that the call has ended.
  bool writes_ended() const { return writes_ended_; }

 private:
  EventLoop* loop_;
  Context* context_;
  Stream* stream_;
  bool writes_ended_ = false;
};

// What the handlers of a server's streaming methods are given.
template <typename Request>
using ServerReader = StreamReader<grpc::ServerContext, Request>;
template <typename Response>
using ServerWriter = StreamWriter<grpc::ServerContext, Response>;

template <typename Request, typename Response>
class ServerReaderWriter : public ServerReader<Request>, public ServerWriter<Response> {
 public:
  template <typename Stream>
  ServerReaderWriter(EventLoop* loop, grpc::ServerContext* context, Stream* stream)
      : ServerReader<Request>(loop, context, stream), ServerWriter<Response>(loop, context, stream) {}
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_STREAM_H_
