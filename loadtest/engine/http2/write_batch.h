// WriteBatch: what is to be written to a socket, gathered so that one system call writes it. Small pieces are copied
// side by side; large ones are referred to where they lie.
//
// Ownership: what is referred to stays valid until it is written. Thread: one.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_WRITE_BATCH_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_WRITE_BATCH_H_

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"

namespace meanwhile::http2 {

class WriteBatch {
 public:
  // From here on it is full: no more should be added before some is written.
  static constexpr std::size_t kFullBytes = 96 << 10;
  // The longest piece; a batch that is not full has room for it.
  static constexpr std::size_t kLongestPiece = 32 << 10;
  // Pieces from this length on are not worth a copy.
  static constexpr std::size_t kReferredBytes = 4 << 10;

  WriteBatch();
  WriteBatch(const WriteBatch&) = delete;
  WriteBatch& operator=(const WriteBatch&) = delete;

  // Neither is called when it is full.
  void Add(absl::string_view piece);
  // Copies `piece` if it is short.
  void AddLasting(absl::string_view piece);

  bool empty() const { return size_ == 0; }
  bool full() const { return size_ >= kFullBytes || copied_ >= kFullBytes || pieces_.size() >= kMostPieces; }
  std::size_t size() const { return size_; }

  const iovec* pieces() const { return pieces_.data() + first_; }
  std::size_t piece_count() const { return pieces_.size() - first_; }

  // So many bytes were written.
  void Remove(std::size_t bytes);

 private:
  static constexpr std::size_t kMostPieces = 64;

  std::size_t size_ = 0;  // Bytes not yet written.
  std::unique_ptr<char[]> copies_;
  std::size_t copied_ = 0;  // Of copies_, since the batch was last empty.
  std::vector<iovec> pieces_;
  std::size_t first_ = 0;  // Of pieces_ that is not written whole.
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_WRITE_BATCH_H_
