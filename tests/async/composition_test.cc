// All of it together: a handler that waits for everything that the library has, at once, and whose call ends early. A
// deadline and a cancellation must reach each of its waits by themselves; nothing may be left behind.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "async/channel.h"
#include "async/client_call.h"
#include "async/client_stream.h"
#include "async/scope.h"
#include "async/semaphore.h"
#include "async/thread_pool.h"
#include "async/timeout.h"
#include "async/when_all.h"
#include "async/when_any.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/async/stream_server.h"
#include "tests/async/test_server.h"
#include "tests/wait_until.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;
using v1::FetchRequest;
using v1::FetchResponse;
using v1::WatchRequest;
using v1::WatchResponse;
using Stub = v1::Meanwhile::Stub;

// The waits of the handler, by name. Each has ended when its place is set.
enum Wait { kUnaryCall, kStreamingCall, kQueuedWork, kRunningWork, kReceive, kSend, kPermit, kChild, kAlternative };
constexpr std::size_t kWaits = kAlternative + 1;

// A front server, whose handler waits for ever in every way, and the server that it calls.
class CompositionTest : public testing::Test {
 protected:
  void SetUp() override {
    back_.fetch = [this](CallContext& call, const FetchRequest&, FetchResponse*) { return SleepAtTheBack(call); };
    back_.watch = [this](CallContext& call, const WatchRequest&, ServerWriter<WatchResponse>&) {
      return SleepAtTheBack(call);
    };
    back_.Start();
    front_.fetch = [this](CallContext& call, const FetchRequest&, FetchResponse*) {
      return WithTimeout(call.loop(), timeout_, WaitForEverything(call));
    };
    front_.Start();
    empty_.emplace(front_.loop(), 1);
    full_.emplace(front_.loop(), 0);
    taken_.emplace(front_.loop(), 0);
  }

  template <typename Function>
  auto OnFrontLoop(Function function) {
    return OnLoop(front_.loop(), function);
  }

  // Whatever ended the call: each wait has ended, and so has what it started elsewhere.
  void ExpectThatNothingIsLeft() {
    EXPECT_TRUE(WaitUntil([&] { return OnFrontLoop([&] { return front_.observer.finished.size() == 1; }); }));
    EXPECT_EQ(OnFrontLoop([&] { return front_.loop().timers().size(); }), 0u);
    EXPECT_EQ(OnFrontLoop([&] { return taken_->waiting(); }), 0u);
    EXPECT_TRUE(WaitUntil([&] { return OnLoop(back_.loop(), [&] { return back_.loop().timers().size() == 0; }); }));
    EXPECT_EQ(ended_at_the_back_, sleeping_at_the_back_);
    front_.Stop();
    for (std::size_t wait = 0; wait < kWaits; ++wait) {
      EXPECT_NE(ended_[wait].value_or(StatusCode::OK), StatusCode::OK) << "wait " << wait;
    }
  }

  // All that the handler waits for has begun.
  bool HasBegun() const { return sleeping_at_the_back_ == 3 && work_runs_; }

  StreamServer front_;
  Duration timeout_ = 1h;
  StatusCode failure_ = StatusCode::OK;  // Of one of the waits, if it is to fail.
  std::array<std::optional<StatusCode>, kWaits> ended_;

 private:
  Task<grpc::Status> SleepAtTheBack(CallContext& call) {
    ++sleeping_at_the_back_;
    grpc::Status slept = co_await call.loop().SleepFor(1h);
    ++ended_at_the_back_;
    co_return slept;
  }

  // Notes how a wait has ended.
  Task<grpc::Status> Ended(Wait wait) {
    const grpc::Status status = (co_await CurrentCancellation()).status();
    ended_[wait] = status.error_code();
    co_return status;
  }

  Task<grpc::Status> CallUnaryAs(CallContext& call, Wait wait) {
    grpc::ClientContext context;
    const FetchRequest request;
    FetchResponse response;
    const grpc::Status status =
        co_await CallUnary(call.loop(), back_.stub(), &Stub::PrepareAsyncFetch, context, request, &response);
    ended_[wait] = status.error_code();  // It may have ended at its deadline before its coroutine heard of that.
    co_return status;
  }
  Task<grpc::Status> CallStreaming(CallContext& call) {
    grpc::ClientContext context;
    const WatchRequest request;
    auto read = [](ClientReader<WatchResponse>& items) -> Task<> {
      WatchResponse item;
      while (co_await items.Read(&item)) {
      }
    };
    const grpc::Status status =
        co_await CallServerStreaming(call.loop(), back_.stub(), &Stub::PrepareAsyncWatch, context, request, read);
    ended_[kStreamingCall] = status.error_code();
    co_return status;
  }
  // Runs until a neighbour, which hears of the cancellation, says so.
  Task<grpc::Status> WorkThatRuns(CallContext& call) {
    std::atomic<bool> stop = false;
    auto work = [&]() -> Task<grpc::Status> {
      co_await running_.Run(call.loop(), [&] {
        work_runs_ = true;
        while (!stop) std::this_thread::yield();
      });
      co_return co_await Ended(kRunningWork);
    };
    auto neighbour = [&]() -> Task<grpc::Status> {
      grpc::Status slept = co_await call.loop().SleepFor(1h);
      stop = true;
      co_return slept;
    };
    co_return std::get<0>(co_await WhenAll(call.loop(), work(), neighbour()));
  }
  Task<grpc::Status> WorkThatIsQueued(CallContext& call) {
    while (!work_runs_) {
      if (!(co_await call.loop().SleepFor(1ms)).ok()) break;
    }
    EXPECT_FALSE(co_await running_.Run(call.loop(), [] { ADD_FAILURE() << "the other work holds the only thread"; }));
    co_return co_await Ended(kQueuedWork);
  }
  Task<grpc::Status> Receive() {
    EXPECT_FALSE((co_await empty_->Receive()).has_value());
    co_return co_await Ended(kReceive);
  }
  Task<grpc::Status> Send() {
    EXPECT_FALSE(co_await full_->Send(1));
    co_return co_await Ended(kSend);
  }
  Task<grpc::Status> Acquire() {
    EXPECT_FALSE(co_await taken_->Acquire());
    co_return co_await Ended(kPermit);
  }
  Task<grpc::Status> WaitForChildren(CallContext& call) {
    auto child = [this, &call]() -> Task<grpc::Status> {
      co_await call.loop().SleepFor(1h);
      co_return co_await Ended(kChild);
    };
    return WithScope(call.loop(), [child](Scope& scope) -> Task<> {
      for (int i = 0; i < 3; ++i) scope.Spawn(child());
      co_await scope.Join();
    });
  }
  Task<grpc::Status> WaitForOneOf(CallContext& call) {
    co_return (co_await WhenAny(call.loop(), CallUnaryAs(call, kAlternative), Receive())).value;
  }
  Task<grpc::Status> Fail(CallContext& call) {
    while (!HasBegun()) {
      if (grpc::Status slept = co_await call.loop().SleepFor(1ms); !slept.ok()) co_return slept;
    }
    if (failure_ != StatusCode::OK) co_return grpc::Status(failure_, "told to");
    co_return co_await call.loop().SleepFor(1h);
  }

  Task<grpc::Status> WaitForEverything(CallContext& call) {
    std::vector<Task<grpc::Status>> waits;
    waits.push_back(Fail(call));
    waits.push_back(CallUnaryAs(call, kUnaryCall));
    waits.push_back(CallStreaming(call));
    waits.push_back(WorkThatRuns(call));
    waits.push_back(WorkThatIsQueued(call));
    waits.push_back(Receive());
    waits.push_back(Send());
    waits.push_back(Acquire());
    waits.push_back(WaitForChildren(call));
    waits.push_back(WaitForOneOf(call));
    const std::vector<grpc::Status> statuses = co_await WhenAll(call.loop(), std::move(waits));
    // Those that were cancelled because of another failure do not tell why.
    for (const grpc::Status& status : statuses) {
      if (status.error_code() != StatusCode::CANCELLED) co_return status;
    }
    co_return statuses.front();
  }

  StreamServer back_;
  ThreadPool running_{1, 10};
  std::atomic<int> sleeping_at_the_back_ = 0;
  std::atomic<int> ended_at_the_back_ = 0;
  std::atomic<bool> work_runs_ = false;
  std::optional<Channel<int>> empty_;
  std::optional<Channel<int>> full_;
  std::optional<Semaphore> taken_;
};

TEST_F(CompositionTest, AClientThatCancelsEndsEverything) {
  PendingFetch call(front_.stub());
  EXPECT_TRUE(WaitUntil([&] { return HasBegun(); }));
  call.Cancel();
  EXPECT_EQ(call.Status().error_code(), StatusCode::CANCELLED);
  ExpectThatNothingIsLeft();
  for (std::size_t wait = 0; wait < kWaits; ++wait) EXPECT_EQ(ended_[wait], StatusCode::CANCELLED) << "wait " << wait;
}

// On a slow machine the time may be over before everything has begun. It ends all the same.

TEST_F(CompositionTest, AClientWhoseDeadlinePassesEndsEverything) {
  PendingFetch call(front_.stub(), "", std::chrono::system_clock::now() + 2s);
  EXPECT_EQ(call.Status().error_code(), StatusCode::DEADLINE_EXCEEDED);
  ExpectThatNothingIsLeft();
}

TEST_F(CompositionTest, ATimeoutOfTheHandlersOwnEndsEverythingAndTheClientIsTold) {
  timeout_ = 2s;
  PendingFetch call(front_.stub());
  EXPECT_EQ(call.Status().error_code(), StatusCode::DEADLINE_EXCEEDED);
  ExpectThatNothingIsLeft();
}

TEST_F(CompositionTest, AFailureOfOneEndsTheOthersAndTheClientIsToldWhich) {
  failure_ = StatusCode::DATA_LOSS;
  PendingFetch call(front_.stub());
  EXPECT_EQ(call.Status().error_code(), StatusCode::DATA_LOSS);
  ExpectThatNothingIsLeft();
}

TEST_F(CompositionTest, AServerThatStopsEndsEverything) {
  PendingFetch call(front_.stub());
  EXPECT_TRUE(WaitUntil([&] { return HasBegun(); }));
  front_.Stop();
  EXPECT_FALSE(call.Status().ok());
  for (std::size_t wait = 0; wait < kWaits; ++wait) EXPECT_EQ(ended_[wait], StatusCode::CANCELLED) << "wait " << wait;
}

}  // namespace
}  // namespace meanwhile::async
