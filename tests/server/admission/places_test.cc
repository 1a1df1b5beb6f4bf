#include "server/admission/places.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace meanwhile {
namespace {

TEST(PlacesTest, GivesSoManyAndNoMoreUntilOneComesBack) {
  Places places(2);
  EXPECT_TRUE(places.TryTake());
  EXPECT_TRUE(places.TryTake());
  EXPECT_FALSE(places.TryTake());
  EXPECT_FALSE(places.TryTake());
  places.GiveBack();
  EXPECT_TRUE(places.TryTake()) << "what was refused took nothing";
  EXPECT_FALSE(places.TryTake());
}

TEST(PlacesTest, ZeroIsNoBound) {
  Places places(0);
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(places.TryTake());
  places.GiveBack();
  EXPECT_TRUE(places.TryTake());
}

// Runs `body` on so many threads at once.
template <typename Body>
void OnThreads(int count, Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body);
  for (std::thread& thread : threads) thread.join();
}

TEST(PlacesTest, NeverAreMoreHeldThanThereAre) {
  constexpr int kPlaces = 3;
  Places places(kPlaces);
  std::atomic<int> held = 0;
  std::atomic<int> most = 0;
  OnThreads(8, [&] {
    for (int i = 0; i < 20'000; ++i) {
      if (!places.TryTake()) continue;
      const int now = held.fetch_add(1) + 1;
      int seen = most;
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      held.fetch_sub(1);
      places.GiveBack();
    }
  });
  EXPECT_LE(most, kPlaces);
  for (int i = 0; i < kPlaces; ++i) EXPECT_TRUE(places.TryTake()) << "a place was lost";
  EXPECT_FALSE(places.TryTake()) << "a place was made";
}

TEST(PlacesTest, NobodyIsRefusedWhileAPlaceIsFree) {
  constexpr int kThreads = 8;
  Places places(kThreads);
  std::atomic<int> refused = 0;
  // Each holds at most one, so there is always one for each.
  OnThreads(kThreads, [&] {
    for (int i = 0; i < 20'000; ++i) {
      if (places.TryTake()) {
        places.GiveBack();
      } else {
        ++refused;
      }
    }
  });
  EXPECT_EQ(refused, 0);
}

TEST(PlacesTest, WhatWasDoneWhileAPlaceWasHeldIsSeenByTheNextWhoHoldsIt) {
  Places places(1);
  int unguarded = 0;  // A data race here is ThreadSanitizer's to find.
  std::atomic<int> added = 0;
  OnThreads(4, [&] {
    for (int i = 0; i < 20'000; ++i) {
      if (!places.TryTake()) continue;
      ++unguarded;
      places.GiveBack();
      ++added;
    }
  });
  EXPECT_EQ(unguarded, added);
}

}  // namespace
}  // namespace meanwhile
