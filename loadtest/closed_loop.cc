#include "loadtest/closed_loop.h"

#include <algorithm>
#include <utility>

namespace meanwhile {
namespace {

// How often the end is looked for when no call returns.
constexpr std::chrono::milliseconds kLookPeriod{20};
// How finely the start is spread.
constexpr std::chrono::milliseconds kStartPeriod{1};

}  // namespace

ClosedLoop::ClosedLoop(Engine* engine, const MeasuredTime* time, const ClosedLoopOptions& options)
    : engine_(engine), time_(time), options_(options), callers_(options.callers) {}

void ClosedLoop::OnStart() {
  start_ = options_.now();
  OnTimer();
}

void ClosedLoop::OnCallEnded(std::size_t slot, const CallEnd& end) {
  const LoadTime now = options_.now();
  Caller& caller = callers_[slot];
  const std::chrono::nanoseconds response_time = now - caller.intended;
  if (!std::exchange(caller.answered, true)) {
    answered_.store(answered_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  --in_flight_;
  live_stats_.OnEnded(response_time);
  const bool wanted = options_.total == 0 || measurement_.calls() < options_.total;
  if (wanted && now >= time_->begin.load(std::memory_order_acquire) &&
      now < time_->end.load(std::memory_order_relaxed)) {
    measurement_.Record(response_time, end.code, end.message);
    last_end_ = now;
  }
  if (MaySend(now)) {
    Send(slot, now);
  } else {
    StopIfDone(now);
  }
}

void ClosedLoop::OnTimer() {
  const LoadTime now = options_.now();
  StartCallers(now);
  const LoadTime end = time_->end.load(std::memory_order_relaxed);
  if (cancelled_ == 0 && in_flight_ > 0 && now >= end && now - end >= options_.patience) {
    cancelled_ = in_flight_;
    engine_->CancelCalls();
  }
  StopIfDone(now);
  if (!stopped_) engine_->SetTimer(now + (started_ < options_.callers ? kStartPeriod : kLookPeriod));
}

bool ClosedLoop::MaySend(LoadTime now) const {
  if (now >= time_->end.load(std::memory_order_relaxed)) return false;
  return options_.total == 0 || measurement_.calls() + in_flight_ < options_.total;
}

void ClosedLoop::Send(std::size_t slot, LoadTime now) {
  callers_[slot].intended = now;
  ++in_flight_;
  live_stats_.OnSent();
  engine_->Send(slot);
}

void ClosedLoop::StartCallers(LoadTime now) {
  const std::chrono::nanoseconds elapsed = now - start_;
  std::size_t due = options_.callers;
  if (elapsed < options_.start_spread) {
    const double share = static_cast<double>(elapsed.count()) / static_cast<double>(options_.start_spread.count());
    due = std::min(due, 1 + static_cast<std::size_t>(share * static_cast<double>(options_.callers)));
  }
  for (; started_ < due && MaySend(now); ++started_) Send(started_, options_.now());
  if (!MaySend(now)) started_ = options_.callers;
}

void ClosedLoop::StopIfDone(LoadTime now) {
  if (stopped_ || in_flight_ > 0 || started_ < options_.callers || MaySend(now)) return;
  stopped_ = true;
  engine_->Stop();
}

}  // namespace meanwhile
