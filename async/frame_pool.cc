#include "async/frame_pool.h"

#include <array>
#include <new>
#include <utility>

namespace meanwhile::async {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPooling = false;
#else
constexpr bool kPooling = true;
#endif

constexpr std::size_t kClassStep = 64;
constexpr std::size_t kClasses = FramePool::kLargestPooled / kClassStep;

struct FreeBlock {
  FreeBlock* next;
};

// Invariant: every block in list c has room for (c + 1) * kClassStep bytes.
struct FreeLists {
  std::array<FreeBlock*, kClasses> heads{};
  std::size_t blocks = 0;

  ~FreeLists() {
    for (FreeBlock* head : heads) {
      while (head != nullptr) ::operator delete(std::exchange(head, head->next));
    }
  }
};

thread_local FreeLists free_lists;

constexpr std::size_t ClassOf(std::size_t size) { return size == 0 ? 0 : (size - 1) / kClassStep; }

}  // namespace

void* FramePool::Allocate(std::size_t size) {
  if (!kPooling || size > kLargestPooled) return ::operator new(size);
  const std::size_t size_class = ClassOf(size);
  FreeLists& lists = free_lists;
  if (FreeBlock* block = lists.heads[size_class]; block != nullptr) {
    lists.heads[size_class] = block->next;
    --lists.blocks;
    return block;
  }
  return ::operator new((size_class + 1) * kClassStep);
}

void FramePool::Free(void* block, std::size_t size) noexcept {
  if (!kPooling || size > kLargestPooled) {
    ::operator delete(block);
    return;
  }
  FreeLists& lists = free_lists;
  FreeBlock*& head = lists.heads[ClassOf(size)];
  head = new (block) FreeBlock{head};
  ++lists.blocks;
}

std::size_t FramePool::BlocksKept() { return free_lists.blocks; }

}  // namespace meanwhile::async
