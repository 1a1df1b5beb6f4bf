#include "async/when_all.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;

class WhenAllTest : public testing::Test {
 protected:
  Task<grpc::Status> SleepThenReturn(Duration duration, grpc::Status status) {
    grpc::Status slept = co_await loop_.SleepFor(duration);
    co_return slept.ok() ? status : slept;
  }
  Task<grpc::Status> Sleep(Duration duration) { co_return co_await loop_.SleepFor(duration); }

  Task<int> Give(int value, Duration after) {
    co_await loop_.SleepFor(after);
    co_return value;
  }
  Task<int> GiveAtOnce(int value) { co_return value; }
  Task<int> Throw(std::string what, Duration after) {
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

  FakeLoop loop_;
};

TEST_F(WhenAllTest, NoTaskGivesNoResultAtOnce) {
  std::optional<std::size_t> count;
  auto body = [&]() -> Task<> { count = (co_await WhenAll(loop_, std::vector<Task<int>>())).size(); };
  loop_.Spawn(body());
  EXPECT_EQ(count, 0u);
  loop_.RunToEnd();
}

TEST_F(WhenAllTest, TakesTheTimeOfTheLongestAndKeepsTheOrder) {
  std::vector<int> results;
  auto body = [&]() -> Task<> {
    std::vector<Task<int>> tasks;
    tasks.push_back(Give(1, 30ms));
    tasks.push_back(Give(2, 10ms));
    tasks.push_back(Give(3, 20ms));
    results = co_await WhenAll(loop_, std::move(tasks));
  };
  EXPECT_EQ(Run(body), 30ms);
  EXPECT_EQ(results, (std::vector<int>{1, 2, 3}));
}

TEST_F(WhenAllTest, GivesResultsOfDifferentTypes) {
  auto text = [&]() -> Task<std::unique_ptr<std::string>> {
    co_await loop_.SleepFor(5ms);
    co_return std::make_unique<std::string>("text");
  };
  int number = 0;
  std::unique_ptr<std::string> result;
  auto body = [&]() -> Task<> { std::tie(number, result) = co_await WhenAll(loop_, Give(7, 10ms), text()); };
  EXPECT_EQ(Run(body), 10ms);
  EXPECT_EQ(number, 7);
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(*result, "text");
}

TEST_F(WhenAllTest, GoesOnAtOnceWhenAllFinishAtOnce) {
  std::vector<int> results;
  auto body = [&]() -> Task<> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 3; ++i) tasks.push_back(GiveAtOnce(i));
    results = co_await WhenAll(loop_, std::move(tasks));
  };
  loop_.Spawn(body());
  EXPECT_EQ(results, (std::vector<int>{0, 1, 2}));
  loop_.RunToEnd();
}

TEST_F(WhenAllTest, WaitsForTheOneThatDoesNotFinishAtOnce) {
  std::tuple<int, int> results;
  auto body = [&]() -> Task<> { results = co_await WhenAll(loop_, GiveAtOnce(1), Give(2, 5ms)); };
  EXPECT_EQ(Run(body), 5ms);
  EXPECT_EQ(results, std::tuple(1, 2));
}

TEST_F(WhenAllTest, AFailureCancelsTheOthersAndAllResultsAreGiven) {
  std::vector<grpc::Status> statuses;
  auto body = [&]() -> Task<> {
    std::vector<Task<grpc::Status>> tasks;
    tasks.push_back(Sleep(1ms));
    tasks.push_back(Sleep(1h));
    tasks.push_back(SleepThenReturn(10ms, grpc::Status(StatusCode::UNAVAILABLE, "no")));
    tasks.push_back(Sleep(2h));
    statuses = co_await WhenAll(loop_, std::move(tasks));
  };
  EXPECT_EQ(Run(body), 10ms);
  ASSERT_EQ(statuses.size(), 4u);
  EXPECT_TRUE(statuses[0].ok());
  EXPECT_EQ(statuses[1].error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(statuses[2].error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(statuses[3].error_code(), StatusCode::CANCELLED);
}

TEST_F(WhenAllTest, AFailureAtOnceCancelsThoseThatHaveNotStarted) {
  std::tuple<grpc::Status, grpc::Status> statuses;
  auto fail = []() -> Task<grpc::Status> { co_return grpc::Status(StatusCode::UNAVAILABLE, "no"); };
  auto body = [&]() -> Task<> { statuses = co_await WhenAll(loop_, fail(), Sleep(1h)); };
  EXPECT_EQ(Run(body), 0ms);
  EXPECT_EQ(std::get<0>(statuses).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(std::get<1>(statuses).error_code(), StatusCode::CANCELLED);
}

TEST_F(WhenAllTest, AnExceptionCancelsTheOthersAndTheFirstIsThrownAgainWhenAllHaveEnded) {
  std::string caught;
  bool other_ended = false;
  auto other = [&]() -> Task<int> {
    co_await loop_.SleepFor(1h);
    other_ended = true;
    throw std::runtime_error("second");
  };
  auto body = [&]() -> Task<> {
    try {
      co_await WhenAll(loop_, Throw("first", 10ms), other());
    } catch (const std::runtime_error& error) {
      caught = error.what();
      EXPECT_TRUE(other_ended);
    }
  };
  EXPECT_EQ(Run(body), 10ms);
  EXPECT_EQ(caught, "first");
}

TEST_F(WhenAllTest, CancellingTheParentCancelsEveryTask) {
  CancellationSource source;
  std::tuple<grpc::Status, grpc::Status> statuses;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    statuses = co_await WhenAll(loop_, Sleep(1h), Sleep(2h));
  };
  auto cancel = [&]() -> Task<> {
    co_await loop_.SleepFor(10ms);
    source.Cancel(StatusCode::DEADLINE_EXCEEDED);
  };
  loop_.Spawn(cancel());
  EXPECT_EQ(Run(body), 10ms);
  EXPECT_EQ(std::get<0>(statuses).error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(std::get<1>(statuses).error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(WhenAllTest, AParentThatIsCancelledAlreadyStartsTasksThatAreToo) {
  CancellationSource source;
  source.Cancel();
  std::tuple<grpc::Status, grpc::Status> statuses;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    statuses = co_await WhenAll(loop_, Sleep(1h), Sleep(2h));
  };
  EXPECT_EQ(Run(body), 0ms);
  EXPECT_EQ(std::get<1>(statuses).error_code(), StatusCode::CANCELLED);
}

TEST_F(WhenAllTest, AFailureDoesNotCancelTheParent) {
  CancellationSource source;
  bool parent_cancelled = true;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    co_await WhenAll(loop_, SleepThenReturn(1ms, grpc::Status(StatusCode::UNAVAILABLE, "no")), Sleep(1h));
    parent_cancelled = (co_await CurrentCancellation()).cancelled();
    EXPECT_TRUE((co_await loop_.SleepFor(5ms)).ok());
  };
  EXPECT_EQ(Run(body), 6ms);
  EXPECT_FALSE(parent_cancelled);
}

TEST_F(WhenAllTest, NestsAndAFailureCancelsOnlyItsOwnGroup) {
  std::tuple<grpc::Status, grpc::Status> inner;
  grpc::Status outer;
  auto group = [&]() -> Task<grpc::Status> {
    inner = co_await WhenAll(loop_, Sleep(1h), SleepThenReturn(5ms, grpc::Status(StatusCode::UNAVAILABLE, "no")));
    co_return grpc::Status();
  };
  auto body = [&]() -> Task<> { std::tie(outer, std::ignore) = co_await WhenAll(loop_, Sleep(20ms), group()); };
  EXPECT_EQ(Run(body), 20ms);
  EXPECT_TRUE(outer.ok());
  EXPECT_EQ(std::get<0>(inner).error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(std::get<1>(inner).error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(WhenAllTest, ThousandsOfTasksAtOnceNeedNoStack) {
  std::vector<int> results;
  auto body = [&]() -> Task<> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 20'000; ++i) tasks.push_back(Give(i, 10ms));
    results = co_await WhenAll(loop_, std::move(tasks));
  };
  EXPECT_EQ(Run(body), 10ms);
  ASSERT_EQ(results.size(), 20'000u);
  EXPECT_EQ(results[19'999], 19'999);
}

}  // namespace
}  // namespace meanwhile::async
