#include "server/model/pool_model.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "async/event_loop.h"
#include "async/served_method.h"
#include "async/server_call.h"
#include "server/model/counting_observer.h"
#include "server/model/health_watch.h"
#include "server/observe/loop_log.h"

namespace meanwhile {
namespace {

using async::CallContext;
using async::Task;

// Health and Admin are asked now and then.
constexpr std::size_t kArmedForFew = 4;

// A stream of a loop's as a thread of the pool sees it: like gRPC's synchronous ones. `stream` outlives it.
template <typename Message>
class PoolReader final : public BlockingHandlers::Reader<Message> {
 public:
  explicit PoolReader(async::ServerReader<Message>* stream) : stream_(stream) {}

  bool Read(Message* message) override { return stream_->ReadBlocking(message); }
  bool NextMessageSize(std::uint32_t* bound) override {
    *bound = std::numeric_limits<std::int32_t>::max();  // As gRPC's own: it has no better one.
    return true;
  }

 private:
  async::ServerReader<Message>* stream_;
};

template <typename Message>
class PoolWriter final : public BlockingHandlers::Writer<Message> {
 public:
  explicit PoolWriter(async::ServerWriter<Message>* stream) : stream_(stream) {}

  using BlockingHandlers::Writer<Message>::Write;
  bool Write(const Message& message, grpc::WriteOptions /*options*/) override {
    return stream_->WriteBlocking(message);
  }

 private:
  async::ServerWriter<Message>* stream_;
};

}  // namespace

// One loop with its thread and the slots of the calls that it takes.
class PoolModel::ServingLoop {
 public:
  ServingLoop(PoolModel* model, std::unique_ptr<grpc::CompletionQueue> queue)
      : model_(model),
        loop_(std::move(queue)),
        observers_({.counter = model->parts_.stats->AddCounter(CallCounter::Writers::kOne),
                    .admission = model->parts_.admission,
                    .rules = model->parts_.rules}) {
    loop_.set_blocked_observer(LogBlockedLoop);
  }

  void Start() {
    ServeUnary();
    ServeStreams();
    ServeOnTheLoop();
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
  }

 private:
  using Meanwhile = v1::Meanwhile::AsyncService;

  // Armed slots take the bursts; how many calls wait for a thread is the pool's to say.
  async::MethodOptions Pooled(CallMethod method, std::size_t armed) {
    return {.name = ToString(method),
            .armed = std::max<std::size_t>(1, armed),
            .pool = &model_->pool_,
            .observer = observers_.of(method),
            .in_flight = model_->parts_.in_flight};
  }
  std::size_t armed() const { return model_->parts_.options->armed; }
  BlockingHandlers& handlers() { return model_->handlers_; }

  void ServeUnary() {
    Serve(model_->meanwhile_, &Meanwhile::RequestFetch, Pooled(CallMethod::kFetch, armed()),
          [this](CallContext& call, const v1::FetchRequest& request, v1::FetchResponse* response) {
            return handlers().Fetch(call.server_context(), request, response);
          });
    Serve(model_->meanwhile_, &Meanwhile::RequestGather, Pooled(CallMethod::kGather, armed() / 4),
          [this](CallContext& call, const v1::GatherRequest& request, v1::GatherResponse* response) {
            return handlers().Gather(call.server_context(), request, response);
          });
    Serve(model_->meanwhile_, &Meanwhile::RequestCompute, Pooled(CallMethod::kCompute, armed() / 4),
          [this](CallContext& call, const v1::ComputeRequest& request, v1::ComputeResponse* response) {
            return handlers().Compute(call.server_context(), request, response);
          });
  }

  void ServeStreams() {
    Serve(model_->meanwhile_, &Meanwhile::RequestWatch, Pooled(CallMethod::kWatch, armed() / 4),
          [this](CallContext& call, const v1::WatchRequest& request, async::ServerWriter<v1::WatchResponse>& stream) {
            PoolWriter<v1::WatchResponse> items(&stream);
            return handlers().Watch(call.server_context(), request, items);
          });
    Serve(model_->meanwhile_, &Meanwhile::RequestCollect, Pooled(CallMethod::kCollect, armed() / 4),
          [this](CallContext& call, async::ServerReader<v1::CollectRequest>& stream, v1::CollectResponse* response) {
            PoolReader<v1::CollectRequest> messages(&stream);
            return handlers().Collect(call.server_context(), messages, response);
          });
    Serve(model_->meanwhile_, &Meanwhile::RequestExchange, Pooled(CallMethod::kExchange, armed() / 4),
          [this](CallContext& call, async::ServerReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>& stream) {
            PoolReader<v1::ExchangeRequest> messages(&stream);
            PoolWriter<v1::ExchangeResponse> answers(&stream);
            return handlers().Exchange(call.server_context(), messages, answers);
          });
  }

  void ServeOnTheLoop() {
    using grpc::health::v1::HealthCheckRequest;
    using grpc::health::v1::HealthCheckResponse;
    Serve(model_->admin_, &v1::Admin::AsyncService::RequestGetServerStats, Unobserved("Admin.GetServerStats"),
          [this](CallContext& /*call*/, const v1::GetServerStatsRequest& /*request*/,
                 v1::GetServerStatsResponse* response) -> Task<grpc::Status> {
            model_->parts_.stats->Fill(response);
            co_return grpc::Status();
          });
    Serve(model_->health_, &grpc::health::v1::Health::AsyncService::RequestCheck, Unobserved("Health.Check"),
          [this](CallContext& /*call*/, const HealthCheckRequest& request, HealthCheckResponse* response)
              -> Task<grpc::Status> { co_return model_->parts_.health->Check(request, response); });
    Serve(model_->health_, &grpc::health::v1::Health::AsyncService::RequestWatch, Unobserved("Health.Watch"),
          [this](CallContext& call, const HealthCheckRequest& request,
                 async::ServerWriter<HealthCheckResponse>& statuses) {
            return WatchHealth(call, *model_->parts_.health, request, statuses);
          });
  }

  static async::MethodOptions Unobserved(std::string_view name) { return {.name = name, .armed = kArmedForFew}; }

  template <typename Service, typename RequestMember, typename Handler>
  void Serve(Service& service, RequestMember request_member, const async::MethodOptions& options, Handler handler) {
    methods_.push_back(async::Serve(loop_, service, request_member, std::move(handler), options));
  }

  PoolModel* const model_;
  async::EventLoop loop_;
  CountingObservers observers_;
  std::vector<std::unique_ptr<async::ServedMethod>> methods_;
  std::thread thread_;
};

PoolModel::PoolModel(const ModelParts& parts)
    : parts_(parts),
      handlers_(parts.rules, parts.backend),
      pool_(parts.options->pool_threads, parts.options->pool_queue) {}

PoolModel::~PoolModel() = default;

void PoolModel::Register(grpc::ServerBuilder* builder) {
  builder->RegisterService(&meanwhile_);
  builder->RegisterService(&admin_);
  builder->RegisterService(&health_);
  for (std::size_t i = 0; i < parts_.options->loops; ++i) {
    loops_.push_back(std::make_unique<ServingLoop>(this, builder->AddCompletionQueue()));
  }
}

void PoolModel::Start() {
  for (auto& loop : loops_) loop->Start();
}

ModelFigures PoolModel::Figures() const {
  ModelFigures figures{.loops = {}, .pool = &pool_};
  for (const auto& loop : loops_) figures.loops.push_back(loop->Figures());
  return figures;
}

void PoolModel::Stop() {
  for (auto& loop : loops_) loop->Stop();
}

}  // namespace meanwhile
