#include "async/in_flight_calls.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

namespace meanwhile::async {
namespace {

TimePoint At(int seconds) { return TimePoint(std::chrono::seconds(seconds)); }

TEST(InFlightCallsTest, SeesThoseThatHaveNotEndedTheOldestFirst) {
  InFlightCalls calls;
  EXPECT_TRUE(calls.Look().empty());
  InFlightCalls::Entry second(&calls, "Second", At(2));
  InFlightCalls::Entry ended(&calls, "Ended", At(1));
  const InFlightCalls::Entry first(&calls, "First", At(1));
  ended.End();
  ended.End();
  {
    const InFlightCalls::Entry left(&calls, "Left", At(1));
    EXPECT_EQ(calls.Look().size(), 3u);
  }
  const std::vector<InFlightCalls::Call> seen = calls.Look();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_STREQ(seen[0].method, "First");
  EXPECT_EQ(seen[0].since, At(1));
  EXPECT_STREQ(seen[1].method, "Second");
  EXPECT_EQ(seen[1].since, At(2));
}

TEST(InFlightCallsTest, AnEntryThatIsMovedIsTheSameCall) {
  InFlightCalls calls;
  InFlightCalls::Entry entry;
  entry = InFlightCalls::Entry(&calls, "Fetch", At(1));
  InFlightCalls::Entry moved(std::move(entry));
  EXPECT_EQ(calls.Look().size(), 1u);
  entry.End();  // NOLINT(bugprone-use-after-move): what is tested.
  EXPECT_EQ(calls.Look().size(), 1u) << "it is not this one's any more";
  moved.End();
  EXPECT_TRUE(calls.Look().empty());
}

TEST(InFlightCallsTest, SeesEachOfAHundredThousandCalls) {
  constexpr int kCalls = 100'000;
  InFlightCalls calls;
  std::vector<InFlightCalls::Entry> entries;
  for (int i = 1; i <= kCalls; ++i) entries.emplace_back(&calls, "Fetch", At(i));
  const std::vector<InFlightCalls::Call> seen = calls.Look();
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(kCalls));
  for (int i = 1; i <= kCalls; ++i) ASSERT_EQ(seen[i - 1].since, At(i));
  entries.clear();
  EXPECT_TRUE(calls.Look().empty());
}

TEST(InFlightCallsTest, ThreadsComeAndGoWhileAnotherLooks) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 20'000;
  InFlightCalls calls;
  std::atomic<int> running = kThreads;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&calls, &running] {
      // A hundred at a time, the oldest ends first.
      std::vector<InFlightCalls::Entry> mine(100);
      for (int call = 1; call <= kCalls; ++call) mine[call % 100] = InFlightCalls::Entry(&calls, "Fetch", At(call));
      --running;
    });
  }
  while (running > 0) {
    for (const InFlightCalls::Call& call : calls.Look()) {
      EXPECT_STREQ(call.method, "Fetch");
      EXPECT_GE(call.since, At(1));
      EXPECT_LE(call.since, At(kCalls));
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(calls.Look().empty());
}

}  // namespace
}  // namespace meanwhile::async
