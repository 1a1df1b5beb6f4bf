#include "loadtest/engine/http2/write_batch.h"

#include <algorithm>
#include <cassert>

namespace meanwhile::http2 {
namespace {

constexpr std::size_t kCapacity = WriteBatch::kFullBytes + WriteBatch::kLongestPiece;

}  // namespace

WriteBatch::WriteBatch() : copies_(new char[kCapacity]) { pieces_.reserve(kMostPieces + 1); }

void WriteBatch::Add(absl::string_view piece) {
  assert(copied_ + piece.size() <= kCapacity);
  char* const copy = copies_.get() + copied_;
  std::copy_n(piece.data(), piece.size(), copy);
  copied_ += piece.size();
  size_ += piece.size();
  if (!pieces_.empty() && static_cast<char*>(pieces_.back().iov_base) + pieces_.back().iov_len == copy) {
    pieces_.back().iov_len += piece.size();
  } else {
    pieces_.push_back({copy, piece.size()});
  }
}

void WriteBatch::AddLasting(absl::string_view piece) {
  if (piece.size() < kReferredBytes) return Add(piece);
  pieces_.push_back({const_cast<char*>(piece.data()), piece.size()});
  size_ += piece.size();
}

void WriteBatch::Remove(std::size_t bytes) {
  assert(bytes <= size_);
  size_ -= bytes;
  while (bytes > 0) {
    iovec& piece = pieces_[first_];
    const std::size_t part = std::min(bytes, piece.iov_len);
    piece.iov_base = static_cast<char*>(piece.iov_base) + part;
    piece.iov_len -= part;
    bytes -= part;
    if (piece.iov_len == 0) ++first_;
  }
  if (size_ == 0) {
    pieces_.clear();
    first_ = 0;
    copied_ = 0;
  }
}

}  // namespace meanwhile::http2
