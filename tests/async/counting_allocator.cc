#include "tests/async/counting_allocator.h"

#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t allocations = 0;
thread_local std::int64_t bytes_held = 0;

void* Allocate(std::size_t size) { return std::malloc(size == 0 ? 1 : size); }

void* Allocate(std::size_t size, std::align_val_t alignment) {
  const auto align = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(align, (size + align - 1) / align * align);
}

void* CountedOrNull(void* block) noexcept {
  if (block == nullptr) return nullptr;
  ++allocations;
  bytes_held += static_cast<std::int64_t>(malloc_usable_size(block));
  return block;
}

void* Counted(void* block) {
  if (block == nullptr) throw std::bad_alloc();
  return CountedOrNull(block);
}

void Free(void* block) {
  bytes_held -= static_cast<std::int64_t>(malloc_usable_size(block));
  std::free(block);
}

}  // namespace

// All forms, not only the two that the others come down to: AddressSanitizer brings its own of each, and takes a block
// that one of those allocated and ours frees for a fault.
void* operator new(std::size_t size) { return Counted(Allocate(size)); }
void* operator new[](std::size_t size) { return Counted(Allocate(size)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return CountedOrNull(Allocate(size)); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return CountedOrNull(Allocate(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) { return Counted(Allocate(size, alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return Counted(Allocate(size, alignment)); }
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return CountedOrNull(Allocate(size, alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return CountedOrNull(Allocate(size, alignment));
}

void operator delete(void* block) noexcept { Free(block); }
void operator delete[](void* block) noexcept { Free(block); }
void operator delete(void* block, std::size_t) noexcept { Free(block); }
void operator delete[](void* block, std::size_t) noexcept { Free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { Free(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { Free(block); }
void operator delete(void* block, std::align_val_t) noexcept { Free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { Free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { Free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { Free(block); }
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept { Free(block); }
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept { Free(block); }

namespace meanwhile::async {

std::size_t AllocationsOfThisThread() { return allocations; }

std::int64_t BytesHeldByThisThread() { return bytes_held; }

}  // namespace meanwhile::async
