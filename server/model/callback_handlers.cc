#include "server/model/callback_handlers.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "async/processor_time.h"
#include "server/model/callback_call.h"
#include "server/model/gathered_waits.h"

namespace meanwhile {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using Context = CallbackHandlers::Context;
using Parts = CallbackHandlers::Parts;

// Start is called when the reactor is complete: its first step may be over before it returns.
template <typename Call, typename... Arguments>
Call* Started(const Parts& parts, Arguments... arguments) {
  Call* call = new Call(parts, arguments...);
  call->Show(parts.in_flight);
  call->Start();
  return call;
}

// Start ──▶ OnLoop ──▶ OnWaited ──▶ end
class FetchCall final : public CallbackCall<grpc::ServerUnaryReactor> {
 public:
  FetchCall(const Parts& parts, Context* context, const v1::FetchRequest* request, v1::FetchResponse* response)
      : CallbackCall(parts.loop, context, CallMethod::kFetch, parts.admission, parts.counter),
        rules_(parts.rules),
        request_(request),
        response_(response) {}

  void Start() {
    if (!Admit(*rules_, request_)) return;
    if (grpc::Status status = rules_->Check(*request_, context(), &wait_); !status.ok()) return End(status);
    GoToLoop();
  }

 private:
  void OnLoop() override { StartWait(wait_); }
  void OnWaited(std::size_t /*index*/, Waited waited) override {
    if (!waited.ok()) return End(waited.status);
    ServiceRules::Answer(*request_, std::move(waited), response_);
    End(grpc::Status());
  }

  const ServiceRules* rules_;
  const v1::FetchRequest* request_;
  v1::FetchResponse* response_;
  PlannedWait wait_;
};

// Start ──▶ OnLoop ──▶ OnWaited of each wait ──▶ end
class GatherCall final : public CallbackCall<grpc::ServerUnaryReactor> {
 public:
  GatherCall(const Parts& parts, Context* context, const v1::GatherRequest* request, v1::GatherResponse* response)
      : CallbackCall(parts.loop, context, CallMethod::kGather, parts.admission, parts.counter),
        rules_(parts.rules),
        request_(request),
        response_(response),
        gathered_(*request) {}

  void Start() {
    if (!Admit(*rules_, request_)) return;
    if (grpc::Status status = rules_->Check(*request_, context(), &waits_); !status.ok()) return End(status);
    GoToLoop();
  }

 private:
  void OnLoop() override {
    start_ = loop().Now();
    if (!gathered_.at_once()) return StartWait(waits_.front());
    left_ = waits_.size();  // Before the first wait, which may be over at once.
    for (std::size_t i = 0; i < waits_.size(); ++i) StartWait(waits_[i], i);
  }

  void OnWaited(std::size_t index, Waited waited) override {
    const bool others_are_wanted = gathered_.Add(index, std::move(waited));
    if (gathered_.at_once()) {
      if (!others_are_wanted) CancelWaits();
      if (--left_ > 0) return;
    } else if (others_are_wanted && index + 1 < waits_.size()) {
      return StartWait(waits_[index + 1], index + 1);
    }
    End(gathered_.Answer(absl::FromChrono(loop().Now() - start_), response_));
  }

  const ServiceRules* rules_;
  const v1::GatherRequest* request_;
  v1::GatherResponse* response_;
  GatheredWaits gathered_;
  std::vector<PlannedWait> waits_;
  async::TimePoint start_;
  std::size_t left_ = 0;  // At once: waits that have not ended.
};

//            ┌───────────────────────────────┐
// Start ──▶ OnLoop ──▶ OnWaited ──▶ OnWriteDone ──▶ end
class WatchCall final : public CallbackCall<grpc::ServerWriteReactor<v1::WatchResponse>> {
 public:
  WatchCall(const Parts& parts, Context* context, const v1::WatchRequest* request)
      : CallbackCall(parts.loop, context, CallMethod::kWatch, parts.admission, parts.counter),
        rules_(parts.rules),
        request_(request) {}

  void Start() {
    if (!Admit(*rules_, request_)) return;
    if (grpc::Status status = rules_->Check(*request_, context(), &wait_); !status.ok()) return End(status);
    GoToLoop();
  }

 private:
  void OnLoop() override { StartWait(wait_); }
  void OnWaited(std::size_t /*index*/, Waited waited) override {
    if (!waited.ok()) return End(waited.status);
    ServiceRules::Answer(*request_, index_, waited, &item_);
    StartWrite(&item_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return EndAsEnded();
    if (++index_ == request_->count()) return End(grpc::Status());
    GoToLoop();
  }

  const ServiceRules* rules_;
  const v1::WatchRequest* request_;
  PlannedWait wait_;
  v1::WatchResponse item_;
  std::uint32_t index_ = 0;
};

//            ┌──────────────────────┐
// Start ──▶ OnReadDone ──▶ OnLoop ──▶ OnWaited
//            └──▶ end
class CollectCall final : public CallbackCall<grpc::ServerReadReactor<v1::CollectRequest>> {
 public:
  CollectCall(const Parts& parts, Context* context, v1::CollectResponse* response)
      : CallbackCall(parts.loop, context, CallMethod::kCollect, parts.admission, parts.counter),
        rules_(parts.rules),
        response_(response) {}

  void Start() {
    if (Admit(*rules_, nullptr)) StartRead(&message_);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return EndAfterLastMessage();
    if (grpc::Status status = rules_->Check(message_, context(), &wait_); !status.ok()) return End(status);
    GoToLoop();
  }
  void OnLoop() override { StartWait(wait_); }
  void OnWaited(std::size_t /*index*/, Waited waited) override {
    if (!waited.ok()) return End(waited.status);
    ServiceRules::Add(message_, waited, response_);
    StartRead(&message_);
  }

  const ServiceRules* rules_;
  v1::CollectResponse* response_;
  v1::CollectRequest message_;
  PlannedWait wait_;
};

//            ┌───────────────────────────────────────────┐
// Start ──▶ OnReadDone ──▶ OnLoop ──▶ OnWaited ──▶ OnWriteDone
//            └──▶ end
class ExchangeCall final : public CallbackCall<grpc::ServerBidiReactor<v1::ExchangeRequest, v1::ExchangeResponse>> {
 public:
  ExchangeCall(const Parts& parts, Context* context)
      : CallbackCall(parts.loop, context, CallMethod::kExchange, parts.admission, parts.counter), rules_(parts.rules) {}

  void Start() {
    if (Admit(*rules_, nullptr)) StartRead(&message_);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return EndAfterLastMessage();
    if (grpc::Status status = rules_->Check(message_, context(), &wait_); !status.ok()) return End(status);
    GoToLoop();
  }
  void OnLoop() override { StartWait(wait_); }
  void OnWaited(std::size_t /*index*/, Waited waited) override {
    if (!waited.ok()) return End(waited.status);
    ServiceRules::Answer(message_, waited, &answer_);
    StartWrite(&answer_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return EndAsEnded();
    StartRead(&message_);
  }

  const ServiceRules* rules_;
  v1::ExchangeRequest message_;
  v1::ExchangeResponse answer_;
  PlannedWait wait_;
};

// Start ──▶ OnLoop ──▶ the pool ──▶ end
//
// The pool is awaited by a coroutine: a thread of gRPC's must not compute for long, and the pool's queue is bounded.
class ComputeCall final : public CallbackCall<grpc::ServerUnaryReactor> {
 public:
  ComputeCall(const Parts& parts, Context* context, const v1::ComputeRequest* request, v1::ComputeResponse* response)
      : CallbackCall(parts.loop, context, CallMethod::kCompute, parts.admission, parts.counter),
        rules_(parts.rules),
        pool_(parts.pool),
        request_(request),
        response_(response) {}

  void Start() {
    if (!Admit(*rules_, request_)) return;
    if (grpc::Status status = rules_->Check(*request_); !status.ok()) return End(status);
    GoToLoop();
  }

 private:
  void OnLoop() override { Spawn(ComputeOnPool()); }

  async::Task<> ComputeOnPool() {
    async::TimePoint began, ended;
    async::Duration processor_time;
    bool in_time = true;
    auto compute = [this, &began, &ended, &processor_time, &in_time] {
      began = std::chrono::steady_clock::now();
      const async::Duration before = async::ThreadProcessorTime();
      grpc::Status status = Admission::CheckDeadline(context(), [] { return async::Duration::zero(); });
      in_time = status.ok();
      if (in_time) {
        status = ServiceRules::Compute(
            *request_, [this] { return has_ended() ? ReasonOfEnd() : grpc::StatusCode::OK; }, response_);
      }
      processor_time = async::ThreadProcessorTime() - before;
      ended = std::chrono::steady_clock::now();
      return status;
    };
    std::optional<grpc::Status> status, thrown;
    try {
      status = co_await pool_->Run(loop(), compute);
    } catch (const std::exception& exception) {
      thrown = StatusOfThrown(exception.what());
    } catch (...) {
      thrown = StatusOfThrown("not a std::exception");
    }
    if (thrown) {
      End(*thrown);
    } else if (status) {
      SetRanOnPool(began, ended, processor_time);
      if (!in_time) SetShed(ShedReason::kDeadline);
      End(*status);
    } else if (has_ended()) {
      SetNotRun();
      if (ReasonOfEnd() == grpc::StatusCode::DEADLINE_EXCEEDED) SetShed(ShedReason::kDeadline);
      EndAsEnded();
    } else {
      SetNotRun();
      SetShed(ShedReason::kPoolQueue);
      End(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the server's thread pool is full"));
    }
  }

  const ServiceRules* rules_;
  async::ThreadPool* pool_;
  const v1::ComputeRequest* request_;
  v1::ComputeResponse* response_;
};

//            ┌──────────────────────────┐
// Start ──▶ OnLoop ──▶ OnWriteDone or OnChange
//            └──▶ end
//
// Not counted. Invariant: subscribed only while no write is outstanding and the call is not on its way to the loop.
class HealthWatchCall final : public CallbackCall<grpc::ServerWriteReactor<HealthCheckResponse>>,
                              private HealthState::Listener {
 public:
  HealthWatchCall(const Parts& parts, Context* context, const HealthCheckRequest* request)
      : CallbackCall(parts.loop, context), health_(parts.health), request_(request) {}

  void Start() { GoToLoop(); }

 private:
  void OnLoop() override {
    if (has_ended()) return EndAsEnded();
    const HealthState::Look look = health_->LookAt(request_->service());
    if (look.status != told_) {
      told_ = look.status;
      response_.set_status(look.status);
      return StartWrite(&response_);
    }
    if (look.stopping) return End(HealthState::StatusOfStopped());
    if (!health_->Subscribe(this, look)) GoToLoop();
  }
  void OnWriteDone(bool ok) override { ok ? GoToLoop() : EndAsEnded(); }
  void OnChange() override { GoToLoop(); }
  void OnCancelOnLoop() override {
    if (health_->Unsubscribe(this)) EndAsEnded();
  }

  HealthState* health_;
  const HealthCheckRequest* request_;
  HealthCheckResponse response_;
  std::optional<HealthState::ServingStatus> told_;
};

}  // namespace

grpc::ServerUnaryReactor* CallbackHandlers::Fetch(Context* call, const v1::FetchRequest* request,
                                                  v1::FetchResponse* response) {
  return Started<FetchCall>(parts_, call, request, response);
}

grpc::ServerUnaryReactor* CallbackHandlers::Gather(Context* call, const v1::GatherRequest* request,
                                                   v1::GatherResponse* response) {
  return Started<GatherCall>(parts_, call, request, response);
}

grpc::ServerWriteReactor<v1::WatchResponse>* CallbackHandlers::Watch(Context* call, const v1::WatchRequest* request) {
  return Started<WatchCall>(parts_, call, request);
}

grpc::ServerReadReactor<v1::CollectRequest>* CallbackHandlers::Collect(Context* call, v1::CollectResponse* response) {
  return Started<CollectCall>(parts_, call, response);
}

grpc::ServerBidiReactor<v1::ExchangeRequest, v1::ExchangeResponse>* CallbackHandlers::Exchange(Context* call) {
  return Started<ExchangeCall>(parts_, call);
}

grpc::ServerUnaryReactor* CallbackHandlers::Compute(Context* call, const v1::ComputeRequest* request,
                                                    v1::ComputeResponse* response) {
  return Started<ComputeCall>(parts_, call, request, response);
}

grpc::ServerWriteReactor<HealthCheckResponse>* CallbackHandlers::WatchHealth(Context* call,
                                                                             const HealthCheckRequest* request) {
  auto* const watch = new HealthWatchCall(parts_, call, request);
  watch->Start();
  return watch;
}

}  // namespace meanwhile
