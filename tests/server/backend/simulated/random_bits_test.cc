#include "server/backend/simulated/random_bits.h"

#include <cstdint>
#include <set>

#include "gtest/gtest.h"

namespace meanwhile {
namespace {

TEST(RandomBitsTest, EqualSeedsAndStreamsGiveEqualNumbers) {
  RandomBits one(7, 3);
  RandomBits other(7, 3);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(one.Next(), other.Next());
}

TEST(RandomBitsTest, NeighbouringSeedsAndStreamsGiveDifferentNumbers) {
  std::set<uint64_t> numbers;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    for (uint64_t stream = 0; stream < 100; ++stream) numbers.insert(RandomBits(seed, stream).Next());
  }
  EXPECT_EQ(numbers.size(), 10'000u);
}

// Seed 1 and stream 0, reckoned apart from this code. They must never change: whoever keeps a seed keeps a measurement.
TEST(RandomBitsTest, FollowsTheAlgorithm) {
  RandomBits bits(1, 0);
  EXPECT_EQ(bits.Next(), 0x704560ced7cc0501u);
  EXPECT_EQ(bits.Next(), 0x4eef90036c89c53au);
  EXPECT_EQ(bits.Next(), 0xdce05af2ba1364d7u);
}

TEST(RandomBitsTest, EveryBitIsSetHalfOfTheTime) {
  constexpr int kDraws = 100'000;
  int set[64] = {};
  RandomBits bits(1, 0);
  for (int i = 0; i < kDraws; ++i) {
    const uint64_t word = bits.Next();
    for (int bit = 0; bit < 64; ++bit) set[bit] += (word >> bit) & 1;
  }
  // Five standard deviations of a binomial count: 5 √(n/4).
  for (int bit = 0; bit < 64; ++bit) EXPECT_NEAR(set[bit], kDraws / 2.0, 791) << "bit " << bit;
}

TEST(RandomBitsTest, FractionsStayBetween0And1) {
  RandomBits bits(1, 0);
  for (int i = 0; i < 1'000'000; ++i) {
    const double fraction = bits.NextFraction();
    ASSERT_GT(fraction, 0);
    ASSERT_LT(fraction, 1);
  }
}

}  // namespace
}  // namespace meanwhile
