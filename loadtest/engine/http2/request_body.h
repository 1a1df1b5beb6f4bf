// RequestBody: the messages of a call as they go over the wire, each with its prefix. BodyProgress: how far the call
// has sent them; a call may send them over and over, and may have to wait before it sends more.
//
// Thread: one. A body does not change while a call sends it.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_REQUEST_BODY_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_REQUEST_BODY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace meanwhile::http2 {

class RequestBody {
 public:
  // Keeps its storage.
  void Assign(absl::Span<const std::string> messages, bool gzip);

  const std::string& bytes() const { return bytes_; }
  // Of the first so many messages, when they are sent over and over.
  uint64_t SizeOf(uint64_t messages) const;

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;  // Of each message in bytes_.
};

class BodyProgress {
 public:
  // `messages` is how many will be sent, at least one if there is one; all of them are due.
  void Begin(const RequestBody* body, uint64_t messages);
  // The others may not be sent yet. No fewer than before.
  void SetDue(uint64_t messages);

  uint64_t messages() const { return messages_; }
  uint64_t sent_messages() const { return sent_messages_; }
  const RequestBody* body() const { return body_; }

  // Bytes that may be sent now, and whether they are the last.
  uint64_t available() const { return due_size_ - sent_; }
  bool all_due() const { return due_size_ == size_; }
  bool done() const { return sent_ == size_; }

  // The next bytes, at most so many, as far as they lie side by side; they count as sent.
  absl::string_view Take(std::size_t most);
  // How many messages have been sent whole since it was last asked.
  uint64_t TakeSentMessages();

 private:
  const RequestBody* body_ = nullptr;
  uint64_t messages_ = 0;
  uint64_t size_ = 0;      // Of all messages.
  uint64_t due_size_ = 0;  // Of those that may be sent.
  uint64_t sent_ = 0;
  std::size_t place_ = 0;  // Of the next byte in the body.
  uint64_t sent_messages_ = 0;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_REQUEST_BODY_H_
