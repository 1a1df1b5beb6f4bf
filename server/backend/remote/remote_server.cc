#include "server/backend/remote/remote_server.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "async/client_call.h"
#include "client/channel_pool.h"
#include "server/backend/remote/hops.h"

namespace meanwhile {
namespace {

v1::FetchRequest RequestOf(const RemoteCall& call) {
  v1::FetchRequest request;
  if (call.wait->has_wait()) *request.mutable_wait() = call.wait->wait();
  return request;
}

void HandOn(const RemoteCall& call, grpc::ClientContext* context) {
  context->set_deadline(call.deadline);
  context->AddMetadata(kHopsMetadata, absl::StrCat(call.hops));
}

}  // namespace

RemoteServer::RemoteServer(const std::string& target, const Credentials& credentials)
    : target_(target), credentials_(credentials), blocking_stub_(NewStub()) {}

std::unique_ptr<v1::Meanwhile::Stub> RemoteServer::NewStub() const {
  return v1::Meanwhile::NewStub(ChannelPool({.target = target_, .credentials = credentials_}).channel(0));
}

grpc::Status RemoteServer::StatusOf(const grpc::Status& status) const {
  if (status.ok()) return status;
  return grpc::Status(status.error_code(), absl::StrCat("remote ", target_, ": ", status.error_message()));
}

async::Task<Waited> RemoteServer::Wait(async::EventLoop& loop, v1::Meanwhile::Stub& stub,
                                       const RemoteCall& call) const {
  const async::TimePoint start = loop.Now();
  grpc::ClientContext context;
  HandOn(call, &context);
  const v1::FetchRequest request = RequestOf(call);
  v1::FetchResponse response;
  grpc::Status status =
      co_await async::CallUnary(loop, stub, &v1::Meanwhile::Stub::PrepareAsyncFetch, context, request, &response);
  const async::CancellationToken token = co_await async::CurrentCancellation();
  status = token.cancelled() ? token.status() : StatusOf(status);
  co_return Waited{.status = std::move(status),
                   .elapsed = absl::FromChrono(loop.Now() - start),
                   .value = std::move(*response.mutable_value())};
}

// An asynchronous call with a queue of its own, which is what a synchronous one is inside; but this one can look
// whether it is still wanted.
Waited RemoteServer::WaitBlocking(const BlockingWaitLimit& limit, const RemoteCall& call) const {
  const auto start = std::chrono::steady_clock::now();
  grpc::ClientContext context;
  HandOn(call, &context);
  const v1::FetchRequest request = RequestOf(call);
  v1::FetchResponse response;
  grpc::Status status;
  grpc::CompletionQueue queue;
  const auto reader = blocking_stub_->AsyncFetch(&context, request, &queue);
  reader->Finish(&response, &status, /*tag=*/nullptr);
  void* tag = nullptr;
  bool ok = false;
  bool cancelled = false;
  while (queue.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + BlockingWaitLimit::kLookInterval) ==
         grpc::CompletionQueue::TIMEOUT) {
    if (cancelled || !limit.cancelled()) continue;
    cancelled = true;
    context.TryCancel();
  }
  return Waited{.status = cancelled ? limit.StatusOfEnded() : StatusOf(status),
                .elapsed = absl::FromChrono(std::chrono::steady_clock::now() - start),
                .value = std::move(*response.mutable_value())};
}

}  // namespace meanwhile
