#include "server/model/thread_model.h"

#include <chrono>
#include <exception>

#include "async/in_flight_calls.h"
#include "async/processor_time.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "meanwhile/v1/admin.grpc.pb.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "server/model/blocking_handlers.h"

namespace meanwhile {
namespace {

using grpc::ServerContext;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class MeanwhileService final : public v1::Meanwhile::Service {
 public:
  explicit MeanwhileService(const ModelParts& parts)
      : rules_(parts.rules),
        admission_(parts.admission),
        handlers_(parts.rules, parts.backend),
        counter_(parts.stats->AddCounter(CallCounter::Writers::kMany)),
        in_flight_(parts.in_flight) {}

  grpc::Status Fetch(ServerContext* call, const v1::FetchRequest* request, v1::FetchResponse* response) override {
    return Observed(CallMethod::kFetch, call, request, [&] { return handlers_.Fetch({*call}, *request, response); });
  }
  grpc::Status Gather(ServerContext* call, const v1::GatherRequest* request, v1::GatherResponse* response) override {
    return Observed(CallMethod::kGather, call, request, [&] { return handlers_.Gather({*call}, *request, response); });
  }
  grpc::Status Watch(ServerContext* call, const v1::WatchRequest* request,
                     grpc::ServerWriter<v1::WatchResponse>* items) override {
    return Observed(CallMethod::kWatch, call, request, [&] { return handlers_.Watch({*call}, *request, *items); });
  }
  grpc::Status Collect(ServerContext* call, grpc::ServerReader<v1::CollectRequest>* messages,
                       v1::CollectResponse* response) override {
    return Observed(CallMethod::kCollect, call, nullptr,
                    [&] { return handlers_.Collect({*call}, *messages, response); });
  }
  grpc::Status Exchange(ServerContext* call,
                        grpc::ServerReaderWriter<v1::ExchangeResponse, v1::ExchangeRequest>* stream) override {
    return Observed(CallMethod::kExchange, call, nullptr,
                    [&] { return handlers_.Exchange({*call}, *stream, *stream); });
  }
  grpc::Status Compute(ServerContext* call, const v1::ComputeRequest* request, v1::ComputeResponse* response) override {
    return Observed(CallMethod::kCompute, call, request,
                    [&] { return handlers_.Compute({*call}, *request, response); });
  }

 private:
  // `request` is null for a call that reads a stream.
  template <typename Handler>
  grpc::Status Observed(CallMethod method, ServerContext* call, const google::protobuf::Message* request,
                        Handler handler) {
    const async::TimePoint arrived = std::chrono::steady_clock::now();
    const async::InFlightCalls::Entry in_flight(in_flight_, ToString(method).data(), arrived);
    counter_->OnStarted(method);
    CallRecord record{.method = method, .arrived = arrived, .began = arrived};
    const async::Duration before = async::ThreadProcessorTime();
    grpc::Status status = admission_->TryAdmit(call, [&] { return rules_->LeastTime(method, request); });
    const bool admitted = status.ok();
    if (admitted) status = Run(handler);
    record.code = status.error_code();
    record.running = async::ThreadProcessorTime() - before;
    record.ended = std::chrono::steady_clock::now();
    if (admitted) {
      counter_->OnRan({.method = method, .arrived = record.arrived, .begin = record.began, .end = record.ended});
      admission_->OnReturned(call, record.code, record.ended - record.arrived);
    } else {
      record.shed = Admission::ReasonOf(record.code);
    }
    counter_->OnEnded(record);
    return status;
  }

  template <typename Handler>
  grpc::Status Run(Handler& handler) {
    try {
      return handler();
    } catch (const std::exception& exception) {
      counter_->OnException(exception.what());
      return grpc::Status(grpc::StatusCode::INTERNAL, "the handler threw an exception");
    }
  }

  const ServiceRules* const rules_;
  Admission* const admission_;
  BlockingHandlers handlers_;
  CallCounter* const counter_;
  async::InFlightCalls* const in_flight_;
};

class AdminService final : public v1::Admin::Service {
 public:
  explicit AdminService(const ServerStats* stats) : stats_(stats) {}

  grpc::Status GetServerStats(ServerContext* /*call*/, const v1::GetServerStatsRequest* /*request*/,
                              v1::GetServerStatsResponse* response) override {
    stats_->Fill(response);
    return grpc::Status();
  }

 private:
  const ServerStats* stats_;
};

class HealthService final : public grpc::health::v1::Health::Service {
 public:
  explicit HealthService(HealthState* health) : health_(health) {}

  grpc::Status Check(ServerContext* /*call*/, const HealthCheckRequest* request,
                     HealthCheckResponse* response) override {
    return health_->Check(*request, response);
  }

  grpc::Status Watch(ServerContext* call, const HealthCheckRequest* request,
                     grpc::ServerWriter<HealthCheckResponse>* statuses) override {
    HealthState::Look look = health_->LookAt(request->service());
    HealthCheckResponse response;
    for (bool first = true;; first = false) {
      if (first || look.status != response.status()) {
        response.set_status(look.status);
        if (!statuses->Write(response)) return grpc::Status::CANCELLED;
      }
      if (look.stopping) return HealthState::StatusOfStopped();
      if (!health_->WaitForChange(look, [call] { return call->IsCancelled(); })) return grpc::Status::CANCELLED;
      look = health_->LookAt(request->service());
    }
  }

 private:
  HealthState* health_;
};

}  // namespace

class ThreadModel::Services {
 public:
  explicit Services(const ModelParts& parts) : meanwhile_(parts), admin_(parts.stats), health_(parts.health) {}

  void Register(grpc::ServerBuilder* builder) {
    builder->RegisterService(&meanwhile_);
    builder->RegisterService(&admin_);
    builder->RegisterService(&health_);
  }

 private:
  MeanwhileService meanwhile_;
  AdminService admin_;
  HealthService health_;
};

ThreadModel::ThreadModel(const ModelParts& parts) : parts_(parts), services_(std::make_unique<Services>(parts)) {}

ThreadModel::~ThreadModel() = default;

void ThreadModel::Register(grpc::ServerBuilder* builder) {
  services_->Register(builder);
  if (const auto& max_pollers = parts_.options->sync_max_pollers) {
    builder->SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, *max_pollers);
  }
}

}  // namespace meanwhile
