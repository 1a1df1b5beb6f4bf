#include "async/when_any.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;

class WhenAnyTest : public testing::Test {
 protected:
  // Returns what it is told to after a while, or why it was cancelled.
  Task<grpc::Status> End(Duration after, StatusCode code) {
    grpc::Status slept = co_await loop_.SleepFor(after);
    co_return slept.ok() ? grpc::Status(code, "told to") : slept;
  }
  Task<grpc::Status> EndAtOnce(StatusCode code) { co_return grpc::Status(code, "told to"); }
  Task<int> Give(int value, Duration after) {
    co_await loop_.SleepFor(after);
    co_return value;
  }
  template <typename T>
  Task<T> Throw(std::string what, Duration after) {
    co_await loop_.SleepFor(after);
    throw std::runtime_error(what);
  }

  // Runs a coroutine on the loop until it has ended; tells how long that took by the simulated clock.
  template <typename Body>
  Duration Run(Body& body) {
    const TimePoint start = loop_.Now();
    loop_.Spawn(body());
    loop_.RunToEnd();
    EXPECT_EQ(loop_.timers().size(), 0u);
    return loop_.Now() - start;
  }

  // How WhenAny of these ends: the code of its status, or what was thrown.
  std::string OutcomeOf(std::vector<Task<grpc::Status>> tasks) {
    std::string outcome;
    auto body = [&]() -> Task<> {
      try {
        const auto first = co_await WhenAny(loop_, std::move(tasks));
        outcome = std::to_string(first->index) + ": " + std::to_string(first->value.error_code());
      } catch (const std::runtime_error& error) {
        outcome = error.what();
      }
    };
    Run(body);
    return outcome;
  }

  FakeLoop loop_;
};

TEST_F(WhenAnyTest, GivesTheFirstThatSucceedsAndWhichItWas) {
  std::optional<FirstOf<int>> first;
  auto body = [&]() -> Task<> {
    std::vector<Task<int>> tasks;
    tasks.push_back(Give(7, 1h));
    tasks.push_back(Give(8, 10ms));
    tasks.push_back(Give(9, 20ms));
    first = co_await WhenAny(loop_, std::move(tasks));
  };
  EXPECT_EQ(Run(body), 10ms) << "the others were not cancelled";
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->index, 1u);
  EXPECT_EQ(first->value, 8);
}

TEST_F(WhenAnyTest, TakesTasksOneByOneToo) {
  std::unique_ptr<int> value;
  std::size_t index = 9;
  auto give = [&](int what, Duration after) -> Task<std::unique_ptr<int>> {
    co_await loop_.SleepFor(after);
    co_return std::make_unique<int>(what);
  };
  auto body = [&]() -> Task<> {
    FirstOf<std::unique_ptr<int>> first = co_await WhenAny(loop_, give(1, 3ms), give(2, 2ms), give(3, 4ms));
    index = first.index;
    value = std::move(first.value);
  };
  EXPECT_EQ(Run(body), 2ms);
  EXPECT_EQ(index, 1u);
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(*value, 2);
}

TEST_F(WhenAnyTest, GivesNothingAtOnceWhenThereIsNoTask) {
  bool ended = false;
  auto body = [&]() -> Task<> {
    const auto first = co_await WhenAny(loop_, std::vector<Task<int>>());
    ended = !first.has_value();
  };
  loop_.Spawn(body());
  EXPECT_TRUE(ended);
  loop_.RunToEnd();
}

TEST_F(WhenAnyTest, OneTaskAloneIsAwaitedAsItIs) {
  int value = 0;
  auto body = [&]() -> Task<> { value = (co_await WhenAny(loop_, Give(5, 3ms))).value; };
  EXPECT_EQ(Run(body), 3ms);
  EXPECT_EQ(value, 5);
}

TEST_F(WhenAnyTest, ASuccessAtOnceCancelsThoseThatHaveNotStarted) {
  std::optional<FirstOf<grpc::Status>> first;
  std::vector<StatusCode> others;
  auto other = [&]() -> Task<grpc::Status> {
    grpc::Status status = co_await loop_.SleepFor(1h);
    others.push_back(status.error_code());
    co_return status;
  };
  auto body = [&]() -> Task<> { first = co_await WhenAny(loop_, other(), EndAtOnce(StatusCode::OK), other()); };
  EXPECT_EQ(Run(body), 0ms);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->index, 1u);
  EXPECT_TRUE(first->value.ok());
  EXPECT_EQ(others, (std::vector{StatusCode::CANCELLED, StatusCode::CANCELLED}));
}

TEST_F(WhenAnyTest, AFailureEndsNothingWhileAnotherMaySucceed) {
  std::vector<Task<grpc::Status>> tasks;
  tasks.push_back(End(1ms, StatusCode::UNAVAILABLE));
  tasks.push_back(EndAtOnce(StatusCode::NOT_FOUND));
  tasks.push_back(Throw<grpc::Status>("broken", 2ms));
  tasks.push_back(End(20ms, StatusCode::OK));
  EXPECT_EQ(OutcomeOf(std::move(tasks)), "3: 0");
}

TEST_F(WhenAnyTest, WhenNoneSucceedsTheFirstFailureIsGiven) {
  std::vector<Task<grpc::Status>> tasks;
  tasks.push_back(End(5ms, StatusCode::UNAVAILABLE));
  tasks.push_back(End(2ms, StatusCode::NOT_FOUND));
  tasks.push_back(Throw<grpc::Status>("broken", 3ms));
  EXPECT_EQ(OutcomeOf(std::move(tasks)), "1: " + std::to_string(StatusCode::NOT_FOUND));
}

TEST_F(WhenAnyTest, WhenNoneSucceedsAndTheFirstFailureWasThrownItIsThrownAgain) {
  std::vector<Task<grpc::Status>> tasks;
  tasks.push_back(End(5ms, StatusCode::UNAVAILABLE));
  tasks.push_back(Throw<grpc::Status>("first", 2ms));
  tasks.push_back(Throw<grpc::Status>("second", 3ms));
  EXPECT_EQ(OutcomeOf(std::move(tasks)), "first");
}

TEST_F(WhenAnyTest, ALoserIsWaitedForAndWhatItDoesIsDropped) {
  bool ended = false;
  bool ended_before = false;
  FirstOf<int> first{9, 0};
  auto loser = [&](bool throws) -> Task<int> {
    co_await loop_.SleepFor(1h);
    for (int turn = 0; turn < 3; ++turn) co_await NextTurn(loop_);
    ended = true;
    if (throws) throw std::runtime_error("too late");
    co_return 2;
  };
  auto body = [&]() -> Task<> {
    for (const bool throws : {false, true}) {
      ended = false;
      first = co_await WhenAny(loop_, loser(throws), Give(1, 5ms));
      ended_before = ended;
      EXPECT_TRUE(ended_before);
      EXPECT_EQ(first.value, 1);
    }
  };
  EXPECT_EQ(Run(body), 10ms);
  EXPECT_EQ(first.index, 1u);
}

TEST_F(WhenAnyTest, CancellingTheParentCancelsEveryTask) {
  CancellationSource source;
  std::optional<FirstOf<grpc::Status>> first;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    first = co_await WhenAny(loop_, End(1h, StatusCode::OK), End(2h, StatusCode::OK));
  };
  auto cancel = [&]() -> Task<> {
    co_await loop_.SleepFor(10ms);
    source.Cancel(StatusCode::DEADLINE_EXCEEDED);
  };
  loop_.Spawn(cancel());
  EXPECT_EQ(Run(body), 10ms);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->value.error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(WhenAnyTest, AParentThatIsCancelledAlreadyStartsTasksThatAreToo) {
  CancellationSource source;
  source.Cancel();
  std::optional<FirstOf<grpc::Status>> first;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    first = co_await WhenAny(loop_, End(1h, StatusCode::OK), End(2h, StatusCode::OK));
  };
  EXPECT_EQ(Run(body), 0ms);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->value.error_code(), StatusCode::CANCELLED);
}

TEST_F(WhenAnyTest, AWinnerDoesNotCancelTheParent) {
  CancellationSource source;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    co_await WhenAny(loop_, Give(1, 1ms), Give(2, 1h));
    EXPECT_FALSE((co_await CurrentCancellation()).cancelled());
    EXPECT_TRUE((co_await loop_.SleepFor(5ms)).ok());
  };
  EXPECT_EQ(Run(body), 6ms);
}

}  // namespace
}  // namespace meanwhile::async
