#include "loadtest/engine/http2/block_pool.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace meanwhile::http2 {

BlockPool::BlockPool()
    : memory_{
          this,
          [](std::size_t size, void* self) { return static_cast<BlockPool*>(self)->Allocate(size); },
          [](void* block, void* self) { static_cast<BlockPool*>(self)->Free(block); },
          [](std::size_t count, std::size_t size, void* self) -> void* {
            if (size != 0 && count > SIZE_MAX / size) return nullptr;
            void* const block = static_cast<BlockPool*>(self)->Allocate(count * size);
            return block == nullptr ? nullptr : std::memset(block, 0, count * size);
          },
          [](void* block, std::size_t size, void* self) {
            return static_cast<BlockPool*>(self)->Reallocate(block, size);
          },
      } {}

BlockPool::~BlockPool() {
  for (Header* header : free_) {
    while (header != nullptr) std::free(std::exchange(header, header->next));
  }
}

void* BlockPool::Allocate(std::size_t size) {
  std::size_t place = size == 0 ? 0 : (size - 1) / kStep;
  if (place < free_.size()) {
    size = (place + 1) * kStep;
    if (Header* header = free_[place]) {
      free_[place] = header->next;
      return header + 1;
    }
  }
  ++mallocs_;
  auto* const header = static_cast<Header*>(std::malloc(sizeof(Header) + size));
  if (header == nullptr) return nullptr;
  header->size = size;
  return header + 1;
}

void BlockPool::Free(void* block) {
  if (block == nullptr) return;
  Header* const header = static_cast<Header*>(block) - 1;
  const std::size_t place = (header->size - 1) / kStep;
  if (place >= free_.size()) return std::free(header);
  header->next = free_[place];
  free_[place] = header;
}

void* BlockPool::Reallocate(void* block, std::size_t size) {
  if (block == nullptr) return Allocate(size);
  const std::size_t old_size = (static_cast<Header*>(block) - 1)->size;
  if (size <= old_size) return block;
  void* const larger = Allocate(size);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, block, old_size);
  Free(block);
  return larger;
}

}  // namespace meanwhile::http2
