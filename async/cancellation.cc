#include "async/cancellation.h"

#include <cassert>

namespace meanwhile::async {

CancellationSource::~CancellationSource() { assert(first_ == nullptr); }

void CancellationSource::Cancel(grpc::StatusCode code) {
  assert(code != grpc::StatusCode::OK);
  if (cancelled()) return;
  code_ = code;
  while (first_ != nullptr) {
    CancellationCallback* callback = first_;
    callback->Unregister();
    callback->OnCancel();
  }
}

grpc::Status CancellationToken::status() const {
  switch (code()) {
    case grpc::StatusCode::OK:
      return grpc::Status();
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return grpc::Status(code(), "deadline exceeded while waiting");
    default:
      return grpc::Status(code(), "cancelled while waiting");
  }
}

void CancellationCallback::Register(CancellationToken token) {
  assert(source_ == nullptr && !token.cancelled());
  if (token.source_ == nullptr) return;
  source_ = token.source_;
  next_ = source_->first_;
  link_ = &source_->first_;
  if (next_ != nullptr) next_->link_ = &next_;
  source_->first_ = this;
}

void CancellationCallback::Unregister() {
  if (source_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  source_ = nullptr;
  next_ = nullptr;
  link_ = nullptr;
}

}  // namespace meanwhile::async
