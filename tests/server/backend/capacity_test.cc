#include "server/backend/capacity.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "async/cancellation.h"
#include "async/task.h"
#include "tests/async/fake_poller.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using async::AdoptCancellation;
using async::CancellationSource;
using async::CancellationToken;
using async::Event;
using async::FakeLoop;
using async::NextTurn;
using async::Task;
using Answer = Capacity::Answer;

constexpr std::chrono::milliseconds kInterval(1);

bool Never() { return false; }
bool AtOnce() { return true; }

// Asks, writes down who was answered and how.
struct Diary {
  struct Entry {
    int who;
    Answer answer;
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries;
};

Task<> Ask(FakeLoop& loop, Capacity& capacity, int who, Diary* diary, CancellationToken token = {}) {
  co_await AdoptCancellation(token);
  const Answer answer = co_await capacity.Acquire(loop);
  diary->entries.push_back({who, answer});
}

TEST(CapacityTest, GivesSoManyPlacesThenQueuesThenRefuses) {
  FakeLoop loop;
  Capacity capacity(2, 1);
  Diary diary;
  for (const int who : {1, 2, 3, 4}) loop.Spawn(Ask(loop, capacity, who, &diary));
  EXPECT_EQ(diary.entries,
            (std::vector<Diary::Entry>{{1, Answer::kAcquired}, {2, Answer::kAcquired}, {4, Answer::kQueueFull}}));
  capacity.Release();
  loop.RunToEnd();
  EXPECT_EQ(diary.entries.back(), (Diary::Entry{3, Answer::kAcquired}));
}

TEST(CapacityTest, WithoutAQueueAWaitIsRefusedWhenAllIsTaken) {
  Capacity capacity(1, 0);
  EXPECT_EQ(capacity.AcquireBlocking(Never, kInterval), Answer::kAcquired);
  EXPECT_EQ(capacity.AcquireBlocking(Never, kInterval), Answer::kQueueFull);
  capacity.Release();
  EXPECT_EQ(capacity.AcquireBlocking(Never, kInterval), Answer::kAcquired);
}

TEST(CapacityTest, ServesTheQueueInOrderOfArrival) {
  FakeLoop loop;
  Capacity capacity(1, 100);
  Diary diary;
  for (int who = 0; who < 10; ++who) loop.Spawn(Ask(loop, capacity, who, &diary));
  for (int i = 0; i < 9; ++i) capacity.Release();
  loop.RunToEnd();
  ASSERT_EQ(diary.entries.size(), 10u);
  for (int who = 0; who < 10; ++who) EXPECT_EQ(diary.entries[who], (Diary::Entry{who, Answer::kAcquired}));
}

TEST(CapacityTest, ThreadsAndCoroutinesStandInOneQueue) {
  FakeLoop loop;
  Capacity capacity(1, 2);
  Diary diary;
  ASSERT_EQ(capacity.AcquireBlocking(Never, kInterval), Answer::kAcquired);
  loop.Spawn(Ask(loop, capacity, 1, &diary));
  std::atomic<bool> queued = false;
  std::atomic<bool> acquired = false;
  std::thread thread([&] {
    const auto look = [&] {
      queued = true;
      return false;
    };
    EXPECT_EQ(capacity.AcquireBlocking(look, kInterval), Answer::kAcquired);
    acquired = true;
  });
  EXPECT_TRUE(WaitUntil([&] { return queued.load(); }));
  EXPECT_EQ(capacity.AcquireBlocking(Never, kInterval), Answer::kQueueFull);
  capacity.Release();  // For the coroutine, which came first.
  loop.RunToEnd();
  EXPECT_EQ(diary.entries.size(), 1u);
  EXPECT_FALSE(acquired);
  capacity.Release();
  thread.join();
  EXPECT_TRUE(acquired);
}

TEST(CapacityTest, ACancelledCoroutineLeavesTheQueueAtOnce) {
  FakeLoop loop;
  Capacity capacity(1, 1);
  Diary diary;
  CancellationSource source;
  ASSERT_EQ(capacity.AcquireBlocking(Never, kInterval), Answer::kAcquired);
  loop.Spawn(Ask(loop, capacity, 1, &diary, CancellationToken(&source)));
  loop.Spawn(Ask(loop, capacity, 2, &diary));
  source.Cancel();
  loop.Spawn(Ask(loop, capacity, 3, &diary));  // In the place that 1 has left.
  capacity.Release();
  loop.RunToEnd();
  EXPECT_EQ(diary.entries,
            (std::vector<Diary::Entry>{{2, Answer::kQueueFull}, {1, Answer::kGaveUp}, {3, Answer::kAcquired}}));
}

TEST(CapacityTest, ACoroutineThatIsCancelledAlreadyDoesNotQueue) {
  FakeLoop loop;
  Capacity capacity(1, 1);
  Diary diary;
  CancellationSource source;
  source.Cancel();
  loop.Spawn(Ask(loop, capacity, 1, &diary, CancellationToken(&source)));
  EXPECT_EQ(diary.entries, (std::vector<Diary::Entry>{{1, Answer::kGaveUp}}));
  EXPECT_EQ(capacity.AcquireBlocking(Never, kInterval), Answer::kAcquired) << "it took no place";
  loop.RunToEnd();
}

// Cancelled while the place is on its way: it holds the place, and has to give it back.
TEST(CapacityTest, APlaceOnItsWayArrivesInSpiteOfACancellation) {
  FakeLoop loop;
  Capacity capacity(1, 1);
  Diary diary;
  CancellationSource source;
  ASSERT_EQ(capacity.AcquireBlocking(Never, kInterval), Answer::kAcquired);
  loop.Spawn(Ask(loop, capacity, 1, &diary, CancellationToken(&source)));
  capacity.Release();
  source.Cancel();
  loop.RunToEnd();
  EXPECT_EQ(diary.entries, (std::vector<Diary::Entry>{{1, Answer::kAcquired}}));
}

TEST(CapacityTest, AThreadThatGivesUpLeavesTheQueue) {
  Capacity capacity(1, 1);
  ASSERT_EQ(capacity.AcquireBlocking(Never, kInterval), Answer::kAcquired);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(capacity.AcquireBlocking(AtOnce, kInterval), Answer::kGaveUp);
  capacity.Release();
  EXPECT_EQ(capacity.AcquireBlocking(Never, kInterval), Answer::kAcquired) << "the place went to one that had left";
}

// Never more at a time than there are places, nobody forgotten, and all places free in the end.
class Crowd {
 public:
  static constexpr int kPlaces = 3;

  Capacity& capacity() { return capacity_; }

  void Enter() { EXPECT_LE(++inside_, kPlaces); }
  void Leave() {
    --inside_;
    capacity_.Release();
  }

  void ExpectAllPlacesFree() {
    for (int i = 0; i < kPlaces; ++i) EXPECT_EQ(capacity_.AcquireBlocking(AtOnce, kInterval), Answer::kAcquired);
    EXPECT_EQ(capacity_.AcquireBlocking(AtOnce, kInterval), Answer::kGaveUp);
  }

 private:
  Capacity capacity_{kPlaces, 1000};
  std::atomic<int> inside_ = 0;
};

Task<> Visit(FakeLoop& loop, Crowd& crowd, int times) {
  for (int i = 0; i < times; ++i) {
    if (co_await crowd.capacity().Acquire(loop) != Answer::kAcquired) continue;
    crowd.Enter();
    co_await NextTurn(loop);
    crowd.Leave();
  }
}

// Cancels a visit over and over, while it queues or while its place is on its way.
Task<> VisitInVain(FakeLoop& loop, Crowd& crowd, int times) {
  for (int i = 0; i < times; ++i) {
    CancellationSource source;
    Event ended(loop);
    const auto visit = [](FakeLoop& on, Crowd& in, CancellationToken token, Event& at_end) -> Task<> {
      co_await AdoptCancellation(token);
      if (co_await in.capacity().Acquire(on) == Answer::kAcquired) {
        in.Enter();
        in.Leave();
      }
      at_end.Fire();
    };
    loop.Spawn(visit(loop, crowd, CancellationToken(&source), ended));
    co_await NextTurn(loop);
    source.Cancel();
    co_await ended;
  }
}

TEST(CapacityTest, ThreadsAndLoopsContendWithoutLosingAPlace) {
  constexpr int kTimes = 300;
  Crowd crowd;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      FakeLoop loop;
      for (int visitor = 0; visitor < 5; ++visitor) loop.Spawn(Visit(loop, crowd, kTimes));
      for (int visitor = 0; visitor < 3; ++visitor) loop.Spawn(VisitInVain(loop, crowd, kTimes));
      loop.RunToEnd();
    });
    threads.emplace_back([&, i] {
      for (int visit = 0; visit < kTimes; ++visit) {
        // One thread gives up now and then.
        int looks = 0;
        const auto give_up = [&] { return i == 0 && ++looks > 1; };
        if (crowd.capacity().AcquireBlocking(give_up, kInterval) != Answer::kAcquired) continue;
        crowd.Enter();
        crowd.Leave();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  crowd.ExpectAllPlacesFree();
}

}  // namespace
}  // namespace meanwhile
