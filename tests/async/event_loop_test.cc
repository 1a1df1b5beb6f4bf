#include "async/event_loop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;

// Spawns a task that sleeps under `source` and tells how that ended.
class Sleeper {
 public:
  Sleeper(FakeLoop* loop, CancellationSource* source, Duration duration) : loop_(loop), source_(source) {
    loop_->Spawn(Sleep(duration));
  }

  bool ended() const { return ended_; }
  const grpc::Status& status() const { return status_; }
  TimePoint end() const { return end_; }

 private:
  Task<> Sleep(Duration duration) {
    co_await AdoptCancellation(CancellationToken(source_));
    status_ = co_await loop_->SleepFor(duration);
    end_ = loop_->Now();
    ended_ = true;
  }

  FakeLoop* loop_;
  CancellationSource* source_;
  bool ended_ = false;
  grpc::Status status_;
  TimePoint end_;
};

// Spawns a task that calls a function when some time has passed.
template <typename Function>
void CallAfter(FakeLoop& loop, Duration duration, Function function) {
  auto body = [](FakeLoop* on, Duration wait, Function call) -> Task<> {
    co_await on->SleepFor(wait);
    call();
  };
  loop.Spawn(body(&loop, duration, std::move(function)));
}

TEST(EventLoopTest, StopBeforeRunEndsAnIdleLoop) {
  FakeLoop loop;
  loop.Stop();
  loop.Stop();
  loop.Run();
  EXPECT_EQ(loop.poller().wakes(), 1);
}

TEST(EventLoopTest, StopLetsWorkEnd) {
  FakeLoop loop;
  CancellationSource source;
  Sleeper sleeper(&loop, &source, 10s);
  loop.Stop();
  loop.Run();
  EXPECT_TRUE(sleeper.ended());
  EXPECT_TRUE(sleeper.status().ok());
}

TEST(EventLoopTest, StopFromAnotherThreadEndsAnIdleLoop) {
  FakeLoop loop;
  std::thread thread([&] { loop.Run(); });
  loop.Stop();
  thread.join();
}

TEST(EventLoopTest, SpawnRunsTheTaskUntilItFirstWaits) {
  FakeLoop loop;
  int steps = 0;
  auto body = [&]() -> Task<> {
    ++steps;
    co_await NextTurn(loop);
    ++steps;
  };
  loop.Spawn(body());
  EXPECT_EQ(steps, 1);
  loop.RunToEnd();
  EXPECT_EQ(steps, 2);
}

TEST(EventLoopTest, ScheduledCoroutinesGoOnInTheOrderOfScheduling) {
  FakeLoop loop;
  std::vector<std::string> order;
  auto body = [&](std::string name) -> Task<> {
    for (int i = 0; i < 3; ++i) {
      co_await NextTurn(loop);
      order.push_back(name);
    }
  };
  loop.Spawn(body("a"));
  loop.Spawn(body("b"));
  loop.RunToEnd();
  EXPECT_EQ(order, (std::vector<std::string>{"a", "b", "a", "b", "a", "b"}));
}

TEST(EventLoopTest, SleepsAsLongAsItWasTold) {
  FakeLoop loop;
  const TimePoint start = loop.Now();
  CancellationSource source;
  Sleeper longer(&loop, &source, 50ms);
  Sleeper shorter(&loop, &source, 20ms);
  loop.RunToEnd();
  EXPECT_TRUE(longer.status().ok());
  EXPECT_EQ(longer.end() - start, 50ms);
  EXPECT_EQ(shorter.end() - start, 20ms);
}

TEST(EventLoopTest, ASleepInThePastStillTakesATurn) {
  FakeLoop loop;
  CancellationSource source;
  Sleeper none(&loop, &source, 0ms);
  Sleeper negative(&loop, &source, -5s);
  EXPECT_FALSE(none.ended());
  EXPECT_FALSE(negative.ended());
  const TimePoint start = loop.Now();
  loop.RunToEnd();
  EXPECT_TRUE(none.status().ok());
  EXPECT_TRUE(negative.ended());
  EXPECT_EQ(loop.Now(), start);
}

TEST(EventLoopTest, ASleepForEverEndsWhenItIsCancelled) {
  FakeLoop loop;
  CancellationSource source;
  Sleeper sleeper(&loop, &source, Duration::max());
  CallAfter(loop, 1h, [&] { source.Cancel(); });
  loop.RunToEnd();
  EXPECT_EQ(sleeper.status().error_code(), StatusCode::CANCELLED);
}

TEST(EventLoopTest, ACoroutineThatKeepsSleepingInThePastDoesNotKeepTheQueueWaiting) {
  FakeLoop loop;
  bool stop = false;
  class StopNow final : public Operation {
   public:
    explicit StopNow(bool* stop) : stop_(stop) {}
    void OnComplete(bool ok) override { *stop_ = ok; }

   private:
    bool* stop_;
  } operation(&stop);
  loop.poller().Start();
  loop.poller().Complete(&operation, true);
  int sleeps = 0;
  auto body = [&]() -> Task<> {
    for (; !stop && sleeps < 1000; ++sleeps) co_await loop.SleepUntil(TimePoint());
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_TRUE(stop);
  EXPECT_LT(sleeps, 10);
}

TEST(EventLoopTest, CancelBeforeASleepEndsItAtOnce) {
  FakeLoop loop;
  CancellationSource source;
  source.Cancel(StatusCode::DEADLINE_EXCEEDED);
  Sleeper sleeper(&loop, &source, 1h);
  EXPECT_TRUE(sleeper.ended());
  EXPECT_EQ(sleeper.status().error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(loop.timers().size(), 0u);
  loop.RunToEnd();
}

TEST(EventLoopTest, CancelDuringASleepResumesAtOnceAndTheTimerIsGone) {
  FakeLoop loop;
  const TimePoint start = loop.Now();
  CancellationSource source;
  Sleeper sleeper(&loop, &source, 1h);
  EXPECT_EQ(loop.timers().size(), 1u);
  CallAfter(loop, 5ms, [&] {
    source.Cancel();
    EXPECT_FALSE(sleeper.ended()) << "a callback schedules; it does not resume in place";
    EXPECT_EQ(loop.timers().size(), 0u);
  });
  loop.RunToEnd();
  EXPECT_EQ(sleeper.status().error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(sleeper.end() - start, 5ms);
  EXPECT_EQ(loop.Now() - start, 5ms);
}

TEST(EventLoopTest, CancelAfterASleepChangesNothing) {
  FakeLoop loop;
  CancellationSource source;
  Sleeper sleeper(&loop, &source, 5ms);
  CallAfter(loop, 6ms, [&] { source.Cancel(); });
  loop.RunToEnd();
  EXPECT_TRUE(sleeper.status().ok());
}

// The timer has fired, the coroutine is scheduled and has not gone on yet: the sleep is over, and it ended well.
TEST(EventLoopTest, CancelBetweenTheTimerAndTheResumptionChangesNothing) {
  FakeLoop loop;
  CancellationSource source;
  Sleeper sleeper(&loop, &source, 5ms);
  ASSERT_TRUE(loop.timers().FireOne(loop.Now() + 5ms));
  EXPECT_FALSE(sleeper.ended());
  source.Cancel();
  loop.RunToEnd();
  EXPECT_TRUE(sleeper.status().ok());
}

TEST(EventLoopTest, CancelReachesAllWhoSleep) {
  FakeLoop loop;
  const TimePoint start = loop.Now();
  CancellationSource source;
  std::vector<std::unique_ptr<Sleeper>> sleepers;
  for (int i = 0; i < 1000; ++i) sleepers.push_back(std::make_unique<Sleeper>(&loop, &source, 1h + i * 1ms));
  EXPECT_EQ(loop.timers().size(), 1000u);
  CallAfter(loop, 1ms, [&] { source.Cancel(StatusCode::DEADLINE_EXCEEDED); });
  loop.RunToEnd();
  EXPECT_EQ(loop.Now() - start, 1ms);
  for (const auto& sleeper : sleepers) EXPECT_EQ(sleeper->status().error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST(EventLoopTest, AnOperationCompletesOnTheLoopsThreadWithItsResult) {
  class Recorder final : public Operation {
   public:
    explicit Recorder(EventLoop* loop) : loop_(loop) {}
    void OnComplete(bool ok) override {
      thread = std::this_thread::get_id();
      result = ok;
      loop_->RemoveWork();
    }
    std::thread::id thread;
    bool result = true;

   private:
    EventLoop* loop_;
  };
  FakeLoop loop;
  Recorder operation(&loop);
  loop.AddWork();
  loop.poller().Start();
  loop.Stop();
  std::thread thread([&] { loop.Run(); });
  const std::thread::id loop_thread = thread.get_id();
  loop.poller().Complete(&operation, false);
  thread.join();
  EXPECT_EQ(operation.thread, loop_thread);
  EXPECT_FALSE(operation.result);
}

TEST(EventLoopTest, WhatAnyThreadPostsIsDeliveredOnTheLoopsThread) {
  constexpr int kThreads = 4;
  constexpr int kPosts = 5'000;
  class Post final : public MailboxItem {
   public:
    Post(EventLoop* loop, std::thread::id loop_thread) : loop_(loop), loop_thread_(loop_thread) {}
    void OnDelivered() override {
      if (std::this_thread::get_id() == loop_thread_) ++delivered;
      loop_->RemoveWork();
    }
    int delivered = 0;

   private:
    EventLoop* loop_;
    const std::thread::id loop_thread_;
  };
  FakeLoop loop;
  const std::thread::id loop_thread = std::this_thread::get_id();
  std::vector<std::unique_ptr<Post>> posts;
  for (int i = 0; i < kThreads * kPosts; ++i) {
    posts.push_back(std::make_unique<Post>(&loop, loop_thread));
    loop.AddWork();
  }
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kPosts; ++i) loop.Post(posts[thread * kPosts + i].get());
    });
  }
  loop.RunToEnd();
  for (std::thread& thread : threads) thread.join();
  for (const auto& post : posts) ASSERT_EQ(post->delivered, 1);
}

}  // namespace
}  // namespace meanwhile::async
