#include "async/timer_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace meanwhile::async {
namespace {

TimePoint At(int time) { return TimePoint(std::chrono::milliseconds(time)); }

class TestTimer final : public Timer {
 public:
  explicit TestTimer(std::function<void()> on_timer = [] {}) : on_timer_(std::move(on_timer)) {}

  int fired() const { return fired_; }

 private:
  void OnTimer() override {
    ++fired_;
    on_timer_();
  }

  std::function<void()> on_timer_;
  int fired_ = 0;
};

TEST(TimerQueueTest, AnEmptyQueueHasNothingToFire) {
  TimerQueue queue;
  EXPECT_EQ(queue.Earliest(), TimePoint::max());
  EXPECT_FALSE(queue.FireOne(At(1000)));
}

TEST(TimerQueueTest, FiresATimerWhenItIsDueAndNotBefore) {
  TimerQueue queue;
  TestTimer timer;
  queue.Add(&timer, At(10));
  EXPECT_TRUE(timer.pending());
  EXPECT_EQ(queue.Earliest(), At(10));
  EXPECT_FALSE(queue.FireOne(At(9)));
  EXPECT_TRUE(queue.FireOne(At(10)));
  EXPECT_EQ(timer.fired(), 1);
  EXPECT_FALSE(timer.pending());
  EXPECT_EQ(queue.size(), 0u);
}

TEST(TimerQueueTest, FiresInTheOrderOfTheTimes) {
  TimerQueue queue;
  std::vector<int> order;
  std::vector<std::unique_ptr<TestTimer>> timers;
  for (const int time : {5, 3, 9, 1, 7, 2, 8, 6, 4}) {
    timers.push_back(std::make_unique<TestTimer>([&order, time] { order.push_back(time); }));
    queue.Add(timers.back().get(), At(time));
  }
  while (queue.FireOne(At(100))) {
  }
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(TimerQueueTest, ARemovedTimerDoesNotFire) {
  TimerQueue queue;
  TestTimer kept, removed;
  queue.Add(&removed, At(1));
  queue.Add(&kept, At(2));
  queue.Remove(&removed);
  queue.Remove(&removed);  // Not pending: does nothing.
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.Earliest(), At(2));
  EXPECT_TRUE(queue.FireOne(At(5)));
  EXPECT_FALSE(queue.FireOne(At(5)));
  EXPECT_EQ(kept.fired(), 1);
  EXPECT_EQ(removed.fired(), 0);
}

TEST(TimerQueueTest, ATimerMayBeAddedAgainWhenItFires) {
  TimerQueue queue;
  TestTimer* again = nullptr;
  TestTimer timer([&] {
    if (again->fired() < 3) queue.Add(again, At(10 * (again->fired() + 1)));
  });
  again = &timer;
  queue.Add(&timer, At(10));
  EXPECT_TRUE(queue.FireOne(At(10)));
  EXPECT_EQ(queue.Earliest(), At(20));
  EXPECT_FALSE(queue.FireOne(At(10)));
  while (queue.FireOne(At(100))) {
  }
  EXPECT_EQ(timer.fired(), 3);
  EXPECT_EQ(queue.size(), 0u);
}

TEST(TimerQueueTest, ATimerMayTakeOthersOutWhenItFires) {
  TimerQueue queue;
  TestTimer next, last;
  TestTimer first([&] {
    queue.Remove(&next);
    queue.Remove(&last);
  });
  queue.Add(&next, At(1));
  queue.Add(&last, At(9));
  queue.Add(&first, At(0));
  while (queue.FireOne(At(10))) {
  }
  EXPECT_EQ(first.fired(), 1);
  EXPECT_EQ(next.fired() + last.fired(), 0);
}

TEST(TimerQueueTest, ATimerLeavesWhenItIsDestroyed) {
  TimerQueue queue;
  TestTimer kept;
  queue.Add(&kept, At(2));
  {
    TestTimer gone;
    queue.Add(&gone, At(1));
  }
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.Earliest(), At(2));
}

TEST(TimerQueueTest, ATimerThatOutlivesItsQueueIsNotPending) {
  TestTimer timer;
  {
    TimerQueue queue;
    queue.Add(&timer, At(1));
  }
  EXPECT_FALSE(timer.pending());
}

// 100,000 random steps beside a std::multimap that does the same.
TEST(TimerQueueTest, DoesWhatASortedMapDoes) {
  constexpr int kTimers = 500;
  constexpr int kSteps = 100'000;
  std::mt19937 random(20);
  const auto below = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); };

  TimerQueue queue;
  std::multimap<TimePoint, TestTimer*> model;
  TestTimer* fired = nullptr;
  std::vector<std::unique_ptr<TestTimer>> timers;
  std::vector<TimePoint> due(kTimers);
  for (int i = 0; i < kTimers; ++i) {
    timers.push_back(std::make_unique<TestTimer>([&fired, &timers, i] { fired = timers[i].get(); }));
  }
  const auto erase = [&](TestTimer* timer, TimePoint time) {
    const auto [begin, end] = model.equal_range(time);
    for (auto it = begin; it != end; ++it) {
      if (it->second == timer) {
        model.erase(it);
        return true;
      }
    }
    return false;
  };
  const auto index_of = [&](TestTimer* timer) {
    for (int i = 0; i < kTimers; ++i) {
      if (timers[i].get() == timer) return i;
    }
    return -1;
  };

  TimePoint now = At(0);
  for (int step = 0; step < kSteps; ++step) {
    const int i = below(kTimers);
    TestTimer* timer = timers[i].get();
    switch (below(4)) {
      case 0:
      case 1:
        if (!timer->pending()) {
          due[i] = now + std::chrono::milliseconds(below(200));  // Few times, so that many are equal.
          queue.Add(timer, due[i]);
          model.emplace(due[i], timer);
        }
        break;
      case 2:
        ASSERT_EQ(timer->pending(), erase(timer, due[i]));
        queue.Remove(timer);
        break;
      case 3:
        now += std::chrono::milliseconds(below(3));
        fired = nullptr;
        const bool is_due = !model.empty() && model.begin()->first <= now;
        ASSERT_EQ(queue.FireOne(now), is_due);
        if (is_due) {
          ASSERT_NE(fired, nullptr);
          const TimePoint earliest = model.begin()->first;
          ASSERT_EQ(due[index_of(fired)], earliest);
          ASSERT_TRUE(erase(fired, earliest));
        }
        break;
    }
    ASSERT_EQ(queue.size(), model.size());
    ASSERT_EQ(queue.Earliest(), model.empty() ? TimePoint::max() : model.begin()->first);
  }
}

}  // namespace
}  // namespace meanwhile::async
