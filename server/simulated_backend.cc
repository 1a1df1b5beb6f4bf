#include "server/simulated_backend.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

namespace meanwhile {
namespace {

using std::chrono::milliseconds;

// How long a blocked thread goes without a look at its call.
constexpr milliseconds kLookInterval(100);

bool DeadlineHasPassed(const BlockingWaitLimit& limit) { return limit.deadline <= std::chrono::system_clock::now(); }

// The status of a wait that `limit` ended.
grpc::Status StatusOfEnded(const BlockingWaitLimit& limit) {
  if (DeadlineHasPassed(limit)) {
    return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "deadline exceeded while waiting");
  }
  return grpc::Status(grpc::StatusCode::CANCELLED, "cancelled while waiting");
}

grpc::Status QueueFull() { return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the backend's queue is full"); }

grpc::Status StatusOf(const BackendDraw& draw) {
  if (draw.status == absl::StatusCode::kOk) return grpc::Status();
  return grpc::Status(static_cast<grpc::StatusCode>(draw.status), "the simulated backend failed");
}

// Sleeps on the calling thread. False when the limit ended it first.
bool SleepBlocking(const BlockingWaitLimit& limit, absl::Duration duration) {
  const auto due = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(duration);
  while (true) {
    const auto left = due - std::chrono::steady_clock::now();
    if (left <= left.zero()) return true;
    const auto until_deadline = limit.deadline - std::chrono::system_clock::now();
    if (until_deadline <= until_deadline.zero()) return false;
    std::this_thread::sleep_for(std::min({left, until_deadline, std::chrono::nanoseconds(kLookInterval)}));
    if (left > kLookInterval && limit.cancelled()) return false;
  }
}

}  // namespace

SimulatedBackend::SimulatedBackend(const BackendSpec& spec) : spec_(spec) {
  if (spec_.capacity) {
    capacity_.emplace(*spec_.capacity, spec_.queue ? *spec_.queue : std::numeric_limits<std::size_t>::max());
  }
}

async::Task<Waited> SimulatedBackend::Wait(async::EventLoop& loop, BackendDraw draw) {
  const async::TimePoint start = loop.Now();
  if (capacity_) {
    switch (co_await capacity_->Acquire(loop)) {
      case Capacity::Answer::kQueueFull:
        co_return Waited{QueueFull(), absl::ZeroDuration()};
      case Capacity::Answer::kGaveUp: {
        const async::CancellationToken token = co_await async::CurrentCancellation();
        co_return Waited{token.status(), absl::FromChrono(loop.Now() - start)};
      }
      case Capacity::Answer::kAcquired:
        break;
    }
  }
  grpc::Status status;
  if (draw.latency > absl::ZeroDuration()) status = co_await loop.SleepFor(absl::ToChronoNanoseconds(draw.latency));
  if (capacity_) capacity_->Release();
  if (status.ok()) status = StatusOf(draw);
  co_return Waited{std::move(status), absl::FromChrono(loop.Now() - start)};
}

Waited SimulatedBackend::WaitBlocking(const BlockingWaitLimit& limit, BackendDraw draw) {
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [start] { return absl::FromChrono(std::chrono::steady_clock::now() - start); };
  if (capacity_) {
    switch (capacity_->AcquireBlocking([&] { return DeadlineHasPassed(limit) || limit.cancelled(); }, kLookInterval)) {
      case Capacity::Answer::kQueueFull:
        return Waited{QueueFull(), absl::ZeroDuration()};
      case Capacity::Answer::kGaveUp:
        return Waited{StatusOfEnded(limit), elapsed()};
      case Capacity::Answer::kAcquired:
        break;
    }
  }
  const bool slept = SleepBlocking(limit, draw.latency);
  if (capacity_) capacity_->Release();
  return Waited{slept ? StatusOf(draw) : StatusOfEnded(limit), elapsed()};
}

}  // namespace meanwhile
