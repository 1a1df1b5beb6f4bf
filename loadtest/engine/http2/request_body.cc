#include "loadtest/engine/http2/request_body.h"

#include "loadtest/engine/http2/gzip.h"
#include "loadtest/engine/http2/message_framing.h"

namespace meanwhile::http2 {

void RequestBody::Assign(absl::Span<const std::string> messages, bool gzip) {
  bytes_.clear();
  ends_.clear();
  for (const std::string& message : messages) {
    if (gzip) {
      AppendMessage(GzipCompress(message), true, &bytes_);
    } else {
      AppendMessage(message, false, &bytes_);
    }
    ends_.push_back(bytes_.size());
  }
}

uint64_t RequestBody::SizeOf(uint64_t messages) const {
  if (ends_.empty()) return 0;
  const uint64_t rest = messages % ends_.size();
  return messages / ends_.size() * bytes_.size() + (rest == 0 ? 0 : ends_[rest - 1]);
}

void BodyProgress::Begin(const RequestBody* body, uint64_t messages) {
  body_ = body;
  messages_ = messages;
  size_ = body->SizeOf(messages);
  due_size_ = size_;
  sent_ = 0;
  place_ = 0;
  sent_messages_ = 0;
}

void BodyProgress::SetDue(uint64_t messages) { due_size_ = body_->SizeOf(std::min(messages, messages_)); }

absl::string_view BodyProgress::Take(std::size_t most) {
  const std::string& bytes = body_->bytes();
  const absl::string_view piece = absl::string_view(bytes).substr(place_, most);
  sent_ += piece.size();
  place_ += piece.size();
  if (place_ == bytes.size()) place_ = 0;
  return piece;
}

uint64_t BodyProgress::TakeSentMessages() {
  const uint64_t before = sent_messages_;
  while (sent_messages_ < messages_ && body_->SizeOf(sent_messages_ + 1) <= sent_) ++sent_messages_;
  return sent_messages_ - before;
}

}  // namespace meanwhile::http2
