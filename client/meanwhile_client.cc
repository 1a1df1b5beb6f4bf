#include "client/meanwhile_client.h"

#include <grpcpp/client_context.h>

#include <type_traits>

#include "async/client_call.h"

namespace meanwhile {
namespace {

// `prepare` is the stub's PrepareAsyncXxx.
template <typename Stub, typename Request, typename Response>
async::Task<grpc::Status> Call(async::EventLoop& loop, Stub& stub,
                               std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*prepare)(
                                   grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
                               const std::type_identity_t<Request>& request, std::type_identity_t<Response>* response,
                               CallOptions options) {
  grpc::ClientContext context;
  if (options.timeout < absl::InfiniteDuration()) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + options.timeout));
  }
  co_return co_await async::CallUnary(loop, stub, prepare, context, request, response);
}

}  // namespace

MeanwhileClient::MeanwhileClient(async::EventLoop* loop, const ChannelPool& pool) : loop_(loop) {
  for (std::size_t i = 0; i < pool.size(); ++i) {
    const std::shared_ptr<grpc::Channel>& channel = pool.channel(i);
    stubs_.push_back(
        {v1::Meanwhile::NewStub(channel), v1::Admin::NewStub(channel), grpc::health::v1::Health::NewStub(channel)});
  }
}

MeanwhileClient::Stubs& MeanwhileClient::NextStubs() {
  Stubs& stubs = stubs_[next_];
  next_ = (next_ + 1) % stubs_.size();
  return stubs;
}

async::Task<grpc::Status> MeanwhileClient::Fetch(const v1::FetchRequest& request, v1::FetchResponse* response,
                                                 CallOptions options) {
  return Call(*loop_, *NextStubs().meanwhile, &v1::Meanwhile::Stub::PrepareAsyncFetch, request, response, options);
}

async::Task<grpc::Status> MeanwhileClient::Gather(const v1::GatherRequest& request, v1::GatherResponse* response,
                                                  CallOptions options) {
  return Call(*loop_, *NextStubs().meanwhile, &v1::Meanwhile::Stub::PrepareAsyncGather, request, response, options);
}

async::Task<grpc::Status> MeanwhileClient::Compute(const v1::ComputeRequest& request, v1::ComputeResponse* response,
                                                   CallOptions options) {
  return Call(*loop_, *NextStubs().meanwhile, &v1::Meanwhile::Stub::PrepareAsyncCompute, request, response, options);
}

async::Task<grpc::Status> MeanwhileClient::GetServerStats(const v1::GetServerStatsRequest& request,
                                                          v1::GetServerStatsResponse* response, CallOptions options) {
  return Call(*loop_, *NextStubs().admin, &v1::Admin::Stub::PrepareAsyncGetServerStats, request, response, options);
}

async::Task<grpc::Status> MeanwhileClient::Check(const grpc::health::v1::HealthCheckRequest& request,
                                                 grpc::health::v1::HealthCheckResponse* response, CallOptions options) {
  return Call(*loop_, *NextStubs().health, &grpc::health::v1::Health::Stub::PrepareAsyncCheck, request, response,
              options);
}

}  // namespace meanwhile
