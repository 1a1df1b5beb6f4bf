#include "loadtest/load/closed_loop.h"

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
    : LoadLoop(options.log, StreamRecorder::For(options.plan, options.callers, time, options.now),
               MethodRecorder::For(options.plan, options.callers)),
      engine_(engine),
      time_(time),
      options_(options),
      callers_(options.callers) {}

void ClosedLoop::OnStart() {
  start_ = options_.now();
  OnTimer();
}

void ClosedLoop::OnCallEnded(std::size_t slot, const CallEnd& end) {
  const LoadTime now = options_.now();
  Caller& caller = callers_[slot];
  const CallTimes times = {now - caller.intended, now - caller.sent};
  if (!std::exchange(caller.answered, true)) {
    answered_.store(answered_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  --in_flight_;
  const JudgedEnd judged = Judge(slot, end, times);
  const bool wanted = options_.total == 0 || counts_.measurement.calls() < options_.total;
  const LoadTime measured_end = time_->end.load(std::memory_order_relaxed);
  if (now >= measured_end) {
    ++counts_.in_flight_at_end;
    if (cancelled_) ++counts_.unfinished;
  } else if (wanted && now >= time_->begin.load(std::memory_order_acquire)) {
    Record(slot, times, end.code, judged, now);
    if (judged.verdict == Verdict::kSucceeded) CountInTime(slot);
  }
  if (!MaySend(now)) {
    StopIfDone(now);
  } else if (options_.think_time.count() == 0) {
    Send(slot, now, now);
  } else {
    thinking_.push_back({now + options_.think_time, slot});
    if (thinking_.size() == 1) SetTimer(now);
  }
}

void ClosedLoop::OnTimer() {
  const LoadTime now = options_.now();
  StartCallers(now);
  SendThoughtOver(now);
  const LoadTime end = time_->end.load(std::memory_order_relaxed);
  if (!cancelled_ && in_flight_ > 0 && now >= end && now - end >= options_.patience) {
    cancelled_ = true;
    engine_->CancelCalls();
  }
  StopIfDone(now);
  if (!stopped_) SetTimer(now);
}

bool ClosedLoop::MaySend(LoadTime now) const {
  if (now >= time_->end.load(std::memory_order_relaxed)) return false;
  return options_.total == 0 || counts_.measurement.calls() + in_flight_ < options_.total;
}

void ClosedLoop::Send(std::size_t slot, LoadTime intended, LoadTime now) {
  callers_[slot].intended = intended;
  callers_[slot].sent = now;
  ++in_flight_;
  SendFrom(engine_, slot, intended);
}

void ClosedLoop::StartCallers(LoadTime now) {
  const std::chrono::nanoseconds elapsed = now - start_;
  std::size_t due = options_.callers;
  if (elapsed < options_.start_spread) {
    const double share = static_cast<double>(elapsed.count()) / static_cast<double>(options_.start_spread.count());
    due = std::min(due, 1 + static_cast<std::size_t>(share * static_cast<double>(options_.callers)));
  }
  for (; started_ < due && MaySend(now); ++started_) {
    const LoadTime sent = options_.now();
    Send(started_, sent, sent);
  }
  if (!MaySend(now)) started_ = options_.callers;
}

void ClosedLoop::SendThoughtOver(LoadTime now) {
  for (; !thinking_.empty() && thinking_.front().end <= now; thinking_.pop_front()) {
    if (MaySend(now)) Send(thinking_.front().caller, thinking_.front().end, options_.now());
  }
}

void ClosedLoop::StopIfDone(LoadTime now) {
  if (stopped_ || in_flight_ > 0 || started_ < options_.callers || MaySend(now)) return;
  stopped_ = true;
  engine_->Stop();
}

void ClosedLoop::SetTimer(LoadTime now) {
  LoadTime due = now + (started_ < options_.callers ? kStartPeriod : kLookPeriod);
  if (!thinking_.empty()) due = std::min(due, thinking_.front().end);
  engine_->SetTimer(due);
}

}  // namespace meanwhile
