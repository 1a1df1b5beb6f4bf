#include "server/model/callback_model.h"

#include <atomic>
#include <cstddef>
#include <deque>

#include "grpc/health/v1/health.grpc.pb.h"
#include "meanwhile/v1/admin.grpc.pb.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "server/model/callback_handlers.h"

namespace meanwhile {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using Context = grpc::CallbackServerContext;

// The handlers of all loops. Thread: any.
class HandlersInTurn {
 public:
  void Add(const CallbackHandlers::Parts& parts) { handlers_.emplace_back(parts); }
  CallbackHandlers& Next() { return handlers_[next_.fetch_add(1, std::memory_order_relaxed) % handlers_.size()]; }

 private:
  std::deque<CallbackHandlers> handlers_;
  std::atomic<std::size_t> next_ = 0;
};

class MeanwhileService final : public v1::Meanwhile::CallbackService {
 public:
  explicit MeanwhileService(HandlersInTurn* handlers) : handlers_(handlers) {}

  grpc::ServerUnaryReactor* Fetch(Context* call, const v1::FetchRequest* request,
                                  v1::FetchResponse* response) override {
    return handlers_->Next().Fetch(call, request, response);
  }
  grpc::ServerUnaryReactor* Gather(Context* call, const v1::GatherRequest* request,
                                   v1::GatherResponse* response) override {
    return handlers_->Next().Gather(call, request, response);
  }
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(Context* call, const v1::WatchRequest* request) override {
    return handlers_->Next().Watch(call, request);
  }
  grpc::ServerReadReactor<v1::CollectRequest>* Collect(Context* call, v1::CollectResponse* response) override {
    return handlers_->Next().Collect(call, response);
  }
  grpc::ServerBidiReactor<v1::ExchangeRequest, v1::ExchangeResponse>* Exchange(Context* call) override {
    return handlers_->Next().Exchange(call);
  }
  grpc::ServerUnaryReactor* Compute(Context* call, const v1::ComputeRequest* request,
                                    v1::ComputeResponse* response) override {
    return handlers_->Next().Compute(call, request, response);
  }

 private:
  HandlersInTurn* handlers_;
};

// Both services below answer at once, but for Watch: the reactor that gRPC has ready will do.
grpc::ServerUnaryReactor* Answered(Context* call, const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

class AdminService final : public v1::Admin::CallbackService {
 public:
  explicit AdminService(const ServerStats* stats) : stats_(stats) {}

  grpc::ServerUnaryReactor* GetServerStats(Context* call, const v1::GetServerStatsRequest* /*request*/,
                                           v1::GetServerStatsResponse* response) override {
    stats_->Fill(response);
    return Answered(call, grpc::Status());
  }

 private:
  const ServerStats* stats_;
};

class HealthService final : public grpc::health::v1::Health::CallbackService {
 public:
  HealthService(const HealthState* health, HandlersInTurn* handlers) : health_(health), handlers_(handlers) {}

  grpc::ServerUnaryReactor* Check(Context* call, const HealthCheckRequest* request,
                                  HealthCheckResponse* response) override {
    return Answered(call, health_->Check(*request, response));
  }
  grpc::ServerWriteReactor<HealthCheckResponse>* Watch(Context* call, const HealthCheckRequest* request) override {
    return handlers_->Next().WatchHealth(call, request);
  }

 private:
  const HealthState* health_;
  HandlersInTurn* handlers_;
};

}  // namespace

class CallbackModel::Services {
 public:
  explicit Services(const ModelParts& parts)
      : meanwhile_(&handlers_), admin_(parts.stats), health_(parts.health, &handlers_) {}

  HandlersInTurn& handlers() { return handlers_; }

  void Register(grpc::ServerBuilder* builder) {
    builder->RegisterService(&meanwhile_);
    builder->RegisterService(&admin_);
    builder->RegisterService(&health_);
  }

 private:
  HandlersInTurn handlers_;
  MeanwhileService meanwhile_;
  AdminService admin_;
  HealthService health_;
};

CallbackModel::CallbackModel(const ModelParts& parts)
    : pool_(parts.options->pool_threads, parts.options->pool_queue), services_(std::make_unique<Services>(parts)) {
  CallCounter* counter = parts.stats->AddCounter(CallCounter::Writers::kMany);
  for (std::size_t i = 0; i < parts.options->loops; ++i) {
    loops_.push_back(std::make_unique<CallbackLoop>(parts.backend, i));
    services_->handlers().Add({.rules = parts.rules,
                               .health = parts.health,
                               .pool = &pool_,
                               .admission = parts.admission,
                               .counter = counter,
                               .in_flight = parts.in_flight,
                               .loop = loops_.back().get()});
  }
}

CallbackModel::~CallbackModel() = default;

void CallbackModel::Register(grpc::ServerBuilder* builder) { services_->Register(builder); }

void CallbackModel::Start() {
  for (auto& loop : loops_) loop->Start();
}

ModelFigures CallbackModel::Figures() const {
  ModelFigures figures{.loops = {}, .pool = &pool_};
  for (const auto& loop : loops_) figures.loops.push_back({.stats = &loop->loop().stats(), .methods = {}});
  return figures;
}

void CallbackModel::Stop() {
  for (auto& loop : loops_) loop->Stop();
}

}  // namespace meanwhile
