// BlockPool: the memory of an engine's HTTP/2 sessions. nghttp2 allocates a few blocks for each stream and frees them
// when it closes; here they wait on lists by size for the next stream, so that malloc is left alone after warm-up.
//
// Ownership: it owns all its blocks, and outlives the sessions. Thread: one.

#ifndef MEANWHILE_LOADTEST_ENGINE_HTTP2_BLOCK_POOL_H_
#define MEANWHILE_LOADTEST_ENGINE_HTTP2_BLOCK_POOL_H_

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>

namespace meanwhile::http2 {

class BlockPool {
 public:
  // Larger blocks are malloc's.
  static constexpr std::size_t kLargestBlock = 2048;

  BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;
  // Every block has been freed.
  ~BlockPool();

  // What nghttp2 takes.
  nghttp2_mem* memory() { return &memory_; }

  // How often malloc was asked.
  std::size_t mallocs() const { return mallocs_; }

 private:
  // Before each block.
  struct alignas(std::max_align_t) Header {
    Header* next;      // Free block of the same size.
    std::size_t size;  // Without the header.
  };
  static constexpr std::size_t kStep = 64;

  void* Allocate(std::size_t size);
  void Free(void* block);
  void* Reallocate(void* block, std::size_t size);

  std::array<Header*, kLargestBlock / kStep> free_{};  // By size: 64, 128, …
  std::size_t mallocs_ = 0;
  nghttp2_mem memory_;
};

}  // namespace meanwhile::http2

#endif  // MEANWHILE_LOADTEST_ENGINE_HTTP2_BLOCK_POOL_H_
