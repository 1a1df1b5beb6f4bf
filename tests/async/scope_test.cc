#include "async/scope.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "tests/async/fake_poller.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;

static_assert(!std::is_default_constructible_v<Scope>);
static_assert(!std::is_constructible_v<Scope, EventLoop*, internal::CoroutineContext>);
static_assert(!std::is_destructible_v<Scope>, "a scope could be left before its children have ended");

class ScopeTest : public testing::Test {
 protected:
  // Returns what it is told to after a while, or why it was cancelled; writes down which.
  Task<grpc::Status> End(Duration after, StatusCode code) {
    grpc::Status status = co_await loop_.SleepFor(after);
    if (status.ok()) status = grpc::Status(code, "told to");
    ended_.push_back(status.error_code());
    co_return status;
  }
  Task<> Throw(std::string what, Duration after) {
    co_await loop_.SleepFor(after);
    ended_.push_back(StatusCode::INTERNAL);
    throw std::runtime_error(what);
  }
  Task<> Sleep(Duration duration) {
    const grpc::Status status = co_await loop_.SleepFor(duration);
    ended_.push_back(status.error_code());
  }

  // How WithScope of this body ends: the code of its status or what was thrown, and how long it took.
  template <typename Body>
  std::pair<std::string, Duration> OutcomeOf(Body body) {
    std::string outcome;
    auto run = [&]() -> Task<> {
      co_await AdoptCancellation(CancellationToken(&owner_));
      try {
        const grpc::Status status = co_await WithScope(loop_, body);
        outcome = std::to_string(status.error_code());
      } catch (const std::runtime_error& error) {
        outcome = error.what();
      }
    };
    const TimePoint start = loop_.Now();
    loop_.Spawn(run());
    loop_.RunToEnd();
    EXPECT_EQ(loop_.timers().size(), 0u);
    return {outcome, loop_.Now() - start};
  }
  static std::pair<std::string, Duration> Outcome(StatusCode code, Duration after) {
    return {std::to_string(code), after};
  }

  FakeLoop loop_;
  CancellationSource owner_;
  std::vector<StatusCode> ended_;
};

TEST_F(ScopeTest, WithoutChildrenItGivesWhatTheBodyReturns) {
  EXPECT_EQ(OutcomeOf([](Scope&) -> Task<grpc::Status> { co_return grpc::Status(StatusCode::NOT_FOUND, ""); }),
            Outcome(StatusCode::NOT_FOUND, 0ms));
}

TEST_F(ScopeTest, ItEndsAfterTheLastOfItsChildren) {
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<> {
              scope.Spawn(Sleep(20ms));
              scope.Spawn(End(50ms, StatusCode::OK));
              scope.Spawn(Sleep(10ms));
              EXPECT_EQ(scope.running(), 3u);
              co_return;
            }),
            Outcome(StatusCode::OK, 50ms));
  EXPECT_EQ(ended_, std::vector(3, StatusCode::OK));
}

TEST_F(ScopeTest, AChildRunsAtOnceUntilItFirstWaits) {
  bool ran = false;
  auto child = [&]() -> Task<> {
    ran = true;
    co_return;
  };
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<> {
              scope.Spawn(child());
              EXPECT_TRUE(ran);
              EXPECT_EQ(scope.running(), 0u);
              co_return;
            }),
            Outcome(StatusCode::OK, 0ms));
}

TEST_F(ScopeTest, JoinWaitsForTheChildrenAndMoreMayBeSpawnedAfterwards) {
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<> {
              EXPECT_TRUE((co_await scope.Join()).ok()) << "there are none yet";
              for (std::size_t round = 1; round <= 3; ++round) {
                scope.Spawn(Sleep(10ms));
                scope.Spawn(Sleep(5ms));
                EXPECT_TRUE((co_await scope.Join()).ok());
                EXPECT_EQ(ended_.size(), 2 * round);
              }
            }),
            Outcome(StatusCode::OK, 30ms));
}

TEST_F(ScopeTest, AChildMaySpawnOthers) {
  auto parent = [&](Scope& scope) -> Task<> {
    co_await loop_.SleepFor(10ms);
    scope.Spawn(Sleep(30ms));
  };
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<> {
              scope.Spawn(parent(scope));
              co_return;
            }),
            Outcome(StatusCode::OK, 40ms));
  EXPECT_EQ(ended_.size(), 1u);
}

TEST_F(ScopeTest, AFailedChildCancelsTheOthersAndTheBody) {
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<grpc::Status> {
              scope.Spawn(Sleep(1h));
              scope.Spawn(End(10ms, StatusCode::UNAVAILABLE));
              grpc::Status slept = co_await loop_.SleepFor(2h);
              EXPECT_EQ(slept.error_code(), StatusCode::CANCELLED);
              scope.Spawn(Sleep(3h));  // Starts cancelled.
              co_return slept;
            }),
            Outcome(StatusCode::UNAVAILABLE, 10ms));
  EXPECT_EQ(ended_, (std::vector{StatusCode::UNAVAILABLE, StatusCode::CANCELLED, StatusCode::CANCELLED}));
}

TEST_F(ScopeTest, AFailedBodyCancelsTheChildren) {
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<grpc::Status> {
              scope.Spawn(Sleep(1h));
              scope.Spawn(End(2h, StatusCode::OK));
              co_await loop_.SleepFor(10ms);
              co_return grpc::Status(StatusCode::DATA_LOSS, "");
            }),
            Outcome(StatusCode::DATA_LOSS, 10ms));
  EXPECT_EQ(ended_, std::vector(2, StatusCode::CANCELLED));
}

TEST_F(ScopeTest, AnExceptionOfAChildIsThrownAgainWhenAllHaveEnded) {
  const std::pair<std::string, Duration> outcome = OutcomeOf([&](Scope& scope) -> Task<> {
    scope.Spawn(Throw("first", 10ms));
    scope.Spawn(Throw("second", 1h));
    scope.Spawn(Sleep(2h));
    EXPECT_THROW(co_await scope.Join(), std::runtime_error);
    EXPECT_EQ(ended_.size(), 3u);
  });
  EXPECT_EQ(outcome, std::pair(std::string("first"), Duration(10ms)));
}

TEST_F(ScopeTest, ABodyThatThrowsLeavesNoChildBehind) {
  const std::pair<std::string, Duration> outcome = OutcomeOf([&](Scope& scope) -> Task<> {
    scope.Spawn(Sleep(1h));
    scope.Spawn(Sleep(2h));
    co_await loop_.SleepFor(10ms);
    throw std::runtime_error("broken");
  });
  EXPECT_EQ(outcome, std::pair(std::string("broken"), Duration(10ms)));
  EXPECT_EQ(ended_, std::vector(2, StatusCode::CANCELLED));
}

TEST_F(ScopeTest, OfSeveralFailuresTheFirstCounts) {
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<grpc::Status> {
              scope.Spawn(End(10ms, StatusCode::UNAVAILABLE));
              scope.Spawn(Throw("late", 1h));
              co_await loop_.SleepFor(1h);
              co_return grpc::Status(StatusCode::DATA_LOSS, "");
            }),
            Outcome(StatusCode::UNAVAILABLE, 10ms));
}

TEST_F(ScopeTest, CancellingTheOwnerCancelsBodyAndChildren) {
  auto cancel = [&]() -> Task<> {
    co_await loop_.SleepFor(10ms);
    owner_.Cancel(StatusCode::DEADLINE_EXCEEDED);
  };
  loop_.Spawn(cancel());
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<> {
              scope.Spawn(End(1h, StatusCode::OK));
              scope.Spawn(Sleep(2h));
              EXPECT_EQ((co_await loop_.SleepFor(3h)).error_code(), StatusCode::DEADLINE_EXCEEDED);
            }),
            Outcome(StatusCode::DEADLINE_EXCEEDED, 10ms));
  EXPECT_EQ(ended_, std::vector(2, StatusCode::DEADLINE_EXCEEDED));
}

TEST_F(ScopeTest, AnOwnerThatIsCancelledAlreadyStartsChildrenThatAreToo) {
  owner_.Cancel();
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<> {
              scope.Spawn(End(1h, StatusCode::OK));
              co_return;
            }),
            Outcome(StatusCode::CANCELLED, 0ms));
}

TEST_F(ScopeTest, AFailureDoesNotCancelTheOwner) {
  OutcomeOf([&](Scope& scope) -> Task<> {
    scope.Spawn(End(1ms, StatusCode::UNAVAILABLE));
    co_return;
  });
  EXPECT_FALSE(owner_.cancelled());
}

TEST_F(ScopeTest, WhatChildrenReturnAfterCancelIsNoFailure) {
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<> {
              scope.Spawn(End(1h, StatusCode::OK));
              scope.Spawn(End(2h, StatusCode::OK));
              co_await loop_.SleepFor(10ms);
              scope.Cancel();
              EXPECT_TRUE((co_await scope.Join()).ok());
            }),
            Outcome(StatusCode::OK, 10ms));
  EXPECT_EQ(ended_, std::vector(2, StatusCode::CANCELLED));
}

TEST_F(ScopeTest, Nests) {
  EXPECT_EQ(OutcomeOf([&](Scope& outer) -> Task<> {
              outer.Spawn(WithScope(loop_, [&](Scope& inner) -> Task<> {
                inner.Spawn(Sleep(1h));
                co_await loop_.SleepFor(30ms);
              }));
              outer.Spawn(End(20ms, StatusCode::NOT_FOUND));
              co_return;
            }),
            Outcome(StatusCode::NOT_FOUND, 20ms));
  EXPECT_EQ(ended_, (std::vector{StatusCode::NOT_FOUND, StatusCode::CANCELLED}));
}

TEST_F(ScopeTest, TheBodyIsKeptUntilTheEnd) {
  // It is moved into the frame: the closure that was handed over may be gone.
  auto make = [&]() -> Task<grpc::Status> {
    return WithScope(loop_, [this, text = std::string(100, 'x')](Scope&) -> Task<grpc::Status> {
      co_await loop_.SleepFor(1ms);
      co_return grpc::Status(StatusCode::OUT_OF_RANGE, text);
    });
  };
  grpc::Status status;
  auto run = [&]() -> Task<> {
    Task<grpc::Status> task = make();
    status = co_await std::move(task);
  };
  loop_.Spawn(run());
  loop_.RunToEnd();
  EXPECT_EQ(status.error_message(), std::string(100, 'x'));
}

TEST_F(ScopeTest, ThousandsOfChildrenNeedNoStack) {
  EXPECT_EQ(OutcomeOf([&](Scope& scope) -> Task<> {
              for (int i = 0; i < 20'000; ++i) scope.Spawn(Sleep(10ms));
              co_return;
            }),
            Outcome(StatusCode::OK, 10ms));
  EXPECT_EQ(ended_.size(), 20'000u);
}

}  // namespace
}  // namespace meanwhile::async
