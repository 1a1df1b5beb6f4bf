#include "async/frame_pool.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace meanwhile::async {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPools = false;
#else
constexpr bool kPools = true;
#endif

// Each test has a thread of its own, and so lists of its own, empty at first.
template <typename Body>
void OnANewThread(Body body) {
  std::thread(body).join();
}

TEST(FramePoolTest, GivesAFreedBlockToTheNextFrameOfItsSizeClass) {
  if (!kPools) GTEST_SKIP() << "stands aside under AddressSanitizer";
  OnANewThread([] {
    void* first = FramePool::Allocate(200);
    FramePool::Free(first, 200);
    EXPECT_EQ(FramePool::BlocksKept(), 1u);
    void* second = FramePool::Allocate(256);  // Sizes 193 to 256 share a class.
    EXPECT_EQ(second, first);
    EXPECT_EQ(FramePool::BlocksKept(), 0u);
    FramePool::Free(second, 256);
  });
}

TEST(FramePoolTest, GivesNoBlockToAFrameOfALargerSizeClass) {
  OnANewThread([] {
    void* small = FramePool::Allocate(192);
    FramePool::Free(small, 192);
    void* large = FramePool::Allocate(193);
    EXPECT_NE(large, small);
    FramePool::Free(large, 193);
    EXPECT_EQ(FramePool::BlocksKept(), kPools ? 2u : 0u);
  });
}

TEST(FramePoolTest, BlocksOfEverySizeAreAlignedAndDisjoint) {
  OnANewThread([] {
    // Twice, so that the second round is made of reused blocks.
    for (int round = 0; round < 2; ++round) {
      std::vector<unsigned char*> blocks;
      for (std::size_t size = 1; size <= FramePool::kLargestPooled + 64; size += 31) {
        blocks.push_back(static_cast<unsigned char*>(FramePool::Allocate(size)));
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blocks.back()) % alignof(std::max_align_t), 0u);
        std::memset(blocks.back(), static_cast<int>(blocks.size()), size);
      }
      std::size_t size = 1;
      for (std::size_t i = 0; i < blocks.size(); ++i, size += 31) {
        EXPECT_EQ(blocks[i][0], static_cast<unsigned char>(i + 1));
        EXPECT_EQ(blocks[i][size - 1], static_cast<unsigned char>(i + 1));
        FramePool::Free(blocks[i], size);
      }
    }
  });
}

TEST(FramePoolTest, KeepsNoFrameLargerThanTheLargest) {
  OnANewThread([] {
    void* largest = FramePool::Allocate(FramePool::kLargestPooled);
    void* larger = FramePool::Allocate(FramePool::kLargestPooled + 1);
    FramePool::Free(larger, FramePool::kLargestPooled + 1);
    EXPECT_EQ(FramePool::BlocksKept(), 0u);
    FramePool::Free(largest, FramePool::kLargestPooled);
    EXPECT_EQ(FramePool::BlocksKept(), kPools ? 1u : 0u);
  });
}

TEST(FramePoolTest, ABlockFreedOnAnotherThreadServesThatThread) {
  if (!kPools) GTEST_SKIP() << "stands aside under AddressSanitizer";
  void* block = nullptr;
  OnANewThread([&] { block = FramePool::Allocate(100); });
  OnANewThread([&] {
    FramePool::Free(block, 100);
    EXPECT_EQ(FramePool::BlocksKept(), 1u);
    EXPECT_EQ(FramePool::Allocate(100), block);
    FramePool::Free(block, 100);
  });
}

TEST(FramePoolTest, HoldsAsManyBlocksAsTheBusiestMomentNeeded) {
  OnANewThread([] {
    for (int round = 0; round < 3; ++round) {
      std::set<void*> blocks;
      for (int i = 0; i < 1000; ++i) blocks.insert(FramePool::Allocate(300));
      EXPECT_EQ(blocks.size(), 1000u);
      EXPECT_EQ(FramePool::BlocksKept(), 0u);
      for (void* block : blocks) FramePool::Free(block, 300);
      EXPECT_EQ(FramePool::BlocksKept(), kPools ? 1000u : 0u);
    }
  });
}

}  // namespace
}  // namespace meanwhile::async
