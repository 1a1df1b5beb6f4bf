#include "async/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "tests/async/fake_poller.h"
#include "tests/no_more_threads.h"

namespace meanwhile::async {
namespace {

// Keeps a thread of the pool busy from Started until Release.
class Gate {
 public:
  void WaitHere() {
    started_.set_value();
    released_.get_future().wait();
  }
  void WaitUntilStarted() { started_.get_future().wait(); }
  void Release() { released_.set_value(); }

 private:
  std::promise<void> started_;
  std::promise<void> released_;
};

TEST(ThreadPoolTest, RunsOffTheLoopsThreadAndComesBackToIt) {
  FakeLoop loop;
  ThreadPool pool(2, 10);
  EXPECT_EQ(pool.threads(), 2u);
  std::optional<std::thread::id> ran_on;
  std::thread::id resumed_on;
  auto body = [&]() -> Task<> {
    ran_on = co_await pool.Run(loop, [] { return std::this_thread::get_id(); });
    resumed_on = std::this_thread::get_id();
  };
  loop.Spawn(body());
  loop.RunToEnd();
  ASSERT_TRUE(ran_on.has_value());
  EXPECT_NE(*ran_on, std::this_thread::get_id());
  EXPECT_EQ(resumed_on, std::this_thread::get_id());
}

TEST(ThreadPoolTest, AFunctionThatReturnsNothingGivesTrue) {
  FakeLoop loop;
  ThreadPool pool(1, 0);
  int ran = 0;
  bool result = false;
  auto body = [&]() -> Task<> { result = co_await pool.Run(loop, [&] { ++ran; }); };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_TRUE(result);
  EXPECT_EQ(ran, 1);
}

TEST(ThreadPoolTest, TakesAFunctionWithAName) {
  FakeLoop loop;
  ThreadPool pool(1, 0);
  std::optional<int> changed, constant;
  auto body = [&]() -> Task<> {
    auto count = [n = 1]() mutable { return ++n; };
    const auto seven = [] { return 7; };
    changed = co_await pool.Run(loop, count);
    changed = co_await pool.Run(loop, count);
    constant = co_await pool.Run(loop, seven);
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(changed, 3) << "the function is referred to, not copied";
  EXPECT_EQ(constant, 7);
}

TEST(ThreadPoolTest, CarriesAResultThatCanOnlyBeMoved) {
  FakeLoop loop;
  ThreadPool pool(1, 0);
  std::optional<std::unique_ptr<int>> result;
  auto body = [&]() -> Task<> { result = co_await pool.Run(loop, [] { return std::make_unique<int>(7); }); };
  loop.Spawn(body());
  loop.RunToEnd();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(**result, 7);
}

TEST(ThreadPoolTest, ThrowsTheFunctionsExceptionAgainAtTheAwait) {
  FakeLoop loop;
  ThreadPool pool(1, 0);
  std::string caught;
  auto body = [&]() -> Task<> {
    try {
      co_await pool.Run(loop, []() -> int { throw std::runtime_error("off the loop"); });
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(caught, "off the loop");
}

TEST(ThreadPoolTest, OneMoreThanTheBoundIsRefusedAtOnce) {
  FakeLoop loop;
  ThreadPool pool(1, 2);
  Gate gate;
  std::vector<std::string> order;
  auto blocker = [&]() -> Task<> {
    co_await pool.Run(loop, [&] { gate.WaitHere(); });
    order.push_back("running");
  };
  auto other = [&](std::string name) -> Task<> {
    std::optional<int> result = co_await pool.Run(loop, [] { return 1; });
    order.push_back(name + (result ? " ran" : " refused"));
  };
  loop.Spawn(blocker());
  gate.WaitUntilStarted();
  loop.Spawn(other("first"));
  loop.Spawn(other("second"));
  EXPECT_TRUE(order.empty());
  loop.Spawn(other("third"));
  EXPECT_EQ(order, (std::vector<std::string>{"third refused"}));
  gate.Release();
  loop.RunToEnd();
  EXPECT_EQ(order, (std::vector<std::string>{"third refused", "running", "first ran", "second ran"}));
}

// With no queue at all, there is room again as soon as the result is there.
TEST(ThreadPoolTest, WhoeverHasTheResultFindsThePlaceFree) {
  FakeLoop loop;
  ThreadPool pool(1, 0);
  int refused = 0;
  auto body = [&]() -> Task<> {
    for (int i = 0; i < 2000; ++i) {
      if (!co_await pool.Run(loop, [] {})) ++refused;
    }
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(refused, 0);
}

TEST(ThreadPoolTest, WorkThatIsCancelledBeforeItsAwaitIsNotRun) {
  FakeLoop loop;
  ThreadPool pool(1, 1);
  CancellationSource source;
  source.Cancel();
  std::optional<int> result = 1;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    result = co_await pool.Run(loop, [] { return 2; });
  };
  loop.Spawn(body());
  EXPECT_FALSE(result.has_value());
  loop.RunToEnd();
}

TEST(ThreadPoolTest, WorkThatIsCancelledInTheQueueLeavesItAtOnce) {
  FakeLoop loop;
  ThreadPool pool(1, 3);
  Gate gate;
  CancellationSource source;
  int ran = 0;
  std::vector<std::string> order;
  auto blocker = [&]() -> Task<> { co_await pool.Run(loop, [&] { gate.WaitHere(); }); };
  auto queued = [&](std::string name, CancellationSource* cancelled_by) -> Task<> {
    co_await AdoptCancellation(CancellationToken(cancelled_by));
    const bool did_run = co_await pool.Run(loop, [&ran] { ++ran; });
    order.push_back(name + (did_run ? " ran" : " left"));
    // The blocked thread goes on only now: whoever left the queue did so while it was blocked.
    if (!did_run) gate.Release();
  };
  loop.Spawn(blocker());
  gate.WaitUntilStarted();
  loop.Spawn(queued("first", nullptr));
  loop.Spawn(queued("second", &source));
  loop.Spawn(queued("third", nullptr));
  source.Cancel();
  loop.RunToEnd();
  EXPECT_EQ(order, (std::vector<std::string>{"second left", "first ran", "third ran"}));
  EXPECT_EQ(ran, 2);
}

TEST(ThreadPoolTest, APlaceInTheQueueIsFreeAgainAfterACancel) {
  FakeLoop loop;
  ThreadPool pool(1, 1);
  Gate gate;
  CancellationSource source;
  bool second_ran = false;
  auto blocker = [&]() -> Task<> { co_await pool.Run(loop, [&] { gate.WaitHere(); }); };
  auto cancelled = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    co_await pool.Run(loop, [] {});
  };
  auto second = [&]() -> Task<> { second_ran = co_await pool.Run(loop, [] {}); };
  loop.Spawn(blocker());
  gate.WaitUntilStarted();
  loop.Spawn(cancelled());
  source.Cancel();
  loop.Spawn(second());
  gate.Release();
  loop.RunToEnd();
  EXPECT_TRUE(second_ran);
}

TEST(ThreadPoolTest, WorkThatIsCancelledWhileItRunsIsWaitedForAndItsResultKept) {
  FakeLoop loop;
  ThreadPool pool(1, 0);
  Gate gate;
  CancellationSource source;
  std::optional<int> result;
  bool cancelled = false;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    result = co_await pool.Run(loop, [&] {
      gate.WaitHere();
      return 3;
    });
    cancelled = (co_await CurrentCancellation()).cancelled();
  };
  loop.Spawn(body());
  gate.WaitUntilStarted();
  source.Cancel();
  EXPECT_FALSE(result.has_value());
  gate.Release();
  loop.RunToEnd();
  EXPECT_EQ(result, 3);
  EXPECT_TRUE(cancelled);
}

TEST(ThreadPoolTest, RunsAsManyAtATimeAsItHasThreads) {
  constexpr int kThreads = 3;
  FakeLoop loop;
  ThreadPool pool(kThreads, 100);
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::vector<Gate> gates(kThreads);
  auto body = [&](Gate* gate) -> Task<> {
    co_await pool.Run(loop, [&] {
      most = std::max<int>(most, ++running);
      if (gate != nullptr) gate->WaitHere();
      --running;
    });
  };
  for (Gate& gate : gates) loop.Spawn(body(&gate));
  for (Gate& gate : gates) gate.WaitUntilStarted();  // So all of them run at the same time.
  for (int i = 0; i < 50; ++i) loop.Spawn(body(nullptr));
  for (Gate& gate : gates) gate.Release();
  loop.RunToEnd();
  EXPECT_EQ(most, kThreads);
  EXPECT_EQ(running, 0);
}

TEST(ThreadPoolTest, StartsAThreadOnlyWhenAllOthersAreBusy) {
  FakeLoop loop;
  ThreadPool pool(3, 100);
  std::set<std::thread::id> threads;
  auto body = [&]() -> Task<> {
    for (int i = 0; i < 10; ++i) co_await pool.Run(loop, [&] { threads.insert(std::this_thread::get_id()); });
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(threads.size(), 1u);
}

TEST(ThreadPoolTest, WorkIsRefusedWhereNoThreadCanBeStartedAndRunsWhenOneCan) {
  FakeLoop loop;
  ThreadPool pool(2, 10);
  std::vector<bool> ran;
  auto body = [&]() -> Task<> {
    const bool did_run = co_await pool.Run(loop, [] {});
    ran.push_back(did_run);
  };
  {
    const NoMoreThreads no_more;
    loop.Spawn(body());
    EXPECT_EQ(ran, (std::vector<bool>{false}));
    EXPECT_EQ(pool.figures().started, 0u);
    EXPECT_EQ(pool.figures().refused, 1u);
  }
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(ran, (std::vector<bool>{false, true}));
}

TEST(ThreadPoolTest, WorkForWhichNoFurtherThreadCanBeStartedWaitsForThoseThatAreThere) {
  FakeLoop loop;
  ThreadPool pool(2, 0);
  Gate gate;
  std::vector<std::string> order;
  auto blocker = [&]() -> Task<> {
    co_await pool.Run(loop, [&] { gate.WaitHere(); });
    order.push_back("blocker");
  };
  auto other = [&]() -> Task<> {
    const bool did_run = co_await pool.Run(loop, [] {});
    order.push_back(did_run ? "ran" : "refused");
  };
  loop.Spawn(blocker());
  gate.WaitUntilStarted();
  {
    const NoMoreThreads no_more;
    loop.Spawn(other());
  }
  EXPECT_TRUE(order.empty());
  EXPECT_EQ(pool.figures().started, 1u);
  EXPECT_EQ(pool.figures().queued, 1u);
  gate.Release();
  loop.RunToEnd();
  EXPECT_EQ(order, (std::vector<std::string>{"blocker", "ran"}));
}

TEST(ThreadPoolTest, TwoLoopsShareAPoolAndEachGetsItsOwnResults) {
  constexpr int kRounds = 2000;
  ThreadPool pool(3, 100);
  auto count = [&](EventLoop& loop, int* right) -> Task<> {
    for (int i = 0; i < kRounds; ++i) {
      const std::thread::id here = std::this_thread::get_id();
      std::optional<int> result = co_await pool.Run(loop, [i] { return i; });
      if (result == i && std::this_thread::get_id() == here) ++*right;
    }
  };
  auto serve = [&](int* right) {
    FakeLoop loop;
    for (int i = 0; i < 4; ++i) loop.Spawn(count(loop, right));
    loop.RunToEnd();
  };
  int first = 0;
  int second = 0;
  std::thread one([&] { serve(&first); });
  std::thread two([&] { serve(&second); });
  one.join();
  two.join();
  EXPECT_EQ(first, 4 * kRounds);
  EXPECT_EQ(second, 4 * kRounds);
}

// Cancels race with the pool's threads for each job; exactly one of the two gets it.
TEST(ThreadPoolTest, ACancelThatRacesWithTheThreadsLosesNoJob) {
  constexpr int kJobs = 5000;
  FakeLoop loop;
  ThreadPool pool(2, kJobs);
  std::atomic<int> ran = 0;
  int told_ran = 0;
  int told_left = 0;
  auto job = [&](CancellationSource* source) -> Task<> {
    co_await AdoptCancellation(CancellationToken(source));
    const bool did_run = co_await pool.Run(loop, [&] { ++ran; });
    ++(did_run ? told_ran : told_left);
  };
  std::vector<std::unique_ptr<CancellationSource>> sources;
  for (int i = 0; i < kJobs; ++i) {
    sources.push_back(std::make_unique<CancellationSource>());
    loop.Spawn(job(sources.back().get()));
    sources[i / 2]->Cancel();
  }
  loop.RunToEnd();
  EXPECT_EQ(told_ran, ran);
  EXPECT_EQ(told_ran + told_left, kJobs);
}

TEST(ThreadPoolTest, TellsWhatRunsWhatIsQueuedAndWhatWasRefused) {
  FakeLoop loop;
  ThreadPool pool(2, 1);
  EXPECT_EQ(pool.figures().started, 0u) << "no thread before there is work";
  Gate gates[2];
  auto wait = [&](Gate* gate) -> Task<> { co_await pool.Run(loop, [gate] { gate->WaitHere(); }); };
  auto nothing = [&]() -> Task<> { co_await pool.Run(loop, [] {}); };
  for (Gate& gate : gates) loop.Spawn(wait(&gate));
  for (Gate& gate : gates) gate.WaitUntilStarted();
  for (int i = 0; i < 3; ++i) loop.Spawn(nothing());  // One finds room in the queue.
  const ThreadPool::Figures busy = pool.figures();
  EXPECT_EQ(busy.started, 2u);
  EXPECT_EQ(busy.running, 2u);
  EXPECT_EQ(busy.queued, 1u);
  EXPECT_EQ(busy.refused, 2u);
  for (Gate& gate : gates) gate.Release();
  loop.RunToEnd();
  EXPECT_EQ(pool.figures().running, 0u);
  EXPECT_EQ(pool.figures().queued, 0u);
  EXPECT_EQ(pool.figures().refused, 2u);
}

TEST(ThreadPoolTest, AnIdlePoolIsDestroyedAtOnce) { ThreadPool pool(8, 8); }

}  // namespace
}  // namespace meanwhile::async
