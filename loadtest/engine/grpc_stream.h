// GrpcStream: one call of GrpcEngine's that streams, in either direction or both, from its start to its status. It
// reads as long as there are messages, and sends its own meanwhile, at intervals if it is told to.
//
// Ownership: a slot's, which keeps it for its next calls. Thread: the loop's.
//
// Invariant: a read and a write at most are outstanding; the call is finished when the server's messages have ended and
// no write is outstanding.

#ifndef MEANWHILE_LOADTEST_ENGINE_GRPC_STREAM_H_
#define MEANWHILE_LOADTEST_ENGINE_GRPC_STREAM_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/byte_buffer.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "async/event_loop.h"
#include "async/poller.h"
#include "async/timer_queue.h"
#include "loadtest/engine/call_options.h"

namespace meanwhile {

class GrpcStreamOwner {
 public:
  virtual ~GrpcStreamOwner() = default;
  // Valid within it only.
  virtual void OnMessage(grpc::ByteBuffer* message) = 0;
  virtual void OnMessageSent() = 0;
  // The stream may be started again within it.
  virtual void OnEnded(const grpc::Status& status) = 0;
};

class GrpcStream final : private async::Timer {
 public:
  // Both outlive it.
  GrpcStream(async::EventLoop* loop, GrpcStreamOwner* owner) : loop_(loop), owner_(owner) {}

  struct Request {
    // The call's messages; they are kept until it ends.
    const std::vector<grpc::ByteBuffer>* messages = nullptr;
    // How many are sent, the same over and over.
    uint64_t count = 0;
    std::chrono::nanoseconds interval{0};
  };

  // `context` lives until the call has ended.
  void Start(grpc::GenericStub* stub, const std::string& path, grpc::ClientContext* context, const Request& request);

 private:
  using Call = grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

  void OnTimer() override { SendNext(); }
  void OnStarted(bool ok);
  void OnRead(bool ok);
  void OnWritten(bool ok);
  void OnFinished(bool ok);

  // Writes the next message if its time has come, otherwise when it has.
  void SendNext();
  void Write();
  void FinishIfOver();

  async::EventLoop* const loop_;
  GrpcStreamOwner* const owner_;
  Request request_;
  std::unique_ptr<Call> call_;
  grpc::ByteBuffer read_;
  grpc::Status status_;
  async::TimePoint start_;
  uint64_t sent_ = 0;
  bool writing_ = false;
  bool read_over_ = false;
  async::MemberOperation<GrpcStream, &GrpcStream::OnStarted> started_{this};
  async::MemberOperation<GrpcStream, &GrpcStream::OnRead> reading_done_{this};
  async::MemberOperation<GrpcStream, &GrpcStream::OnWritten> writing_done_{this};
  async::MemberOperation<GrpcStream, &GrpcStream::OnFinished> finished_{this};
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_ENGINE_GRPC_STREAM_H_
