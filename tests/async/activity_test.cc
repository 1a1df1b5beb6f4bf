// Whose time a loop spends: each run of a coroutine is told to the activity that it works for, wherever it stands.

#include "async/activity.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop_stats.h"
#include "async/when_all.h"
#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;

class RecordedActivity final : public Activity {
 public:
  std::string_view name() const override { return "recorded"; }
  void OnRan(TimePoint begin, TimePoint end) override { runs.push_back(end - begin); }

  std::vector<Duration> runs;
};

// Computes, waits, computes: `computes` before and after a sleep.
Task<grpc::Status> Work(FakeLoop& loop, Duration computes) {
  loop.poller().Advance(computes);
  grpc::Status slept = co_await loop.SleepFor(1s);
  loop.poller().Advance(2 * computes);
  co_return slept;
}

Task<> WorkFor(Activity* activity, Task<grpc::Status> task) {
  co_await AdoptActivity(activity);
  co_await std::move(task);
}

Task<grpc::Status> WorkTwiceAtOnce(FakeLoop& loop) {
  co_await WhenAll(loop, Work(loop, 1ms), Work(loop, 10ms));
  co_return grpc::Status();
}

TEST(ActivityTest, IsToldOfEachRunAndNotOfTheWaits) {
  FakeLoop loop;
  RecordedActivity activity;
  loop.StartFor(&activity, [&] { loop.Spawn(WorkFor(&activity, Work(loop, 3ms))); });
  loop.RunToEnd();
  EXPECT_EQ(activity.runs, (std::vector<Duration>{3ms, 6ms}));
  EXPECT_EQ(loop.stats().busy(), 9ms);
}

TEST(ActivityTest, TravelsToTheTasksOfAGroup) {
  FakeLoop loop;
  RecordedActivity activity;
  loop.StartFor(&activity, [&] { loop.Spawn(WorkFor(&activity, WorkTwiceAtOnce(loop))); });
  loop.RunToEnd();
  Duration ran = Duration::zero();
  for (const Duration run : activity.runs) ran += run;
  EXPECT_EQ(ran, 33ms);
}

TEST(ActivityTest, TwoAreToldApart) {
  FakeLoop loop;
  RecordedActivity one, other;
  loop.StartFor(&one, [&] { loop.Spawn(WorkFor(&one, Work(loop, 1ms))); });
  loop.StartFor(&other, [&] { loop.Spawn(WorkFor(&other, Work(loop, 5ms))); });
  loop.RunToEnd();
  EXPECT_EQ(one.runs, (std::vector<Duration>{1ms, 2ms}));
  EXPECT_EQ(other.runs, (std::vector<Duration>{5ms, 10ms}));
}

TEST(LoopStatsTest, CountsRunsThatBlockTheLoop) {
  FakeLoop loop;
  loop.Spawn(WorkFor(nullptr, Work(loop, 10ms)));  // A run of 10 ms is none, the one of 20 ms is.
  loop.RunToEnd();
  EXPECT_EQ(loop.stats().blocked(), 1u);
  EXPECT_EQ(loop.stats().longest_run(), 20ms);
}

TEST(LoopStatsTest, TellsTheBlockedObserverForWhatALoopWasBlockedAndHowLong) {
  FakeLoop loop;
  std::vector<std::string> told;
  loop.set_blocked_observer([&](std::string_view name, Duration run) {
    told.push_back(std::string(name) + " " + std::to_string(std::chrono::milliseconds(run / 1ms).count()));
  });
  RecordedActivity activity;
  // The second run of each is twice as long, and the only one on the loop.
  loop.Spawn(WorkFor(&activity, Work(loop, 12ms)));
  loop.Spawn(WorkFor(nullptr, Work(loop, 6ms)));
  loop.Spawn(WorkFor(&activity, Work(loop, 5ms)));
  loop.RunToEnd();
  EXPECT_EQ(told, (std::vector<std::string>{"recorded 24", "a coroutine without an activity 12"}));
}

TEST(LoopStatsTest, TellsHowLateTimersFire) {
  FakeLoop loop;
  auto on_time = [&]() -> Task<> { co_await loop.SleepFor(10ms); };
  auto blocks_until_30 = [&]() -> Task<> {
    co_await loop.SleepFor(5ms);
    loop.poller().Advance(25ms);
  };
  loop.Spawn(on_time());
  loop.Spawn(blocks_until_30());
  loop.RunToEnd();
  EXPECT_EQ(loop.stats().timers_fired(), 2u);
  EXPECT_EQ(loop.stats().timer_lag(), 20ms);
}

}  // namespace
}  // namespace meanwhile::async
