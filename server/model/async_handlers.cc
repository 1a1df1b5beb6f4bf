#include "server/model/async_handlers.h"

#include <utility>
#include <vector>

#include "async/when_all.h"

namespace meanwhile {

using async::CallContext;
using async::Task;

namespace {

// Of a call whose message could not be written: it has ended, and the news of why may be a moment behind.
grpc::Status StatusOfEnded(const CallContext& call) { return grpc::Status(call.ReasonOfEnd(), "the call has ended"); }

}  // namespace

Task<grpc::Status> AsyncHandlers::Fetch(CallContext& call, const v1::FetchRequest& request,
                                        v1::FetchResponse* response) {
  PlannedWait wait;
  if (grpc::Status status = rules_->Check(request, call.server_context(), &wait); !status.ok()) co_return status;
  Waited waited = co_await backend_->Wait(wait);
  if (!waited.ok()) co_return waited.status;
  ServiceRules::Answer(request, std::move(waited), response);
  co_return grpc::Status();
}

Task<grpc::Status> AsyncHandlers::Gather(CallContext& call, const v1::GatherRequest& request,
                                         v1::GatherResponse* response) {
  std::vector<PlannedWait> waits;
  if (grpc::Status status = rules_->Check(request, call.server_context(), &waits); !status.ok()) co_return status;
  GatheredWaits gathered(request);
  const async::TimePoint start = call.loop().Now();
  Task<> waiting = gathered.at_once() ? WaitAtOnce(call, waits, gathered) : WaitInSequence(waits, gathered);
  co_await std::move(waiting);
  co_return gathered.Answer(absl::FromChrono(call.loop().Now() - start), response);
}

Task<grpc::Status> AsyncHandlers::Watch(CallContext& call, const v1::WatchRequest& request,
                                        async::ServerWriter<v1::WatchResponse>& items) {
  PlannedWait wait;
  if (grpc::Status status = rules_->Check(request, call.server_context(), &wait); !status.ok()) co_return status;
  v1::WatchResponse item;
  for (std::uint32_t index = 0; index < request.count(); ++index) {
    const Waited waited = co_await backend_->Wait(wait);
    if (!waited.ok()) co_return waited.status;
    ServiceRules::Answer(request, index, waited, &item);
    if (!co_await items.Write(item)) co_return StatusOfEnded(call);
  }
  co_return grpc::Status();
}

Task<grpc::Status> AsyncHandlers::Collect(CallContext& call, async::ServerReader<v1::CollectRequest>& messages,
                                          v1::CollectResponse* response) {
  v1::CollectRequest message;
  while (co_await messages.Read(&message)) {
    PlannedWait wait;
    if (grpc::Status status = rules_->Check(message, call.server_context(), &wait); !status.ok()) co_return status;
    const Waited waited = co_await backend_->Wait(wait);
    if (!waited.ok()) co_return waited.status;
    ServiceRules::Add(message, waited, response);
  }
  co_return grpc::Status();
}

Task<grpc::Status> AsyncHandlers::Exchange(
    CallContext& call, async::ServerReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>& stream) {
  v1::ExchangeRequest message;
  v1::ExchangeResponse answer;
  while (co_await stream.Read(&message)) {
    PlannedWait wait;
    if (grpc::Status status = rules_->Check(message, call.server_context(), &wait); !status.ok()) co_return status;
    const Waited waited = co_await backend_->Wait(wait);
    if (!waited.ok()) co_return waited.status;
    ServiceRules::Answer(message, waited, &answer);
    if (!co_await stream.Write(answer)) co_return StatusOfEnded(call);
  }
  co_return grpc::Status();
}

grpc::Status AsyncHandlers::Compute(CallContext& call, const v1::ComputeRequest& request,
                                    v1::ComputeResponse* response) {
  if (grpc::Status status = rules_->Check(request); !status.ok()) return status;
  return ServiceRules::Compute(
      request, [&call] { return call.cancelled() ? call.ReasonOfEnd() : grpc::StatusCode::OK; }, response);
}

Task<> AsyncHandlers::WaitInSequence(const std::vector<PlannedWait>& waits, GatheredWaits& gathered) {
  for (std::size_t i = 0; i < waits.size(); ++i) {
    if (!gathered.Add(i, co_await backend_->Wait(waits[i]))) break;
  }
}

// WhenAll cancels the others as soon as one says that they are not wanted any more.
Task<> AsyncHandlers::WaitAtOnce(CallContext& call, const std::vector<PlannedWait>& waits, GatheredWaits& gathered) {
  std::vector<Task<OthersAreWanted>> tasks;
  for (std::size_t i = 0; i < waits.size(); ++i) tasks.push_back(WaitAsOne(waits[i], i, gathered));
  co_await async::WhenAll(call.loop(), std::move(tasks));
}

Task<AsyncHandlers::OthersAreWanted> AsyncHandlers::WaitAsOne(const PlannedWait& wait, std::size_t index,
                                                              GatheredWaits& gathered) {
  co_return OthersAreWanted{gathered.Add(index, co_await backend_->Wait(wait))};
}

}  // namespace meanwhile
