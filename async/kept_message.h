// KeptMessage: a protobuf message that serves one call after another. It is cleared in between and keeps its memory, so
// that the next call of the same shape allocates nothing; a large one gives its memory back.
//
// Why no arena: to set up and reset one costs more than a small message itself, and the strings in it are allocated all
// the same. docs/performance.md has the figures.
//
// Owned by a slot. Thread: one at a time.

#ifndef MEANWHILE_ASYNC_KEPT_MESSAGE_H_
#define MEANWHILE_ASYNC_KEPT_MESSAGE_H_

#include <cstddef>
#include <optional>

namespace meanwhile::async {

template <typename Message>
class KeptMessage {
 public:
  // A message whose encoding is larger than this is not kept: thousands of slots may each hold one.
  static constexpr std::size_t kLargestKept = 4096;

  Message* get() { return &*message_; }

  // Empties the message.
  void Clear() {
    if (message_->ByteSizeLong() > kLargestKept) {
      message_.emplace();
    } else {
      message_->Clear();
    }
  }

 private:
  std::optional<Message> message_{std::in_place};
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_KEPT_MESSAGE_H_
