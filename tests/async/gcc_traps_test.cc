// GCC 12 destroys some temporaries of a `co_await` expression twice. These tests say which patterns are safe, and show
// that the unsafe ones are unsafe with this compiler, so that the rule in async/task.h is neither forgotten nor kept
// longer than needed.
//
// A value that counts its constructions and destructions makes the fault visible without memory errors.

#include <gtest/gtest.h>

#include <chrono>
#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/channel.h"
#include "async/event_loop.h"
#include "async/scope.h"
#include "async/semaphore.h"
#include "async/task.h"
#include "async/thread_pool.h"
#include "async/timeout.h"
#include "async/when_all.h"
#include "async/when_any.h"
#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ == 12
constexpr bool kDestroysTwice = true;
#else
constexpr bool kDestroysTwice = false;
#endif

// Stands for anything that owns: a string, a shared_ptr.
class Owner {
 public:
  Owner() { ++alive; }
  Owner(const Owner&) { ++alive; }
  Owner(Owner&&) noexcept { ++alive; }
  ~Owner() { --alive; }

  static inline int alive = 0;
};

struct Aggregate {
  Owner owner;
};

class WithConstructor {
 public:
  explicit WithConstructor(Owner owner) : owner_(std::move(owner)) {}

 private:
  Owner owner_;
};

class AggregateAwaiter {
 public:
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}

  Owner owner;
};
static_assert(std::is_aggregate_v<AggregateAwaiter>);

template <typename T>
Task<> Take(T /*value*/) {
  co_return;
}

template <typename T>
Task<> LookAt(const T& /*value*/) {
  co_return;
}

DetachedTask Start(Task<> task) { co_await std::move(task); }

// How many more owners were made than destroyed by the time the coroutine has ended: 0 when all is well.
int ImbalanceOf(Task<> task) {
  Owner::alive = 0;
  Start(std::move(task));
  return Owner::alive;
}

// The trap: each of these destroys one owner too many.

TEST(GccTrapsTest, ATemporaryClosureWithAnOwningCaptureIsDestroyedTwice) {
  auto by_value = []() -> Task<> { co_await Take([owner = Owner()] { (void)owner; }); };
  auto by_reference = []() -> Task<> { co_await LookAt([owner = Owner()] { (void)owner; }); };
  EXPECT_EQ(ImbalanceOf(by_value()), kDestroysTwice ? -1 : 0);
  EXPECT_EQ(ImbalanceOf(by_reference()), kDestroysTwice ? -1 : 0);
}

TEST(GccTrapsTest, ATemporaryOwningAggregateIsDestroyedTwice) {
  auto by_value = []() -> Task<> { co_await Take(Aggregate{Owner()}); };
  auto by_reference = []() -> Task<> { co_await LookAt(Aggregate{Owner()}); };
  EXPECT_EQ(ImbalanceOf(by_value()), kDestroysTwice ? -1 : 0);
  EXPECT_EQ(ImbalanceOf(by_reference()), kDestroysTwice ? -1 : 0);
}

TEST(GccTrapsTest, ATemporaryOwningAggregateAwaiterIsDestroyedTwice) {
  auto body = []() -> Task<> { co_await AggregateAwaiter{Owner()}; };
  EXPECT_EQ(ImbalanceOf(body()), kDestroysTwice ? -1 : 0);
}

TEST(GccTrapsTest, ATaskThatAConditionalChoseIsDestroyedTwice) {
  // The fault frees a frame twice, so it is shown with a type that counts instead of one that owns.
  class Awaiter {
   public:
    explicit Awaiter(Owner owner) : owner_(std::move(owner)) {}
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    void await_resume() const noexcept {}

   private:
    Owner owner_;
  };
  // The conditional is the trap; what it chooses does not matter.  NOLINTNEXTLINE(bugprone-branch-clone)
  auto body = [](bool first) -> Task<> { co_await (first ? Awaiter(Owner()) : Awaiter(Owner())); };
  EXPECT_EQ(ImbalanceOf(body(true)), kDestroysTwice ? -1 : 0);
  EXPECT_EQ(ImbalanceOf(body(false)), kDestroysTwice ? -1 : 0);
}

// The ways around it.

TEST(GccTrapsTest, ATypeWithAConstructorIsSafe) {
  auto by_value = []() -> Task<> { co_await Take(WithConstructor(Owner())); };
  auto by_reference = []() -> Task<> { co_await LookAt(WithConstructor(Owner())); };
  EXPECT_EQ(ImbalanceOf(by_value()), 0);
  EXPECT_EQ(ImbalanceOf(by_reference()), 0);
}

TEST(GccTrapsTest, ANamedClosureIsSafe) {
  auto body = []() -> Task<> {
    auto closure = [owner = Owner()] { (void)owner; };
    co_await Take(closure);
    co_await LookAt(closure);
  };
  EXPECT_EQ(ImbalanceOf(body()), 0);
}

TEST(GccTrapsTest, ANamedAggregateIsSafe) {
  auto body = []() -> Task<> {
    Aggregate aggregate{Owner()};
    co_await Take(aggregate);
    AggregateAwaiter awaiter{Owner()};
    co_await awaiter;
  };
  EXPECT_EQ(ImbalanceOf(body()), 0);
}

TEST(GccTrapsTest, ATemporaryClosureThatCapturesByReferenceIsSafe) {
  auto body = []() -> Task<> {
    Owner owner;
    co_await Take([&owner] { (void)owner; });
    co_await LookAt([&owner] { (void)owner; });
  };
  EXPECT_EQ(ImbalanceOf(body()), 0);
}

TEST(GccTrapsTest, ATaskMadeInAStatementOfItsOwnIsSafe) {
  auto body = []() -> Task<> {
    Task<> task = Take([owner = Owner()] { (void)owner; });
    co_await std::move(task);
    Task<> other = Take(Aggregate{Owner()});
    co_await std::move(other);
  };
  EXPECT_EQ(ImbalanceOf(body()), 0);
}

TEST(GccTrapsTest, ATaskThatAConditionalChoseInAStatementOfItsOwnIsSafe) {
  auto body = [](bool first) -> Task<> {
    Task<> task = first ? Take(Owner()) : LookAt(Owner());
    co_await std::move(task);
  };
  EXPECT_EQ(ImbalanceOf(body(true)), 0);
  EXPECT_EQ(ImbalanceOf(body(false)), 0);
}

// What an await gives is made by a function, not in the expression: an aggregate is safe there.
TEST(GccTrapsTest, AnAggregateThatAnAwaitGivesIsSafe) {
  FakeLoop loop;
  auto give = [](EventLoop& on, bool waits) -> Task<Aggregate> {
    if (waits) co_await NextTurn(on);
    co_return Aggregate{Owner()};
  };
  auto body = [&]() -> Task<> {
    std::vector<Aggregate> kept;
    for (const bool waits : {false, true}) {
      kept.push_back(co_await give(loop, waits));
      const Aggregate named = co_await give(loop, waits);
      co_await Take(co_await give(loop, waits));
    }
  };
  Owner::alive = 0;
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(Owner::alive, 0);
}

TEST(GccTrapsTest, TheLibrarysOwnAwaitersAreSafeWithTemporaries) {
  FakeLoop loop;
  ThreadPool pool(1, 1);
  Owner::alive = 0;
  auto give = [](EventLoop& on, Owner owner) -> Task<Owner> {
    co_await NextTurn(on);
    co_return owner;
  };
  auto take = [](EventLoop& on, Owner /*owner*/) -> Task<> { co_await NextTurn(on); };
  auto body = [&]() -> Task<> {
    co_await give(loop, Owner());
    co_await WhenAll(loop, give(loop, Owner()), give(loop, Owner()));
    Owner captured;
    std::optional<Owner> result = co_await pool.Run(loop, [&captured] { return captured; });
    EXPECT_TRUE(result.has_value());
    co_await WhenAny(loop, give(loop, Owner()), give(loop, Owner()));
    co_await WithTimeout(loop, std::chrono::milliseconds(1), give(loop, Owner()));
    co_await WithScope(loop, [&](Scope& scope) -> Task<> {
      scope.Spawn(take(loop, Owner()));
      co_return;
    });
    Channel<Owner> channel(loop, 1);
    EXPECT_TRUE(co_await channel.Send(Owner()));
    EXPECT_TRUE((co_await channel.Receive()).has_value());
  };
  loop.Spawn(body());
  loop.RunToEnd();
  EXPECT_EQ(Owner::alive, 0);
}

// A closure that is a coroutine keeps its captures in the closure, not in the frame.
TEST(GccTrapsTest, TheCapturesOfALambdaCoroutineStayInTheLambda) {
  FakeLoop loop;
  auto body = [](EventLoop& on, bool* ended) -> Task<> {
    auto closure = [owner = Owner(), &on, ended]() -> Task<> {
      co_await NextTurn(on);
      *ended = true;
    };
    EXPECT_EQ(Owner::alive, 1);
    Task<> task = closure();
    EXPECT_EQ(Owner::alive, 1) << "the frame holds a copy: a lambda that is a coroutine need not outlive it any more";
    co_await std::move(task);  // Safe: the closure has a name and outlives the frame.
    EXPECT_EQ(Owner::alive, 1);
  };
  Owner::alive = 0;
  bool ended = false;
  loop.Spawn(body(loop, &ended));
  loop.RunToEnd();
  EXPECT_TRUE(ended);
  EXPECT_EQ(Owner::alive, 0);
}

TEST(GccTrapsTest, TheArgumentsOfALambdaCoroutineAreCopiedIntoItsFrame) {
  FakeLoop loop;
  auto make = [](EventLoop& on) {
    // Neither the closure nor the argument outlives this statement.
    return [](EventLoop& waits_on, Owner /*owner*/) -> Task<> { co_await NextTurn(waits_on); }(on, Owner());
  };
  Owner::alive = 0;
  Task<> task = make(loop);
  EXPECT_EQ(Owner::alive, 1) << "the frame's own";
  loop.Spawn(std::move(task));
  loop.RunToEnd();
  EXPECT_EQ(Owner::alive, 0);
}

// What is made in a `co_await` expression must not be an aggregate, whatever it may own one day.
using SomeFunction = int (*)();
static_assert(!std::is_aggregate_v<Task<int>>);
static_assert(!std::is_aggregate_v<Task<int>::Awaiter>);
static_assert(!std::is_aggregate_v<AdoptActivity>);
static_assert(!std::is_aggregate_v<AdoptCancellation>);
static_assert(!std::is_aggregate_v<CurrentCancellation>);
static_assert(!std::is_aggregate_v<EventLoop::SleepAwaiter>);
static_assert(!std::is_aggregate_v<ThreadPool::RunAwaiter<SomeFunction>>);
static_assert(!std::is_aggregate_v<WhenAllOfVector<int>>);
static_assert(!std::is_aggregate_v<WhenAllOfTuple<int, int>>);
static_assert(!std::is_aggregate_v<WhenAnyAwaiter<int, std::vector<Task<int>>>>);
static_assert(!std::is_aggregate_v<Scope::JoinAwaiter>);
static_assert(!std::is_aggregate_v<Semaphore::Permit>);
static_assert(!std::is_aggregate_v<Semaphore::AcquireAwaiter>);
static_assert(!std::is_aggregate_v<Channel<int>::SendAwaiter>);
static_assert(!std::is_aggregate_v<Channel<int>::ReceiveAwaiter>);

}  // namespace
}  // namespace meanwhile::async
