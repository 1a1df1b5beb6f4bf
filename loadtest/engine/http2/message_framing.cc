#include "loadtest/engine/http2/message_framing.h"

#include "absl/strings/str_cat.h"

namespace meanwhile::http2 {

void AppendMessage(absl::string_view message, bool compressed, std::string* body) {
  const std::size_t length = message.size();
  body->push_back(compressed ? 1 : 0);
  for (int shift = 24; shift >= 0; shift -= 8) body->push_back(static_cast<char>(length >> shift & 0xff));
  body->append(message.data(), message.size());
}

void MessageReader::Reset() {
  prefix_bytes_ = 0;
  partial_.clear();
}

absl::Status MessageReader::ReadPrefix(absl::string_view* piece) {
  const std::size_t taken = std::min(kMessagePrefixBytes - prefix_bytes_, piece->size());
  std::copy_n(piece->data(), taken, prefix_.data() + prefix_bytes_);
  prefix_bytes_ += taken;
  piece->remove_prefix(taken);
  if (prefix_[0] > 1) {
    return absl::InternalError(absl::StrCat("a message begins with byte ", prefix_[0], ", which must be 0 or 1"));
  }
  if (prefix_bytes_ < kMessagePrefixBytes) return absl::OkStatus();
  length_ = 0;
  for (std::size_t i = 1; i < kMessagePrefixBytes; ++i) length_ = length_ << 8 | prefix_[i];
  if (length_ > max_message_bytes_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a message of ", length_, " bytes: must be at most ", max_message_bytes_));
  }
  return absl::OkStatus();
}

}  // namespace meanwhile::http2
