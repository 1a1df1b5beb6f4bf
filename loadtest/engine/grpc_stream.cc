#include "loadtest/engine/grpc_stream.h"

#include <utility>

namespace meanwhile {
namespace {

void* TagOf(async::Operation* operation) { return operation; }

}  // namespace

void GrpcStream::Start(grpc::GenericStub* stub, const std::string& path, grpc::ClientContext* context,
                       const Request& request) {
  request_ = request;
  sent_ = 0;
  read_over_ = false;
  writing_ = true;
  call_ = stub->PrepareCall(context, path, loop_->queue());
  call_->StartCall(TagOf(&started_));
  call_->Read(&read_, TagOf(&reading_done_));
}

// `ok` says that the call has gone out; the status tells why it has not.
void GrpcStream::OnStarted(bool ok) {
  writing_ = false;
  if (ok && !read_over_) {
    start_ = loop_->Now();
    SendNext();
  }
  FinishIfOver();
}

// `ok` says that there is a message.
void GrpcStream::OnRead(bool ok) {
  if (ok) {
    owner_->OnMessage(&read_);
    read_.Clear();
    call_->Read(&read_, TagOf(&reading_done_));
    return;
  }
  read_over_ = true;
  loop_->timers().Remove(this);
  FinishIfOver();
}

// `ok` says that the message has gone out; if not, the read says the same soon.
void GrpcStream::OnWritten(bool ok) {
  writing_ = false;
  if (ok && sent_ < request_.count) {
    ++sent_;
    owner_->OnMessageSent();
    if (sent_ < request_.count && !read_over_) SendNext();
  }
  FinishIfOver();
}

void GrpcStream::OnFinished(bool /*ok*/) {
  call_.reset();
  owner_->OnEnded(std::exchange(status_, grpc::Status()));
}

void GrpcStream::SendNext() {
  if (request_.count == 0) {
    writing_ = true;
    return call_->WritesDone(TagOf(&writing_done_));
  }
  const StreamOptions stream{.interval = request_.interval};
  if (stream.DueAfter(loop_->Now() - start_, request_.count) > sent_) return Write();
  loop_->timers().Add(this, start_ + request_.interval * sent_);
}

void GrpcStream::Write() {
  writing_ = true;
  const grpc::ByteBuffer& message = (*request_.messages)[sent_ % request_.messages->size()];
  if (sent_ + 1 == request_.count) {
    call_->WriteLast(message, grpc::WriteOptions(), TagOf(&writing_done_));
  } else {
    call_->Write(message, TagOf(&writing_done_));
  }
}

void GrpcStream::FinishIfOver() {
  if (read_over_ && !writing_) call_->Finish(&status_, TagOf(&finished_));
}

}  // namespace meanwhile
