#include "async/event_loop.h"

#include <cassert>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

#include "async/completion_queue_poller.h"

namespace meanwhile::async {

EventLoop::EventLoop() : EventLoop(std::make_unique<grpc::CompletionQueue>()) {}

EventLoop::EventLoop(std::unique_ptr<grpc::CompletionQueue> queue)
    : EventLoop(std::make_unique<CompletionQueuePoller>(std::move(queue))) {}

EventLoop::EventLoop(std::unique_ptr<Poller> poller) : poller_(std::move(poller)) {}

EventLoop::~EventLoop() { assert(work_ == 0 && first_scheduled_ == nullptr); }

void EventLoop::Run() {
  bool shut_down = false;
  while (true) {
    ResumeScheduled();
    FireTimers();
    if (stopping_ && work_ == 0 && !std::exchange(shut_down, true)) poller_->Shutdown();

    Operation* operation = nullptr;
    bool ok = false;
    switch (poller_->Next(timers_.Earliest(), &operation, &ok)) {
      case Poller::Result::kCompleted:
        operation->OnComplete(ok);
        break;
      case Poller::Result::kWoken:
        mailbox_.DeliverAll();
        break;
      case Poller::Result::kTimeout:
        break;
      case Poller::Result::kShutDown:
        return;
    }
  }
}

void EventLoop::FireTimers() {
  // No more than were there before: one that is added again, already due, does not keep the queue waiting.
  std::size_t timers = timers_.size();
  if (timers == 0) return;
  for (const TimePoint now = Now(); timers > 0; --timers) {
    const TimePoint due = timers_.Earliest();
    if (!timers_.FireOne(now)) return;
    stats_.OnTimerFired(now - due);
    ResumeScheduled();
  }
}

void EventLoop::Stop() {
  if (!stop_requested_.exchange(true)) Post(&stop_request_);
}

void EventLoop::Post(MailboxItem* item) {
  if (mailbox_.Put(item)) poller_->Wake();
}

void EventLoop::Spawn(Task<void> task) {
  AddWork();
  Detach(this, std::move(task));
}

DetachedTask EventLoop::Detach(EventLoop* loop, Task<void> task) {
  co_await std::move(task);
  loop->RemoveWork();
}

void EventLoop::Schedule(Resumption* resumption) {
  resumption->next_ = nullptr;
  *last_scheduled_ = resumption;
  last_scheduled_ = &resumption->next_;
}

void EventLoop::ResumeScheduled() {
  if (first_scheduled_ == nullptr) return;
  TimePoint now = Now();
  while (first_scheduled_ != nullptr) {
    Resumption* resumption = first_scheduled_;
    first_scheduled_ = resumption->next_;
    if (first_scheduled_ == nullptr) last_scheduled_ = &first_scheduled_;
    Activity* activity = resumption->activity_;
    run_began_ = now;
    resumption->coroutine_.resume();
    now = Now();
    OnRan(activity, now);
  }
}

void EventLoop::OnRan(Activity* activity, TimePoint end) {
  const TimePoint begin = std::exchange(run_began_, kNothingRuns);
  stats_.OnRan(end - begin);
  if (activity != nullptr) activity->OnRan(begin, end);
  if (end - begin > LoopStats::kBlocked) TellBlocked(activity, end - begin);
}

void EventLoop::TellBlocked(const Activity* activity, Duration run) {
  const std::string_view name = activity != nullptr ? activity->name() : "a coroutine without an activity";
  if (blocked_observer_) return blocked_observer_(name, run);
#ifndef NDEBUG
  std::fprintf(stderr, "a loop was blocked for %lld ms by %.*s\n",
               static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(run).count()),
               static_cast<int>(name.size()), name.data());
#endif
}

}  // namespace meanwhile::async
