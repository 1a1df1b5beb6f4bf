#include "tests/async/counting_allocator.h"

#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t allocations = 0;
thread_local std::int64_t bytes_held = 0;

void* Counted(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  ++allocations;
  bytes_held += static_cast<std::int64_t>(malloc_usable_size(block));
  return block;
}

void Free(void* block) {
  bytes_held -= static_cast<std::int64_t>(malloc_usable_size(block));
  std::free(block);
}

}  // namespace

// The array, nothrow and sized forms of the standard library all come down to these.
void* operator new(std::size_t size) { return Counted(std::malloc(size == 0 ? 1 : size)); }

void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto align = static_cast<std::size_t>(alignment);
  return Counted(std::aligned_alloc(align, (size + align - 1) / align * align));
}

void operator delete(void* block) noexcept { Free(block); }
void operator delete(void* block, std::size_t) noexcept { Free(block); }
void operator delete(void* block, std::align_val_t) noexcept { Free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { Free(block); }

namespace meanwhile::async {

std::size_t AllocationsOfThisThread() { return allocations; }

std::int64_t BytesHeldByThisThread() { return bytes_held; }

}  // namespace meanwhile::async
