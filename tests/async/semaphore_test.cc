#include "async/semaphore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;

class SemaphoreTest : public testing::Test {
 protected:
  // Holds a permit for a while. Writes down who got one, in which order, and who did not.
  Task<> Hold(Semaphore& semaphore, int who, Duration duration, CancellationSource* source = nullptr) {
    co_await AdoptCancellation(CancellationToken(source));
    const Semaphore::Permit permit = co_await semaphore.Acquire();
    if (!permit) {
      refused_.push_back(who);
      co_return;
    }
    holders_.push_back(who);
    most_at_once_ = std::max(most_at_once_, ++at_once_);
    co_await loop_.SleepFor(duration);
    --at_once_;
  }

  FakeLoop loop_;
  std::vector<int> holders_;
  std::vector<int> refused_;
  int at_once_ = 0;
  int most_at_once_ = 0;
};

TEST_F(SemaphoreTest, APermitThatIsThereIsGivenAtOnce) {
  Semaphore semaphore(loop_, 2);
  auto body = [&]() -> Task<> {
    const Semaphore::Permit first = co_await semaphore.Acquire();
    const Semaphore::Permit second = co_await semaphore.Acquire();
    EXPECT_TRUE(first && second);
    EXPECT_EQ(semaphore.available(), 0u);
  };
  loop_.Spawn(body());
  EXPECT_EQ(semaphore.available(), 2u) << "they were not given back";
  loop_.RunToEnd();
}

TEST_F(SemaphoreTest, SoManyAtATimeAndTheOthersInTheOrderInWhichTheyCame) {
  Semaphore semaphore(loop_, 3);
  for (int who = 0; who < 10; ++who) loop_.Spawn(Hold(semaphore, who, 10ms));
  EXPECT_EQ(semaphore.waiting(), 7u);
  const TimePoint start = loop_.Now();
  loop_.RunToEnd();
  EXPECT_EQ(holders_, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(most_at_once_, 3);
  EXPECT_EQ(loop_.Now() - start, 40ms);
  EXPECT_EQ(semaphore.available(), 3u);
}

TEST_F(SemaphoreTest, NobodyTakesAPermitThatIsOnItsWayToOneWhoWaited) {
  Semaphore semaphore(loop_, 1);
  loop_.Spawn(Hold(semaphore, 0, 10ms));
  loop_.Spawn(Hold(semaphore, 1, 10ms));
  auto barge = [&]() -> Task<> {
    {
      const Semaphore::Permit permit = co_await semaphore.Acquire();
      EXPECT_TRUE(permit);
      loop_.Spawn(Hold(semaphore, 3, 0ms));
    }
    EXPECT_FALSE(semaphore.TryAcquire()) << "it is on its way to 3, who has not gone on yet";
    co_await Hold(semaphore, 4, 0ms);
  };
  loop_.Spawn(barge());
  loop_.RunToEnd();
  EXPECT_EQ(holders_, (std::vector{0, 1, 3, 4}));
}

TEST_F(SemaphoreTest, OneWhoIsCancelledWhileWaitingLeavesTheQueue) {
  for (int cancelled = 1; cancelled <= 3; ++cancelled) {  // The first, the middle and the last of those who wait.
    FakeLoop loop;
    Semaphore semaphore(loop, 1);
    CancellationSource sources[4];
    std::vector<int> holders;
    std::vector<int> refused;
    auto hold = [&](int who) -> Task<> {
      co_await AdoptCancellation(CancellationToken(&sources[who]));
      const Semaphore::Permit permit = co_await semaphore.Acquire();
      (permit ? holders : refused).push_back(who);
      co_await loop.SleepFor(10ms);
    };
    for (int who = 0; who < 4; ++who) loop.Spawn(hold(who));
    sources[cancelled].Cancel();
    EXPECT_EQ(semaphore.waiting(), 2u);
    loop.RunToEnd();
    EXPECT_EQ(refused, std::vector{cancelled});
    std::vector<int> others = {0, 1, 2, 3};
    std::erase(others, cancelled);
    EXPECT_EQ(holders, others);
    EXPECT_EQ(semaphore.available(), 1u);
  }
}

TEST_F(SemaphoreTest, OneWhoIsCancelledAfterItWasGivenAPermitHasIt) {
  Semaphore semaphore(loop_, 1);
  CancellationSource source;
  Semaphore::Permit held = semaphore.TryAcquire();
  loop_.Spawn(Hold(semaphore, 1, 0ms, &source));
  loop_.Spawn(Hold(semaphore, 2, 0ms));
  held.Release();
  source.Cancel();  // It has not gone on yet.
  loop_.RunToEnd();
  EXPECT_EQ(holders_, (std::vector{1, 2}));
  EXPECT_EQ(semaphore.available(), 1u);
}

TEST_F(SemaphoreTest, OneWhoIsCancelledAlreadyGetsNone) {
  Semaphore semaphore(loop_, 1);
  CancellationSource source;
  source.Cancel();
  loop_.Spawn(Hold(semaphore, 1, 0ms, &source));
  EXPECT_EQ(refused_, std::vector{1});
  EXPECT_EQ(semaphore.available(), 1u);
  loop_.RunToEnd();
}

TEST_F(SemaphoreTest, TryAcquireDoesNotWait) {
  Semaphore semaphore(loop_, 1);
  const Semaphore::Permit first = semaphore.TryAcquire();
  EXPECT_TRUE(first);
  EXPECT_FALSE(semaphore.TryAcquire());
  loop_.RunToEnd();
}

TEST_F(SemaphoreTest, APermitIsGivenBackOnceHoweverItEnds) {
  Semaphore semaphore(loop_, 3);
  {
    Semaphore::Permit moved_from = semaphore.TryAcquire();
    Semaphore::Permit moved_to = std::move(moved_from);
    EXPECT_EQ(semaphore.available(), 2u);
    Semaphore::Permit assigned = semaphore.TryAcquire();
    EXPECT_EQ(semaphore.available(), 1u);
    assigned = std::move(moved_to);
    EXPECT_EQ(semaphore.available(), 2u);
    assigned.Release();
    assigned.Release();
    EXPECT_FALSE(assigned);
    EXPECT_EQ(semaphore.available(), 3u);
  }
  EXPECT_EQ(semaphore.available(), 3u);
  auto body = [&]() -> Task<> {
    try {
      const Semaphore::Permit permit = co_await semaphore.Acquire();
      throw std::runtime_error("broken");
    } catch (const std::runtime_error&) {
      EXPECT_EQ(semaphore.available(), 3u);
    }
  };
  loop_.Spawn(body());
  loop_.RunToEnd();
}

TEST_F(SemaphoreTest, WithoutPermitsEverybodyWaitsUntilCancelled) {
  Semaphore semaphore(loop_, 0);
  CancellationSource source;
  for (int who = 0; who < 1000; ++who) loop_.Spawn(Hold(semaphore, who, 0ms, &source));
  EXPECT_EQ(semaphore.waiting(), 1000u);
  source.Cancel();
  EXPECT_EQ(semaphore.waiting(), 0u);
  loop_.RunToEnd();
  EXPECT_EQ(refused_.size(), 1000u);
}

}  // namespace
}  // namespace meanwhile::async
