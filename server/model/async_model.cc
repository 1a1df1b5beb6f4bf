#include "server/model/async_model.h"

#include <memory>
#include <utility>

#include "server/model/async_handlers.h"
#include "server/model/serving_loop.h"
#include "server/model/unimplemented_calls.h"

namespace meanwhile {

using async::CallContext;

// One loop, with handlers and a backend of its own.
class AsyncModel::Loop {
 public:
  Loop(AsyncModel* model, std::uint64_t number, std::unique_ptr<grpc::CompletionQueue> queue)
      : model_(model),
        loop_(model->parts_, &model->pool_, std::move(queue)),
        backend_(model->parts_.backend, &loop_.loop(), number),
        handlers_(model->parts_.rules, &backend_) {}

  void Start() {
    ServeMethods();
    loop_.ServeHealthAndAdmin(model_->services_);
    unimplemented_ =
        std::make_unique<UnimplementedCalls>(&loop_.loop(), &model_->unimplemented_, ServingLoop::kArmedForFew);
    loop_.Start();
  }

  LoopFigures Figures() const { return loop_.Figures(); }

  void Stop() {
    loop_.Stop();
    unimplemented_.reset();
  }

 private:
  void ServeMethods() {
    using Meanwhile = v1::Meanwhile::AsyncService;
    Meanwhile& service = model_->services_.meanwhile;
    const std::size_t most = model_->parts_.options->armed;
    const std::size_t fewer = most / 4;
    loop_.Serve(service, &Meanwhile::RequestFetch, CallMethod::kFetch, most,
                [this](CallContext& call, const v1::FetchRequest& request, v1::FetchResponse* response) {
                  return handlers_.Fetch(call, request, response);
                });
    loop_.Serve(service, &Meanwhile::RequestGather, CallMethod::kGather, fewer,
                [this](CallContext& call, const v1::GatherRequest& request, v1::GatherResponse* response) {
                  return handlers_.Gather(call, request, response);
                });
    loop_.Serve(
        service, &Meanwhile::RequestWatch, CallMethod::kWatch, fewer,
        [this](CallContext& call, const v1::WatchRequest& request, async::ServerWriter<v1::WatchResponse>& items) {
          return handlers_.Watch(call, request, items);
        });
    loop_.Serve(service, &Meanwhile::RequestCollect, CallMethod::kCollect, fewer,
                [this](CallContext& call, async::ServerReader<v1::CollectRequest>& messages,
                       v1::CollectResponse* response) { return handlers_.Collect(call, messages, response); });
    loop_.Serve(
        service, &Meanwhile::RequestExchange, CallMethod::kExchange, fewer,
        [this](CallContext& call, async::ServerReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>& stream) {
          return handlers_.Exchange(call, stream);
        });
    loop_.Serve(service, &Meanwhile::RequestCompute, CallMethod::kCompute, fewer,
                [this](CallContext& call, const v1::ComputeRequest& request, v1::ComputeResponse* response) {
                  return handlers_.Compute(call, request, response);
                });
  }

  AsyncModel* const model_;
  ServingLoop loop_;
  LoopBackend backend_;
  AsyncHandlers handlers_;
  std::unique_ptr<UnimplementedCalls> unimplemented_;
};

AsyncModel::AsyncModel(const ModelParts& parts)
    : parts_(parts), pool_(parts.options->pool_threads, parts.options->pool_queue) {}

AsyncModel::~AsyncModel() = default;

void AsyncModel::Register(grpc::ServerBuilder* builder) {
  services_.Register(builder);
  builder->RegisterAsyncGenericService(&unimplemented_);
  for (std::size_t i = 0; i < parts_.options->loops; ++i) {
    loops_.push_back(std::make_unique<Loop>(this, i, builder->AddCompletionQueue()));
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
