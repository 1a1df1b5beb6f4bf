#include "server/backend/simulated/simulated_backend.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "async/cancellation.h"
#include "tests/async/fake_poller.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using async::AdoptCancellation;
using async::CancellationSource;
using async::CancellationToken;
using async::FakeLoop;
using async::Task;
using grpc::StatusCode;
using std::chrono::system_clock;

BackendSpec Parsed(const std::string& text) {
  const absl::StatusOr<BackendSpec> spec = ParseBackendSpec(text);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return *spec;
}

BackendDraw Draw(absl::Duration latency, absl::StatusCode status = absl::StatusCode::kOk) { return {latency, status}; }

// Waits on the simulated clock; the result is written down.
Task<> MakeWait(FakeLoop& loop, SimulatedBackend& backend, BackendDraw draw, std::vector<Waited>* ended,
                CancellationToken token = {}) {
  co_await AdoptCancellation(token);
  Waited waited = co_await backend.Wait(loop, draw);
  ended->push_back(std::move(waited));
}

TEST(SimulatedBackendTest, TakesTheTimeOfTheDraw) {
  FakeLoop loop;
  SimulatedBackend backend(Parsed("constant:1ms"));
  std::vector<Waited> ended;
  for (const int milliseconds : {20, 0, 10}) {
    loop.Spawn(MakeWait(loop, backend, Draw(absl::Milliseconds(milliseconds)), &ended));
  }
  loop.RunToEnd();
  ASSERT_EQ(ended.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(ended[i].ok());
    EXPECT_EQ(ended[i].elapsed, absl::Milliseconds(10 * i));
  }
}

TEST(SimulatedBackendTest, FailsWithTheStatusOfTheDrawAfterItsTime) {
  FakeLoop loop;
  SimulatedBackend backend(Parsed("constant:1ms"));
  std::vector<Waited> ended;
  loop.Spawn(MakeWait(loop, backend, Draw(absl::Milliseconds(5), absl::StatusCode::kDataLoss), &ended));
  loop.RunToEnd();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].status.error_code(), StatusCode::DATA_LOSS);
  EXPECT_EQ(ended[0].status.error_message(), "the simulated backend failed");
  EXPECT_EQ(ended[0].elapsed, absl::Milliseconds(5));
}

TEST(SimulatedBackendTest, WaitsForRoomAndCountsThatTimeToo) {
  FakeLoop loop;
  SimulatedBackend backend(Parsed("constant:1ms,capacity=2,queue=3"));
  std::vector<Waited> ended;
  for (int i = 0; i < 6; ++i) loop.Spawn(MakeWait(loop, backend, Draw(absl::Milliseconds(10)), &ended));
  ASSERT_EQ(ended.size(), 1u) << "the sixth is refused at once";
  EXPECT_EQ(ended[0].status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ended[0].status.error_message(), "the backend's queue is full");
  EXPECT_EQ(ended[0].elapsed, absl::ZeroDuration());
  loop.RunToEnd();
  std::vector<absl::Duration> elapsed;
  for (const Waited& waited : ended) elapsed.push_back(waited.elapsed);
  const auto ms = [](int count) { return absl::Milliseconds(count); };
  EXPECT_EQ(elapsed, (std::vector<absl::Duration>{ms(0), ms(10), ms(10), ms(20), ms(20), ms(30)}));
}

TEST(SimulatedBackendTest, AQueueWithoutABoundTakesEverybody) {
  FakeLoop loop;
  SimulatedBackend backend(Parsed("constant:1ms,capacity=1"));
  std::vector<Waited> ended;
  for (int i = 0; i < 1000; ++i) loop.Spawn(MakeWait(loop, backend, Draw(absl::Milliseconds(1)), &ended));
  loop.RunToEnd();
  ASSERT_EQ(ended.size(), 1000u);
  EXPECT_EQ(ended.back().elapsed, absl::Seconds(1));
}

TEST(SimulatedBackendTest, ACancelledWaitEndsAtOnceAndMakesRoom) {
  for (const auto& [code, message] : {std::pair(StatusCode::CANCELLED, "cancelled while waiting"),
                                      std::pair(StatusCode::DEADLINE_EXCEEDED, "deadline exceeded while waiting")}) {
    FakeLoop loop;
    SimulatedBackend backend(Parsed("constant:1ms,capacity=1,queue=2"));
    std::vector<Waited> ended;
    CancellationSource source;
    const CancellationToken token(&source);
    loop.Spawn(MakeWait(loop, backend, Draw(absl::Hours(1)), &ended, token));   // Sleeps.
    loop.Spawn(MakeWait(loop, backend, Draw(absl::Hours(1)), &ended, token));   // Queues.
    loop.Spawn(MakeWait(loop, backend, Draw(absl::Milliseconds(10)), &ended));  // Queues behind it.
    source.Cancel(code);
    loop.RunToEnd();
    ASSERT_EQ(ended.size(), 3u);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(ended[i].status.error_code(), code);
      EXPECT_EQ(ended[i].status.error_message(), message);
      EXPECT_EQ(ended[i].elapsed, absl::ZeroDuration());
    }
    EXPECT_TRUE(ended[2].ok());
    EXPECT_EQ(ended[2].elapsed, absl::Milliseconds(10));
  }
}

// The blocking entry, on real time: only lower bounds are asserted.

BlockingWaitLimit NoLimit() {
  return {system_clock::time_point::max(), [] { return false; }};
}

TEST(SimulatedBackendTest, BlockingTakesTheTimeOfTheDraw) {
  SimulatedBackend backend(Parsed("constant:1ms"));
  const Waited waited = backend.WaitBlocking(NoLimit(), Draw(absl::Milliseconds(5)));
  EXPECT_TRUE(waited.ok());
  EXPECT_GE(waited.elapsed, absl::Milliseconds(5));
}

TEST(SimulatedBackendTest, BlockingFailsLikeTheOther) {
  SimulatedBackend backend(Parsed("constant:1ms"));
  const Waited waited = backend.WaitBlocking(NoLimit(), Draw(absl::ZeroDuration(), absl::StatusCode::kDataLoss));
  EXPECT_EQ(waited.status.error_code(), StatusCode::DATA_LOSS);
  EXPECT_EQ(waited.status.error_message(), "the simulated backend failed");
}

TEST(SimulatedBackendTest, BlockingEndsAtTheDeadline) {
  SimulatedBackend backend(Parsed("constant:1ms"));
  for (const int milliseconds : {-1, 0, 5}) {
    BlockingWaitLimit limit = NoLimit();
    limit.deadline = system_clock::now() + std::chrono::milliseconds(milliseconds);
    const Waited waited = backend.WaitBlocking(limit, Draw(absl::Hours(1)));
    EXPECT_EQ(waited.status.error_code(), StatusCode::DEADLINE_EXCEEDED);
    EXPECT_EQ(waited.status.error_message(), "deadline exceeded while waiting");
  }
}

TEST(SimulatedBackendTest, BlockingEndsWhenTheCallIsCancelled) {
  SimulatedBackend backend(Parsed("constant:1ms"));
  const Waited waited =
      backend.WaitBlocking({system_clock::time_point::max(), [] { return true; }}, Draw(absl::Hours(1)));
  EXPECT_EQ(waited.status.error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(waited.status.error_message(), "cancelled while waiting");
}

TEST(SimulatedBackendTest, BlockingShedsAndGivesUpInTheQueue) {
  SimulatedBackend backend(Parsed("constant:1ms,capacity=1,queue=1"));
  std::atomic<bool> release = false;
  std::atomic<bool> sleeping = false;
  const auto ends_when_released = [&] {
    sleeping = true;
    return release.load();
  };
  std::thread holder([&] {
    backend.WaitBlocking({system_clock::time_point::max(), ends_when_released}, Draw(absl::Hours(1)));
  });
  EXPECT_TRUE(WaitUntil([&] { return sleeping.load(); }));

  std::atomic<bool> queued = false;
  const auto gives_up_when_released = [&] {
    queued = true;
    return release.load();
  };
  Waited in_queue;
  std::thread waiter([&] {
    in_queue = backend.WaitBlocking({system_clock::time_point::max(), gives_up_when_released}, Draw(absl::Hours(1)));
  });
  EXPECT_TRUE(WaitUntil([&] { return queued.load(); }));
  const Waited refused = backend.WaitBlocking(NoLimit(), Draw(absl::ZeroDuration()));
  EXPECT_EQ(refused.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.status.error_message(), "the backend's queue is full");

  release = true;
  holder.join();
  waiter.join();
  EXPECT_EQ(in_queue.status.error_code(), StatusCode::CANCELLED);
  EXPECT_TRUE(backend.WaitBlocking(NoLimit(), Draw(absl::ZeroDuration())).ok()) << "all places are free again";
}

}  // namespace
}  // namespace meanwhile
