#include "async/timeout.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;

class TimeoutTest : public testing::Test {
 protected:
  Task<grpc::Status> Sleep(Duration duration) { co_return co_await loop_.SleepFor(duration); }

  // Runs a coroutine on the loop until it has ended; tells how long that took by the simulated clock.
  template <typename Body>
  Duration Run(Body& body) {
    const TimePoint start = loop_.Now();
    loop_.Spawn(body());
    loop_.RunToEnd();
    EXPECT_EQ(loop_.timers().size(), 0u) << "a timer outlived its task";
    return loop_.Now() - start;
  }

  // The status of a sleep under a timeout, and how long it took.
  std::pair<StatusCode, Duration> SleepWithTimeout(Duration sleep, Duration timeout) {
    StatusCode code = StatusCode::UNKNOWN;
    auto body = [&]() -> Task<> { code = (co_await WithTimeout(loop_, timeout, Sleep(sleep))).error_code(); };
    const Duration took = Run(body);
    return {code, took};
  }

  FakeLoop loop_;
};

TEST_F(TimeoutTest, ATaskThatEndsInTimeIsLeftAlone) {
  EXPECT_EQ(SleepWithTimeout(5ms, 10ms), std::pair(StatusCode::OK, Duration(5ms)));
}

TEST_F(TimeoutTest, ATaskThatTakesTooLongIsCancelledAtTheDeadline) {
  EXPECT_EQ(SleepWithTimeout(1h, 10ms), std::pair(StatusCode::DEADLINE_EXCEEDED, Duration(10ms)));
}

TEST_F(TimeoutTest, ATaskWithoutTimeIsCancelledBeforeItBegins) {
  for (const Duration timeout : {Duration::zero(), Duration(-5ms), Duration::min()}) {
    bool cancelled = false;
    StatusCode code = StatusCode::OK;
    auto task = [&]() -> Task<> {
      const CancellationToken token = co_await CurrentCancellation();
      cancelled = token.cancelled();
      code = token.code();
    };
    FakeLoop loop;
    loop.Spawn(WithTimeout(loop, timeout, task()));
    loop.RunToEnd();
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(code, StatusCode::DEADLINE_EXCEEDED);
  }
}

TEST_F(TimeoutTest, ATimeoutThatIsTooLongToBeToldNeverPasses) {
  EXPECT_EQ(SleepWithTimeout(5ms, Duration::max()), std::pair(StatusCode::OK, Duration(5ms)));
}

TEST_F(TimeoutTest, ATaskThatEndsAtOnceGivesItsResultAtOnce) {
  std::unique_ptr<int> value;
  auto give = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  auto body = [&]() -> Task<> { value = co_await WithTimeout(loop_, 1h, give()); };
  loop_.Spawn(body());
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(*value, 7);
  loop_.RunToEnd();
}

TEST_F(TimeoutTest, TheTimeBeginsWhenTheTaskIsAwaited) {
  StatusCode code = StatusCode::UNKNOWN;
  auto body = [&]() -> Task<> {
    Task<grpc::Status> task = WithTimeout(loop_, 10ms, Sleep(8ms));
    co_await loop_.SleepFor(1h);
    code = (co_await std::move(task)).error_code();
  };
  EXPECT_EQ(Run(body), 1h + 8ms);
  EXPECT_EQ(code, StatusCode::OK);
}

TEST_F(TimeoutTest, ATaskThatIsLateIsWaitedForAndItsResultCounts) {
  bool ended = false;
  int value = 0;
  auto stubborn = [&]() -> Task<int> {
    co_await loop_.SleepFor(1h);
    for (int turn = 0; turn < 3; ++turn) co_await NextTurn(loop_);
    ended = true;
    co_return 5;
  };
  auto body = [&]() -> Task<> {
    value = co_await WithTimeout(loop_, 10ms, stubborn());
    EXPECT_TRUE(ended);
  };
  EXPECT_EQ(Run(body), 10ms);
  EXPECT_EQ(value, 5);
}

TEST_F(TimeoutTest, AnExceptionIsThrownAgainBeforeAndAfterTheDeadline) {
  int caught = 0;
  auto fail = [&](Duration after) -> Task<> {
    co_await loop_.SleepFor(after);
    throw std::runtime_error("broken");
  };
  auto body = [&]() -> Task<> {
    for (const Duration after : {Duration(1ms), Duration(1h)}) {
      try {
        co_await WithTimeout(loop_, 10ms, fail(after));
      } catch (const std::runtime_error&) {
        ++caught;
      }
    }
  };
  EXPECT_EQ(Run(body), 11ms);
  EXPECT_EQ(caught, 2);
}

TEST_F(TimeoutTest, OfTwoTheOneThatPassesFirstCounts) {
  for (const auto& [outer, inner] : {std::pair(10ms, 20ms), std::pair(20ms, 10ms)}) {
    FakeLoop loop;
    StatusCode code = StatusCode::UNKNOWN;
    auto sleep = [&]() -> Task<grpc::Status> { co_return co_await loop.SleepFor(1h); };
    auto body = [&]() -> Task<> {
      code = (co_await WithTimeout(loop, outer, WithTimeout(loop, inner, sleep()))).error_code();
    };
    const TimePoint start = loop.Now();
    loop.Spawn(body());
    loop.RunToEnd();
    EXPECT_EQ(code, StatusCode::DEADLINE_EXCEEDED);
    EXPECT_EQ(loop.Now() - start, 10ms);
  }
}

TEST_F(TimeoutTest, TheTaskKnowsTheEarliestDeadline) {
  CancellationSource source;
  const TimePoint start = loop_.Now();
  source.set_deadline(start + 15ms);
  std::vector<Duration> told;
  auto tell = [&]() -> Task<> { told.push_back((co_await CurrentCancellation()).deadline() - start); };
  auto body = [&]() -> Task<> {
    co_await WithTimeout(loop_, 10ms, tell());
    co_await AdoptCancellation(CancellationToken(&source));
    co_await WithTimeout(loop_, 10ms, tell());
    co_await WithTimeout(loop_, 20ms, tell());
    co_await WithTimeout(loop_, 10ms, WithTimeout(loop_, 20ms, tell()));
    co_await WithTimeout(loop_, 10ms, WithTimeout(loop_, 5ms, tell()));
  };
  Run(body);
  EXPECT_EQ(told, (std::vector<Duration>{10ms, 10ms, 15ms, 10ms, 5ms}));
}

TEST_F(TimeoutTest, ADeadlineDoesNotCancelTheParent) {
  auto body = [&]() -> Task<> {
    EXPECT_FALSE((co_await WithTimeout(loop_, 1ms, Sleep(1h))).ok());
    EXPECT_FALSE((co_await CurrentCancellation()).cancelled());
    EXPECT_TRUE((co_await loop_.SleepFor(5ms)).ok());
  };
  EXPECT_EQ(Run(body), 6ms);
}

TEST_F(TimeoutTest, CancellingTheParentCancelsTheTaskWithTheParentsReason) {
  CancellationSource source;
  StatusCode code = StatusCode::UNKNOWN;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    code = (co_await WithTimeout(loop_, 1h, Sleep(2h))).error_code();
  };
  auto cancel = [&]() -> Task<> {
    co_await loop_.SleepFor(10ms);
    source.Cancel();
  };
  loop_.Spawn(cancel());
  EXPECT_EQ(Run(body), 10ms);
  EXPECT_EQ(code, StatusCode::CANCELLED);
}

TEST_F(TimeoutTest, AParentThatIsCancelledAlreadyStartsATaskThatIsToo) {
  CancellationSource source;
  source.Cancel();
  StatusCode code = StatusCode::UNKNOWN;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    code = (co_await WithTimeout(loop_, 1h, Sleep(2h))).error_code();
  };
  EXPECT_EQ(Run(body), 0ms);
  EXPECT_EQ(code, StatusCode::CANCELLED);
}

}  // namespace
}  // namespace meanwhile::async
