#include "server/model/pool_model.h"

#include <cstdint>
#include <limits>
#include <memory>

namespace meanwhile {
namespace {

using async::CallContext;

BlockedCall BlockedCallOf(CallContext& call) { return {call.server_context(), call.matched_at_system_time()}; }

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

void PoolModel::ServeOn(ServingLoop& loop) {
  using Meanwhile = v1::Meanwhile::AsyncService;
  Meanwhile& service = services_.meanwhile;
  // Armed slots take the bursts; how many calls wait for a thread is the pool's to say.
  const std::size_t most = parts_.options->armed;
  const std::size_t fewer = most / 4;
  loop.Serve(service, &Meanwhile::RequestFetch, CallMethod::kFetch, most,
             [this](CallContext& call, const v1::FetchRequest& request, v1::FetchResponse* response) {
               return handlers_.Fetch(BlockedCallOf(call), request, response);
             });
  loop.Serve(service, &Meanwhile::RequestGather, CallMethod::kGather, fewer,
             [this](CallContext& call, const v1::GatherRequest& request, v1::GatherResponse* response) {
               return handlers_.Gather(BlockedCallOf(call), request, response);
             });
  loop.Serve(service, &Meanwhile::RequestCompute, CallMethod::kCompute, fewer,
             [this](CallContext& call, const v1::ComputeRequest& request, v1::ComputeResponse* response) {
               return handlers_.Compute(BlockedCallOf(call), request, response);
             });
  loop.Serve(
      service, &Meanwhile::RequestWatch, CallMethod::kWatch, fewer,
      [this](CallContext& call, const v1::WatchRequest& request, async::ServerWriter<v1::WatchResponse>& stream) {
        PoolWriter<v1::WatchResponse> items(&stream);
        return handlers_.Watch(BlockedCallOf(call), request, items);
      });
  loop.Serve(service, &Meanwhile::RequestCollect, CallMethod::kCollect, fewer,
             [this](CallContext& call, async::ServerReader<v1::CollectRequest>& stream, v1::CollectResponse* response) {
               PoolReader<v1::CollectRequest> messages(&stream);
               return handlers_.Collect(BlockedCallOf(call), messages, response);
             });
  loop.Serve(service, &Meanwhile::RequestExchange, CallMethod::kExchange, fewer,
             [this](CallContext& call, async::ServerReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>& stream) {
               PoolReader<v1::ExchangeRequest> messages(&stream);
               PoolWriter<v1::ExchangeResponse> answers(&stream);
               return handlers_.Exchange(BlockedCallOf(call), messages, answers);
             });
}

PoolModel::PoolModel(const ModelParts& parts)
    : parts_(parts),
      handlers_(parts.rules, parts.backend),
      pool_(parts.options->pool_threads, parts.options->pool_queue) {}

PoolModel::~PoolModel() = default;

void PoolModel::Register(grpc::ServerBuilder* builder) {
  services_.Register(builder);
  for (std::size_t i = 0; i < parts_.options->loops; ++i) {
    loops_.push_back(std::make_unique<ServingLoop>(parts_, &pool_, builder->AddCompletionQueue()));
  }
}

void PoolModel::Start() {
  for (auto& loop : loops_) {
    ServeOn(*loop);
    loop->ServeHealthAndAdmin(services_);
    loop->Start();
  }
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
