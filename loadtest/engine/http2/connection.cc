#include "loadtest/engine/http2/connection.h"

#include <sys/epoll.h>

#include <chrono>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace meanwhile::http2 {

Connection::Connection(ConnectionContext* context, std::unique_ptr<Transport> transport, ConnectionOwner* owner)
    : context_(context),
      transport_(std::move(transport)),
      owner_(owner),
      session_(context->stream_interval, &context->loop->timers(), &context->gzip, context->memory, this) {
  events_ = EPOLLOUT;
  context_->loop->Add(transport_->socket(), events_, this);
  context_->loop->timers().Add(this, std::chrono::steady_clock::now() + kEstablishTime);
}

Connection::~Connection() {
  if (!closed_) context_->loop->Remove(transport_->socket());
}

void Connection::OnEvents(uint32_t events) {
  if (closed_) return;
  if (!established_) return Establish();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) Read();
  if (!closed_) owner_->OnActive(this);
}

void Connection::OnTimer() {
  Close(absl::UnavailableError(absl::StrCat("the server did not answer within ", kEstablishTime.count(), "s")));
}

void Connection::OnReady() {
  context_->loop->timers().Remove(this);
  owner_->OnReady(this);
}

void Connection::Establish() {
  const absl::StatusOr<Transport::Wait> wait = transport_->Establish();
  if (!wait.ok()) return Close(wait.status());
  established_ = *wait == Transport::Wait::kNothing;
  WaitFor(*wait == Transport::Wait::kWritable ? EPOLLOUT : EPOLLIN);
  if (established_) owner_->OnActive(this);
}

void Connection::Read() {
  std::vector<char>& buffer = context_->read_buffer;
  do {
    const absl::StatusOr<std::size_t> count = transport_->Read(buffer.data(), buffer.size());
    if (!count.ok()) return Close(count.status());
    if (*count == 0) return;
    if (absl::Status status = session_.Receive({buffer.data(), *count}); !status.ok()) return Close(status);
  } while (transport_->has_read_ahead());
}

void Connection::Flush() {
  if (closed_ || !established_) return;
  absl::Status collected;
  while (true) {
    collected = session_.Collect(&batch_);
    if (batch_.empty()) break;
    const bool was_full = batch_.full();
    const absl::StatusOr<std::size_t> written = transport_->Write(batch_.pieces(), batch_.piece_count());
    if (!written.ok()) return Close(written.status());
    batch_.Remove(*written);
    if (!batch_.empty() || !was_full) break;
  }
  WaitFor(batch_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
  if (!collected.ok()) return Close(collected);
  if (batch_.empty() && session_.done()) {
    Close(absl::UnavailableError(session_.problem().empty()
                                     ? "the server ended the connection"
                                     : absl::StrCat("the server broke HTTP/2: ", session_.problem())));
  }
}

void Connection::WaitFor(uint32_t events) {
  if (events == events_) return;
  events_ = events;
  context_->loop->Change(transport_->socket(), events_, this);
}

void Connection::Close(const absl::Status& reason) {
  closed_ = true;
  context_->loop->timers().Remove(this);
  context_->loop->Remove(transport_->socket());
  session_.EndAll(absl::UnavailableError(reason.message()));
  owner_->OnClosed(this, reason);
}

}  // namespace meanwhile::http2
