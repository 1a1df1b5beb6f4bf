// gRPC's framing of messages within a stream: a byte that says whether the message is compressed, its length in four
// bytes, and the message. Where frames of HTTP/2 begin and end means nothing: a piece may hold half a prefix, or ten
// messages.
//
// Thread: any, one at a time.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_MESSAGE_FRAMING_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_MESSAGE_FRAMING_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace meanwhile::http2 {

inline constexpr std::size_t kMessagePrefixBytes = 5;

// Appends a message to a body. It is shorter than 4 GiB.
void AppendMessage(absl::string_view message, bool compressed, std::string* body);

// Takes a body apart, piece by piece. It keeps the storage of what it had to put together, from one body to the next.
class MessageReader {
 public:
  // Longer messages are refused before they are read.
  explicit MessageReader(std::size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  // Begins a new body.
  void Reset();

  // Hands each message that `piece` completes to `on_message(bool compressed, absl::string_view message)`, which gives
  // a status; the view is valid within it only. An error ends the body: INTERNAL when it is no body of gRPC's,
  // RESOURCE_EXHAUSTED when a message is too long, or what `on_message` gave.
  template <typename OnMessage>
  absl::Status Read(absl::string_view piece, OnMessage on_message);

  // Whether the body may end here.
  bool at_boundary() const { return prefix_bytes_ == 0; }

 private:
  // Takes what is missing of the prefix off `piece`; looks at it once it is there.
  absl::Status ReadPrefix(absl::string_view* piece);

  std::size_t max_message_bytes_;
  std::array<uint8_t, kMessagePrefixBytes> prefix_{};
  std::size_t prefix_bytes_ = 0;  // Of the current message's prefix that have come.
  std::size_t length_ = 0;        // Of the current message, once its prefix is there.
  std::string partial_;           // What has come of a message that began in an earlier piece.
};

template <typename OnMessage>
absl::Status MessageReader::Read(absl::string_view piece, OnMessage on_message) {
  while (!piece.empty()) {
    if (prefix_bytes_ < kMessagePrefixBytes) {
      if (absl::Status status = ReadPrefix(&piece); !status.ok()) return status;
      if (prefix_bytes_ < kMessagePrefixBytes) break;
    }
    // Nothing is missing of an empty message: it is complete with its prefix.
    const std::size_t missing = length_ - partial_.size();
    const absl::string_view part = piece.substr(0, missing);
    piece.remove_prefix(part.size());
    const bool in_one_piece = partial_.empty();
    if (part.size() < missing || !in_one_piece) partial_.append(part.data(), part.size());
    if (part.size() < missing) break;
    const bool compressed = prefix_[0] == 1;
    prefix_bytes_ = 0;
    absl::Status status = on_message(compressed, in_one_piece ? part : absl::string_view(partial_));
    partial_.clear();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_MESSAGE_FRAMING_H_
