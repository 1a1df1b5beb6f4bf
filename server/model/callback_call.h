// CallbackCall: what the reactors of the callback model have in common: the way to a loop and back, cancellation, and
// when a reactor may be deleted.
//
// A reactor is a state machine. gRPC calls its reactions (OnReadDone, OnWriteDone, ...) on threads of its own; the loop
// calls OnLoop and OnWaited on the loop's. One step starts the next and returns, so only one is under way at a time,
// and what the steps share needs no lock:
//
//   GoToLoop()         ──▶ OnLoop()           from gRPC's thread to the loop's
//   StartWait(wait, i) ──▶ OnWaited(i, ...)   on the loop's thread; several waits may go on at once
//   StartRead(...)     ──▶ OnReadDone(ok)     gRPC's own, and back on its thread
//   StartWrite(...)    ──▶ OnWriteDone(ok)    the same
//   End(status)                               the last step
//
// Cancellation comes in between: gRPC calls OnCancel on any thread and at any moment. It is noted, and handed to the
// loop, where it ends what waits; the step that was awaited then comes as it would have, with the status to end with.
//
// Invariants:
//  1. Everything begun is awaited: End is called once, when no wait, read or write is outstanding. gRPC calls OnDone
//     only after End.
//  2. The call is held by gRPC until OnDone, and by each of these until the loop is done with it: a way to the loop, a
//     coroutine on it, a cancellation. Who lets go last deletes it. So OnDone may come, on another thread, while the
//     step that called End has not returned.
//  3. After End nothing that belongs to gRPC (context, request, response) is touched: it goes with OnDone.
//  4. The loop outlives the call: the model stops it after Server::Shutdown, which waits for every OnDone; what the
//  loop
//     still holds then was posted before, or is a coroutine, which the loop counts as work.
//
// `Reactor` is one of gRPC's four.

#ifndef MEANWHILE_SERVER_MODEL_CALLBACK_CALL_H_
#define MEANWHILE_SERVER_MODEL_CALLBACK_CALL_H_

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <string_view>
#include <utility>

#include "async/activity.h"
#include "async/call_context.h"
#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/in_flight_calls.h"
#include "async/mailbox.h"
#include "async/task.h"
#include "async/timer_queue.h"
#include "server/admission/admission.h"
#include "server/backend/planned_wait.h"
#include "server/backend/waited.h"
#include "server/model/callback_loop.h"
#include "server/model/method_activity.h"
#include "server/model/service_rules.h"
#include "server/observe/call_record.h"
#include "server/observe/server_stats.h"

namespace meanwhile {

template <typename Reactor>
class CallbackCall : public Reactor, private async::MailboxItem {
 public:
  // The counter counts a call of `method`, which Admit asks for. Home, admission and counter outlive the call.
  CallbackCall(CallbackLoop* home, grpc::CallbackServerContext* context, CallMethod method, Admission* admission,
               CallCounter* counter)
      : CallbackCall(home, context) {
    admission_ = admission;
    counter_ = counter;
    record_.method = method;
    record_.arrived = std::chrono::steady_clock::now();
    record_.began = record_.arrived;
    counter_->OnStarted(method);
  }
  // A call that is not counted.
  CallbackCall(CallbackLoop* home, grpc::CallbackServerContext* context) : home_(home), context_(context) {}

  // Before the first step of a call that is counted: it is seen by other threads until the reactor is deleted.
  void Show(async::InFlightCalls* calls) {
    in_flight_ = async::InFlightCalls::Entry(calls, ToString(record_.method).data(), record_.arrived);
  }

 protected:
  ~CallbackCall() override = default;

  // The first step, when the call can be ended. False when it was shed: then it has ended. `request` is null for a call
  // that reads a stream.
  bool Admit(const ServiceRules& rules, const google::protobuf::Message* request) {
    const grpc::Status status =
        admission_->TryAdmit(context_, [&] { return rules.LeastTime(record_.method, request); });
    admitted_ = status.ok();
    if (admitted_) return true;
    SetShed(Admission::ReasonOf(status.error_code()));
    End(status);
    return false;
  }

  // Any thread, but not before the constructor has returned. OnLoop follows.
  void GoToLoop() {
    Hold();
    home_->loop().Post(this);
  }
  virtual void OnLoop() = 0;

  // On the loop's thread. OnWaited follows, at once where there is nothing to wait for. `wait` and the request behind
  // it live until then.
  void StartWait(const PlannedWait& wait, std::size_t index = 0) { Spawn(WaitAndTell(wait, index)); }
  virtual void OnWaited(std::size_t /*index*/, Waited /*waited*/) {}

  // On the loop's thread: ends the call's waits early.
  void CancelWaits() { cancellation_source_.Cancel(); }

  // On the loop's thread: runs a coroutine of the call's. It is cancelled when the call is.
  void Spawn(async::Task<> task) {
    Hold();
    loop().Spawn(RunHeld(std::move(task)));
  }

  // Any thread, once: see invariant 1.
  void End(const grpc::Status& status) {
    GiveBackPlace(status.error_code());
    Count(status.error_code());
    this->Finish(status);
  }

  // Ends a call whose client has sent its last message. A read also fails when the client is gone; then OK reaches
  // nobody, which OnDone will know.
  void EndAfterLastMessage() {
    read_all_ = true;
    GiveBackPlace(grpc::StatusCode::OK);
    this->Finish(grpc::Status());
  }

  // Ends a call that has ended without us: a write failed, or it was cancelled.
  void EndAsEnded() { End(grpc::Status(ReasonOfEnd(), "the call has ended")); }

  // Any thread: whether gRPC has said that nobody waits for the response any more.
  bool has_ended() const { return reason_ != grpc::StatusCode::OK; }
  // Any thread, before End: why, or why it would have by now.
  grpc::StatusCode ReasonOfEnd() const {
    return has_ended() ? reason_.load() : async::ReasonOfEnd(began_, context_->deadline());
  }

  // On the loop's thread, after OnCancel, for what no cancellation token ends.
  virtual void OnCancelOnLoop() {}

  grpc::CallbackServerContext& context() { return *context_; }
  CallbackLoop& home() { return *home_; }
  async::EventLoop& loop() { return home_->loop(); }

  // How a call ends whose handler threw: the exception is counted and logged, and not told to the client.
  grpc::Status StatusOfThrown(std::string_view what) {
    if (counter_ != nullptr) counter_->OnException(what);
    return grpc::Status(grpc::StatusCode::INTERNAL, "the handler threw an exception");
  }

  // Before End: the call is refused.
  void SetShed(ShedReason reason) { record_.shed = reason; }
  // Before End: no thread of the pool has taken the call. It has been queued until now.
  void SetNotRun() { was_run_ = false; }
  // Before End: the call waited for a thread of the pool until `began`, held it until `ended`, and cost it so much
  // processor time.
  void SetRanOnPool(async::TimePoint began, async::TimePoint ended, async::Duration processor_time) {
    record_.began = began;
    AddRun(processor_time);
    TellRan(began, ended, /*on_loop=*/false);
  }

 private:
  // The second item that may be on its way to the loop.
  class Cancellation final : public async::MailboxItem {
   public:
    explicit Cancellation(CallbackCall* call) : call_(call) {}
    void OnDelivered() override {
      call_->cancellation_source_.Cancel(call_->reason_);
      call_->OnCancelOnLoop();
      call_->LetGo();
    }

   private:
    CallbackCall* call_;
  };

  // By gRPC, at most once and before OnDone.
  void OnCancel() final {
    reason_ = ReasonOfEnd();
    Hold();
    loop().Post(&cancellation_);
  }

  // By gRPC, after everything else of its.
  void OnDone() final {
    if (read_all_) Count(reason_);
    LetGo();
  }

  // The loop tells the run to the method's activity, since the call may be gone by then.
  void OnDelivered() final {
    loop().StartFor(activity(), [this] {
      RunOnLoop([this] { OnLoop(); });
      LetGo();
    });
  }

  // What the loop's runs for this call are told to; null for a call that is not counted.
  async::Activity* activity() const { return counter_ != nullptr ? MethodActivity::Of(record_.method) : nullptr; }

  // Calls a reaction, and counts for the call how long it runs. One may lead to another.
  template <typename Reaction>
  void RunOnLoop(Reaction reaction) {
    if (run_began_.load(std::memory_order_relaxed) != kNothingRuns) return reaction();
    const async::TimePoint began = loop().Now();
    run_began_.store(began, std::memory_order_relaxed);
    reaction();
    run_began_.store(kNothingRuns, std::memory_order_relaxed);
    const async::TimePoint ended = loop().Now();
    AddRun(ended - began);
    TellRan(began, ended, /*on_loop=*/true);
  }

  void TellRan(async::TimePoint begin, async::TimePoint end, bool on_loop) {
    if (counter_ == nullptr) return;
    counter_->OnRan(
        {.method = record_.method, .arrived = record_.arrived, .begin = begin, .end = end, .on_loop = on_loop});
  }

  void AddRun(async::Duration run) {
    ran_.store(ran_.load(std::memory_order_relaxed) + run, std::memory_order_relaxed);
  }

  async::Task<> RunHeld(async::Task<> task) {
    co_await async::AdoptCancellation(async::CancellationToken(&cancellation_source_));
    co_await async::AdoptActivity(activity());
    co_await std::move(task);
    LetGo();
  }

  async::Task<> WaitAndTell(const PlannedWait& wait, std::size_t index) {
    Waited waited;
    try {
      waited = co_await home_->backend().Wait(wait);
    } catch (const std::exception& exception) {
      waited.status = StatusOfThrown(exception.what());
    } catch (...) {
      waited.status = StatusOfThrown("not a std::exception");
    }
    RunOnLoop([&] { OnWaited(index, std::move(waited)); });
  }

  void GiveBackPlace(grpc::StatusCode code) {
    if (admitted_) admission_->OnReturned(context_, code, std::chrono::steady_clock::now() - record_.arrived);
  }

  void Count(grpc::StatusCode code) {
    if (counter_ == nullptr) return;
    record_.code = code;
    record_.ended = std::chrono::steady_clock::now();
    if (!was_run_) record_.began = record_.ended;
    record_.running = ran_.load(std::memory_order_relaxed);
    const async::TimePoint run_began = run_began_.load(std::memory_order_relaxed);
    if (run_began != kNothingRuns) record_.running += record_.ended - run_began;
    counter_->OnEnded(record_);
  }

  void Hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  void LetGo() {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  CallbackLoop* const home_;
  grpc::CallbackServerContext* const context_;
  Admission* admission_ = nullptr;
  bool admitted_ = false;
  CallCounter* counter_ = nullptr;
  CallRecord record_;
  // Written by the loop. The call's end may be counted on another thread, while the step before it still returns.
  static constexpr async::TimePoint kNothingRuns = async::TimePoint::max();
  std::atomic<async::TimePoint> run_began_ = kNothingRuns;
  std::atomic<async::Duration> ran_ = async::Duration::zero();
  const std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
  std::atomic<int> holders_ = 1;                                 // gRPC.
  std::atomic<grpc::StatusCode> reason_ = grpc::StatusCode::OK;  // Of the end that gRPC told of, if any.
  bool read_all_ = false;
  bool was_run_ = true;
  async::InFlightCalls::Entry in_flight_;
  Cancellation cancellation_{this};
  async::CancellationSource cancellation_source_;  // The loop's.
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_MODEL_CALLBACK_CALL_H_
