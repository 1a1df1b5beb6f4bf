#include "server/admission/retry_hint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

namespace meanwhile {
namespace {

using namespace std::chrono_literals;

TEST(RetryHintTest, IsSpreadAroundTheGuessUntilACallWasMeasured) {
  RetryHint hint(100ms);
  std::set<std::chrono::milliseconds> hints;
  for (int i = 0; i < 1000; ++i) hints.insert(hint.Next());
  EXPECT_GE(*hints.begin(), 50ms);
  EXPECT_LE(*hints.rbegin(), 150ms);
  EXPECT_EQ(hints.size(), 101u) << "each millisecond of the range, so that clients come back one by one";
}

TEST(RetryHintTest, FollowsTheTimeThatCallsHoldTheirPlaces) {
  RetryHint hint(100ms);
  hint.Next();
  for (int i = 0; i < 200; ++i) hint.OnHeld(1s);
  for (int i = 0; i < 100; ++i) {
    const auto next = hint.Next();
    EXPECT_GE(next, 499ms);
    EXPECT_LE(next, 1501ms);
  }
}

TEST(RetryHintTest, OneLongCallHardlyMovesIt) {
  RetryHint hint(100ms);
  hint.Next();
  hint.OnHeld(1s);
  // A sixteenth of the way: 156 ms.
  for (int i = 0; i < 100; ++i) EXPECT_LE(hint.Next(), 235ms);
}

TEST(RetryHintTest, ServersThatRefuseNobodyMeasureNothing) {
  RetryHint hint(100ms);
  for (int i = 0; i < 200; ++i) hint.OnHeld(1s);
  for (int i = 0; i < 100; ++i) EXPECT_LE(hint.Next(), 150ms);
}

TEST(RetryHintTest, IsBounded) {
  RetryHint least(0ns);
  RetryHint most(1h);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(least.Next(), RetryHint::kShortest);
    EXPECT_EQ(most.Next(), RetryHint::kLongest);
  }
}

TEST(RetryHintTest, ManyThreadsMeasureAndAskAtOnce) {
  RetryHint hint(10ms);
  hint.Next();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j) {
        hint.OnHeld(20ms);
        hint.Next();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 100; ++i) {
    const auto next = hint.Next();
    EXPECT_GE(next, 9ms);
    EXPECT_LE(next, 31ms);
  }
}

}  // namespace
}  // namespace meanwhile
