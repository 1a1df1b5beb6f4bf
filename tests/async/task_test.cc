#include "async/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "async/event_loop.h"
#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

constexpr int kMillion = 1'000'000;

// Starts a task outside any loop; for tasks that finish at once.
DetachedTask Start(Task<> task) { co_await std::move(task); }

Task<int> Return(int value) { co_return value; }

Task<int> ReturnAfterATurn(EventLoop& loop, int value) {
  co_await NextTurn(loop);
  co_return value;
}

TEST(TaskTest, RunsNothingUntilItIsAwaited) {
  bool ran = false;
  auto body = [&ran]() -> Task<> {
    ran = true;
    co_return;
  };
  Task<> task = body();
  EXPECT_FALSE(ran);
  Start(std::move(task));
  EXPECT_TRUE(ran);
}

TEST(TaskTest, GivesTheResultOfTheBodyWhetherItWaitsOrNot) {
  FakeLoop loop;
  int at_once = 0;
  int later = 0;
  auto body = [&]() -> Task<> {
    at_once = co_await Return(1);
    later = co_await ReturnAfterATurn(loop, 2);
  };
  loop.Spawn(body());
  EXPECT_EQ(at_once, 1);
  EXPECT_EQ(later, 0);
  loop.RunToEnd();
  EXPECT_EQ(later, 2);
}

TEST(TaskTest, CarriesAResultThatCanOnlyBeMoved) {
  auto make = []() -> Task<std::unique_ptr<std::string>> { co_return std::make_unique<std::string>("moved"); };
  std::unique_ptr<std::string> result;
  auto body = [&]() -> Task<> { result = co_await make(); };
  Start(body());
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(*result, "moved");
}

TEST(TaskTest, ConvertsWhatIsReturned) {
  auto make = []() -> Task<std::string> { co_return "literal"; };
  std::string result;
  auto body = [&]() -> Task<> { result = co_await make(); };
  Start(body());
  EXPECT_EQ(result, "literal");
}

TEST(TaskTest, ThrowsAnExceptionOfTheBodyAgainAtTheAwait) {
  FakeLoop loop;
  auto throw_at_once = []() -> Task<int> {
    throw std::runtime_error("at once");
    co_return 0;
  };
  auto throw_later = [&]() -> Task<> {
    co_await NextTurn(loop);
    throw std::runtime_error("later");
  };
  std::string caught;
  auto body = [&]() -> Task<> {
    try {
      co_await throw_at_once();
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    try {
      co_await throw_later();
    } catch (const std::runtime_error& error) {
      caught += std::string(", ") + error.what();
    }
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(caught, "at once, later");
}

TEST(TaskTest, FreesATaskThatIsNeverAwaited) {
  auto argument = std::make_shared<int>(0);
  auto body = [](std::shared_ptr<int>) -> Task<> { co_return; };
  {
    Task<> never_awaited = body(argument);
    EXPECT_EQ(argument.use_count(), 2);
  }
  EXPECT_EQ(argument.use_count(), 1);
}

TEST(TaskTest, MoveAssignmentFreesTheTaskThatWasThere) {
  auto first = std::make_shared<int>(0);
  auto second = std::make_shared<int>(0);
  auto body = [](std::shared_ptr<int>) -> Task<> { co_return; };
  Task<> task = body(first);
  task = body(second);
  EXPECT_EQ(first.use_count(), 1);
  EXPECT_EQ(second.use_count(), 2);
}

TEST(TaskTest, FreesTheFrameAtTheEndOfTheExpressionThatAwaitsIt) {
  FakeLoop loop;
  auto local = std::make_shared<int>(0);
  auto child = [&]() -> Task<> {
    // Lives as long as the frame.  NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
    const std::shared_ptr<int> copy = local;
    co_await NextTurn(loop);
  };
  long uses_after = 0;
  auto body = [&]() -> Task<> {
    co_await child();
    uses_after = local.use_count();
  };
  loop.Spawn(body());
  EXPECT_EQ(local.use_count(), 2);
  loop.RunToEnd();
  EXPECT_EQ(uses_after, 1);
}

TEST(TaskTest, AMillionAwaitsThatFinishAtOnceNeedNoStack) {
  long sum = 0;
  auto body = [&]() -> Task<> {
    for (int i = 0; i < kMillion; ++i) sum += co_await Return(1);
  };
  Start(body());
  EXPECT_EQ(sum, kMillion);
}

TEST(TaskTest, AMillionAwaitsThatTheLoopResumesNeedNoStack) {
  FakeLoop loop;
  long sum = 0;
  auto body = [&]() -> Task<> {
    for (int i = 0; i < kMillion; ++i) sum += co_await ReturnAfterATurn(loop, 1);
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(sum, kMillion);
}

TEST(TaskTest, AThousandNestedTasksFinishInsideOut) {
  FakeLoop loop;
  // Nesting costs stack, like nested function calls; so its depth is what a program writes, not what a client sends.
  auto nest = [&](auto& self, int depth) -> Task<int> {
    if (depth == 0) co_return co_await ReturnAfterATurn(loop, 0);
    co_return 1 + co_await self(self, depth - 1);
  };
  int depth = 0;
  auto body = [&]() -> Task<> { depth = co_await nest(nest, 1000); };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(depth, 1000);
}

TEST(TaskTest, HandsItsTokenDownToWhatItAwaits) {
  FakeLoop loop;
  CancellationSource source;
  bool seen_by_child = false;
  bool seen_by_grandchild = false;
  auto grandchild = [&]() -> Task<> {
    const CancellationToken token = co_await CurrentCancellation();
    co_await NextTurn(loop);
    seen_by_grandchild = token.cancelled();
  };
  auto child = [&]() -> Task<> {
    const CancellationToken token = co_await CurrentCancellation();
    seen_by_child = !token.cancelled();
    source.Cancel();
    seen_by_child &= token.cancelled();
    co_await grandchild();
  };
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    co_await child();
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_TRUE(seen_by_child);
  EXPECT_TRUE(seen_by_grandchild);
}

TEST(TaskTest, WithoutASourceTheTokenIsNeverCancelled) {
  bool cancelled = true;
  auto body = [&]() -> Task<> { cancelled = (co_await CurrentCancellation()).cancelled(); };
  Start(body());
  EXPECT_FALSE(cancelled);
}

TEST(TaskDeathTest, AnExceptionThatLeavesADetachedTaskEndsTheProcess) {
  auto body = []() -> Task<> {
    throw std::runtime_error("nobody awaits");
    co_return;
  };
  EXPECT_DEATH(Start(body()), "nobody awaits");
}

static_assert(!std::is_copy_constructible_v<Task<int>>);
static_assert(std::is_nothrow_move_constructible_v<Task<int>>);

}  // namespace
}  // namespace meanwhile::async
