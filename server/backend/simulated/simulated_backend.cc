#include "server/backend/simulated/simulated_backend.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

namespace meanwhile {
namespace {

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
    std::this_thread::sleep_for(
        std::min({left, until_deadline, std::chrono::nanoseconds(BlockingWaitLimit::kLookInterval)}));
    if (left > BlockingWaitLimit::kLookInterval && limit.cancelled()) return false;
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
        co_return Waited{.status = QueueFull()};
      case Capacity::Answer::kGaveUp: {
        const async::CancellationToken token = co_await async::CurrentCancellation();
        co_return Waited{.status = token.status(), .elapsed = absl::FromChrono(loop.Now() - start)};
      }
      case Capacity::Answer::kAcquired:
        break;
    }
  }
  grpc::Status status;
  if (draw.latency > absl::ZeroDuration()) status = co_await loop.SleepFor(absl::ToChronoNanoseconds(draw.latency));
  if (capacity_) capacity_->Release();
  if (status.ok()) status = StatusOf(draw);
  co_return Waited{.status = std::move(status), .elapsed = absl::FromChrono(loop.Now() - start)};
}

Waited SimulatedBackend::WaitBlocking(const BlockingWaitLimit& limit, BackendDraw draw) {
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [start] { return absl::FromChrono(std::chrono::steady_clock::now() - start); };
  if (capacity_) {
    switch (capacity_->AcquireBlocking([&] { return limit.HasEnded(); }, BlockingWaitLimit::kLookInterval)) {
      case Capacity::Answer::kQueueFull:
        return Waited{.status = QueueFull()};
      case Capacity::Answer::kGaveUp:
        return Waited{.status = limit.StatusOfEnded(), .elapsed = elapsed()};
      case Capacity::Answer::kAcquired:
        break;
    }
  }
  const bool slept = SleepBlocking(limit, draw.latency);
  if (capacity_) capacity_->Release();
  return Waited{.status = slept ? StatusOf(draw) : limit.StatusOfEnded(), .elapsed = elapsed()};
}

}  // namespace meanwhile
