#include "server/model/async_model.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "async/event_loop.h"
#include "async/served_method.h"
#include "async/server_call.h"
#include "server/model/async_handlers.h"
#include "server/model/counting_observer.h"
#include "server/model/health_watch.h"
#include "server/model/unimplemented_calls.h"
#include "server/observe/loop_log.h"

namespace meanwhile {
namespace {

using async::CallContext;
using async::Task;

// Health and Admin are asked now and then.
constexpr std::size_t kArmedForFew = 4;

}  // namespace

// One loop with its thread and everything that serves calls on it.
class AsyncModel::ServingLoop {
 public:
  ServingLoop(AsyncModel* model, std::uint64_t number, std::unique_ptr<grpc::CompletionQueue> queue)
      : model_(model),
        loop_(std::move(queue)),
        backend_(model->parts_.backend, &loop_, number),
        handlers_(model->parts_.rules, &backend_),
        observers_({.counter = model->parts_.stats->AddCounter(CallCounter::Writers::kOne),
                    .admission = model->parts_.admission,
                    .rules = model->parts_.rules}) {
    loop_.set_blocked_observer(LogBlockedLoop);
  }

  void Start() {
    ArmMethods();
    thread_ = std::thread([this] { loop_.Run(); });
  }

  LoopFigures Figures() const {
    LoopFigures figures{.stats = &loop_.stats(), .methods = {}};
    for (const auto& method : methods_) figures.methods.push_back(method.get());
    return figures;
  }

  void Stop() {
    loop_.Stop();
    thread_.join();
    methods_.clear();
    unimplemented_.reset();
  }

 private:
  void ArmMethods() {
    const std::size_t most = model_->parts_.options->armed;
    const std::size_t fewer = std::max<std::size_t>(1, most / 4);

    Serve(model_->meanwhile_, &MeanwhileService::RequestFetch, Observed(CallMethod::kFetch, most),
          [this](CallContext& call, const v1::FetchRequest& request, v1::FetchResponse* response) {
            return handlers_.Fetch(call, request, response);
          });
    Serve(model_->meanwhile_, &MeanwhileService::RequestGather, Observed(CallMethod::kGather, fewer),
          [this](CallContext& call, const v1::GatherRequest& request, v1::GatherResponse* response) {
            return handlers_.Gather(call, request, response);
          });
    Serve(model_->meanwhile_, &MeanwhileService::RequestWatch, Observed(CallMethod::kWatch, fewer),
          [this](CallContext& call, const v1::WatchRequest& request, async::ServerWriter<v1::WatchResponse>& items) {
            return handlers_.Watch(call, request, items);
          });
    Serve(model_->meanwhile_, &MeanwhileService::RequestCollect, Observed(CallMethod::kCollect, fewer),
          [this](CallContext& call, async::ServerReader<v1::CollectRequest>& messages, v1::CollectResponse* response) {
            return handlers_.Collect(call, messages, response);
          });
    Serve(model_->meanwhile_, &MeanwhileService::RequestExchange, Observed(CallMethod::kExchange, fewer),
          [this](CallContext& call, async::ServerReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>& stream) {
            return handlers_.Exchange(call, stream);
          });
    Serve(model_->meanwhile_, &MeanwhileService::RequestCompute, Observed(CallMethod::kCompute, fewer),
          [this](CallContext& call, const v1::ComputeRequest& request, v1::ComputeResponse* response) {
            return handlers_.Compute(call, request, response);
          });
    Serve(model_->admin_, &v1::Admin::AsyncService::RequestGetServerStats, Unobserved("Admin.GetServerStats"),
          [this](CallContext& /*call*/, const v1::GetServerStatsRequest& /*request*/,
                 v1::GetServerStatsResponse* response) -> Task<grpc::Status> {
            model_->parts_.stats->Fill(response);  // Brief, and not to be shed when the pool is full.
            co_return grpc::Status();
          });
    Serve(model_->health_, &HealthService::RequestCheck, Unobserved("Health.Check"),
          [this](CallContext& /*call*/, const grpc::health::v1::HealthCheckRequest& request,
                 grpc::health::v1::HealthCheckResponse* response) -> Task<grpc::Status> {
            co_return model_->parts_.health->Check(request, response);
          });
    Serve(model_->health_, &HealthService::RequestWatch, Unobserved("Health.Watch"),
          [this](CallContext& call, const grpc::health::v1::HealthCheckRequest& request,
                 async::ServerWriter<grpc::health::v1::HealthCheckResponse>& statuses) {
            return WatchHealth(call, *model_->parts_.health, request, statuses);
          });
    unimplemented_ = std::make_unique<UnimplementedCalls>(&loop_, &model_->unimplemented_, kArmedForFew);
  }

  async::MethodOptions Observed(CallMethod method, std::size_t armed) {
    return {.name = ToString(method),
            .armed = armed,
            .pool = &model_->pool_,
            .observer = observers_.of(method),
            .in_flight = model_->parts_.in_flight};
  }

  static async::MethodOptions Unobserved(std::string_view name) { return {.name = name, .armed = kArmedForFew}; }

  template <typename Service, typename RequestMember, typename Handler>
  void Serve(Service& service, RequestMember request_member, const async::MethodOptions& options, Handler handler) {
    methods_.push_back(async::Serve(loop_, service, request_member, std::move(handler), options));
  }

  AsyncModel* const model_;
  async::EventLoop loop_;
  LoopBackend backend_;
  AsyncHandlers handlers_;
  CountingObservers observers_;
  std::vector<std::unique_ptr<async::ServedMethod>> methods_;
  std::unique_ptr<UnimplementedCalls> unimplemented_;
  std::thread thread_;
};

AsyncModel::AsyncModel(const ModelParts& parts)
    : parts_(parts), pool_(parts.options->pool_threads, parts.options->pool_queue) {}

AsyncModel::~AsyncModel() = default;

void AsyncModel::Register(grpc::ServerBuilder* builder) {
  builder->RegisterService(&meanwhile_);
  builder->RegisterService(&admin_);
  builder->RegisterService(&health_);
  builder->RegisterAsyncGenericService(&unimplemented_);
  for (std::size_t i = 0; i < parts_.options->loops; ++i) {
    loops_.push_back(std::make_unique<ServingLoop>(this, i, builder->AddCompletionQueue()));
  }
}

void AsyncModel::Start() {
  for (auto& loop : loops_) loop->Start();
}

ModelFigures AsyncModel::Figures() const {
  ModelFigures figures{.loops = {}, .pool = &pool_};
  for (const auto& loop : loops_) figures.loops.push_back(loop->Figures());
  return figures;
}

void AsyncModel::Stop() {
  for (auto& loop : loops_) loop->Stop();
}

}  // namespace meanwhile
