#include "loadtest/load/open_loop.h"

#include <algorithm>

namespace meanwhile {
namespace {

// How often the end is looked for when nothing else happens.
constexpr std::chrono::milliseconds kLookPeriod{20};
// Calls dealt with before the engine writes them and turns to those that have ended: enough for large writes, and too
// few for the first of them to be timed long before it leaves.
constexpr int kMostAtOnce = 64;

}  // namespace

OpenLoop::OpenLoop(Engine* engine, const MeasuredTime* time, Schedule schedule, const OpenLoopOptions& options)
    : LoadLoop(options.log, StreamRecorder::For(options.plan, options.max_in_flight, time, options.now),
               MethodRecorder::For(options.plan, options.max_in_flight)),
      engine_(engine),
      time_(time),
      schedule_(std::move(schedule)),
      options_(options),
      calls_(options.max_in_flight),
      free_slots_(std::min(options.connections, options.max_in_flight)) {
  for (std::size_t slot = calls_.size(); slot-- > 0;) free_slots_[slot % free_slots_.size()].push_back(slot);
}

void OpenLoop::OnStart() {
  TakeNextFromSchedule();
  OnTimer();
}

void OpenLoop::OnCallEnded(std::size_t slot, const CallEnd& end) {
  const LoadTime now = options_.now();
  const Call& call = calls_[slot];
  const CallTimes times = {now - call.intended, now - call.sent};
  const JudgedEnd judged = Judge(slot, end, times);
  const LoadTime measured_end = time_->end.load(std::memory_order_relaxed);
  const bool in_time = now >= time_->begin.load(std::memory_order_relaxed) && now < measured_end;
  if (in_time && judged.verdict == Verdict::kSucceeded) CountInTime(slot);
  if (now >= measured_end) ++counts_.in_flight_at_end;
  if (cancelled_) ++counts_.unfinished;
  if (IsCounted(call.intended)) {
    if (cancelled_) {
      RecordUnfinished(slot, times, now);
    } else {
      Record(slot, times, end.code, judged, now);
    }
  }
  free_slots_[slot % free_slots_.size()].push_back(slot);
  if (--in_flight_ == 0 && IsScheduleOver(measured_end)) OnTimer();
}

void OpenLoop::OnTimer() {
  if (stopped_) return;
  const LoadTime now = options_.now();
  SendDue(now);
  const LoadTime end = time_->end.load(std::memory_order_relaxed);
  if (now >= end && now - end >= options_.patience) GiveUp();
  if (in_flight_ == 0 && IsScheduleOver(end)) {
    stopped_ = true;
    engine_->Stop();
  } else {
    SetTimer(now, end);
  }
}

void OpenLoop::SendDue(LoadTime now) {
  for (int i = 0; i < kMostAtOnce && next_ && *next_ <= now; ++i) {
    const LoadTime end = time_->end.load(std::memory_order_relaxed);
    if (IsScheduleOver(end)) return;
    SendOrCount(*next_);
    TakeNextFromSchedule();
  }
}

void OpenLoop::SendOrCount(LoadTime intended) {
  const bool counted = IsCounted(intended);
  counts_.scheduled += counted;
  live_stats_.OnDue();
  const std::optional<std::size_t> slot = TakeSlot();
  if (!slot) {
    counts_.not_sent += counted;
    live_stats_.OnNotSent();
    return;
  }
  calls_[*slot] = {intended, options_.now()};
  ++in_flight_;
  SendFrom(engine_, *slot, intended);
}

bool OpenLoop::IsScheduleOver(LoadTime end) const {
  return !next_ || *next_ >= end || (options_.total > 0 && counts_.scheduled >= options_.total);
}

bool OpenLoop::IsCounted(LoadTime intended) const {
  return intended >= time_->begin.load(std::memory_order_relaxed) &&
         intended < time_->end.load(std::memory_order_relaxed);
}

std::optional<std::size_t> OpenLoop::TakeSlot() {
  for (std::size_t tried = 0; tried < free_slots_.size(); ++tried) {
    std::vector<std::size_t>& slots = free_slots_[next_connection_];
    next_connection_ = (next_connection_ + 1) % free_slots_.size();
    if (slots.empty()) continue;
    const std::size_t slot = slots.back();
    slots.pop_back();
    return slot;
  }
  return std::nullopt;
}

void OpenLoop::TakeNextFromSchedule() {
  const std::optional<std::chrono::nanoseconds> time = schedule_.Next();
  next_ = time ? std::optional(options_.start + *time) : std::nullopt;
}

void OpenLoop::GiveUp() {
  for (const LoadTime end = time_->end.load(std::memory_order_relaxed); !IsScheduleOver(end); TakeNextFromSchedule()) {
    if (!IsCounted(*next_)) continue;
    ++counts_.scheduled;
    ++counts_.not_sent;
  }
  if (cancelled_ || in_flight_ == 0) return;
  cancelled_ = true;
  engine_->CancelCalls();
}

void OpenLoop::SetTimer(LoadTime now, LoadTime end) {
  const LoadTime look = now + kLookPeriod;
  // Not in the past: the engine would fire it again before it has written and read.
  engine_->SetTimer(IsScheduleOver(end) ? look : std::clamp(*next_, now + std::chrono::nanoseconds(1), look));
}

}  // namespace meanwhile
