// FramePool keeps the memory of finished coroutine frames for the next ones.
//
// A call makes a handful of frames of a few sizes and frees them a moment later, on the same thread. So each thread has
// its own free lists, one for each size class, and neither a lock nor an atomic. Memory is never given back while the
// thread lives: a thread keeps what its busiest moment needed, and gives everything back when it ends.
//
// Thread: every function works on the calling thread's lists. A block may be freed on another thread than the one that
// allocated it; it then serves that other thread.
//
// Under AddressSanitizer the pool stands aside, so that a use of a dead frame is found.

#ifndef MEANWHILE_ASYNC_FRAME_POOL_H_
#define MEANWHILE_ASYNC_FRAME_POOL_H_

#include <cstddef>

namespace meanwhile::async {

class FramePool {
 public:
  // Frames larger than this come from the heap each time.
  static constexpr std::size_t kLargestPooled = 4096;

  // Returns a block of at least `size` bytes, aligned for any fundamental type. Throws std::bad_alloc.
  static void* Allocate(std::size_t size);

  // Takes back a block that Allocate(size) returned.
  static void Free(void* block, std::size_t size) noexcept;

  // How many blocks the calling thread keeps for reuse.
  static std::size_t BlocksKept();
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_FRAME_POOL_H_
