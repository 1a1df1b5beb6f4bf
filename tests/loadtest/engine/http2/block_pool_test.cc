#include "loadtest/engine/http2/block_pool.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace meanwhile::http2 {
namespace {

class BlockPoolTest : public testing::Test {
 protected:
  void* Allocate(std::size_t size) { return memory_->malloc(size, memory_->mem_user_data); }
  void Free(void* block) { memory_->free(block, memory_->mem_user_data); }

  BlockPool pool_;
  nghttp2_mem* const memory_ = pool_.memory();
};

TEST_F(BlockPoolTest, GivesEveryBlockItsSizeAndAnAlignment) {
  std::vector<void*> blocks;
  for (const std::size_t size : {0, 1, 63, 64, 65, 200, 2048, 2049, 100'000}) {
    blocks.push_back(Allocate(size));
    ASSERT_NE(blocks.back(), nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.back()) % alignof(std::max_align_t), 0u);
    std::memset(blocks.back(), 0xff, size);
  }
  EXPECT_EQ(std::set<void*>(blocks.begin(), blocks.end()).size(), blocks.size());
  for (void* block : blocks) Free(block);
}

TEST_F(BlockPoolTest, UsesFreedBlocksAgain) {
  for (int round = 0; round < 10; ++round) {
    void* blocks[] = {Allocate(100), Allocate(128), Allocate(2000)};
    for (void* block : blocks) Free(block);
  }
  EXPECT_EQ(pool_.mallocs(), 3u);
}

TEST_F(BlockPoolTest, LeavesLargeBlocksToMalloc) {
  Free(Allocate(BlockPool::kLargestBlock + 1));
  Free(Allocate(BlockPool::kLargestBlock + 1));
  EXPECT_EQ(pool_.mallocs(), 2u);
}

TEST_F(BlockPoolTest, ClearsWhatCallocGives) {
  char* dirty = static_cast<char*>(Allocate(100));
  std::memset(dirty, 0xff, 100);
  Free(dirty);
  char* clean = static_cast<char*>(memory_->calloc(10, 10, memory_->mem_user_data));
  EXPECT_EQ(clean, dirty);
  EXPECT_EQ(std::string(clean, 100), std::string(100, '\0'));
  Free(clean);
  EXPECT_EQ(memory_->calloc(SIZE_MAX / 2, 3, memory_->mem_user_data), nullptr);
}

TEST_F(BlockPoolTest, KeepsTheContentWhenABlockGrows) {
  char* block = static_cast<char*>(memory_->realloc(nullptr, 60, memory_->mem_user_data));
  std::memset(block, 'x', 60);
  for (const std::size_t size : {64, 300, 5'000, 100'000}) {
    block = static_cast<char*>(memory_->realloc(block, size, memory_->mem_user_data));
    EXPECT_EQ(std::string(block, 60), std::string(60, 'x')) << size;
    std::memset(block, 'x', size);
  }
  Free(block);
  Free(nullptr);
}

}  // namespace
}  // namespace meanwhile::http2
