#include "server/model/async_handlers.h"

#include <utility>
#include <vector>

#include "async/when_all.h"

namespace meanwhile {

using async::CallContext;
using async::Task;

AsyncHandlers::AsyncHandlers(const ServiceRules* rules, SimulatedBackend* backend, std::uint64_t stream)
    : rules_(rules), backend_(backend), draws_(backend->spec(), stream) {}

Task<grpc::Status> AsyncHandlers::Fetch(CallContext& call, const v1::FetchRequest& request,
                                        v1::FetchResponse* response) {
  RequestedWait wait;
  if (grpc::Status status = rules_->Check(request, &wait); !status.ok()) co_return status;
  const Waited waited = co_await Wait(call, wait);
  if (!waited.ok()) co_return waited.status;
  ServiceRules::Answer(request, waited, response);
  co_return grpc::Status();
}

Task<grpc::Status> AsyncHandlers::Gather(CallContext& call, const v1::GatherRequest& request,
                                         v1::GatherResponse* response) {
  std::vector<RequestedWait> waits;
  if (grpc::Status status = rules_->Check(request, &waits); !status.ok()) co_return status;
  const async::TimePoint start = call.loop().Now();
  const bool at_once = request.mode() == v1::GatherRequest::AT_ONCE;
  Task<std::vector<Waited>> waiting = at_once ? WaitAtOnce(call, waits) : WaitInSequence(call, waits);
  const std::vector<Waited> waited = co_await std::move(waiting);
  if (grpc::Status status = ServiceRules::StatusOf(waited); !status.ok()) co_return status;
  ServiceRules::Answer(waited, absl::FromChrono(call.loop().Now() - start), response);
  co_return grpc::Status();
}

grpc::Status AsyncHandlers::Compute(CallContext& call, const v1::ComputeRequest& request,
                                    v1::ComputeResponse* response) {
  if (grpc::Status status = rules_->Check(request); !status.ok()) return status;
  return ServiceRules::Compute(
      request, [&call] { return call.cancelled(); }, response);
}

Task<Waited> AsyncHandlers::Wait(CallContext& call, const RequestedWait& wait) {
  return backend_->Wait(call.loop(), rules_->Draw(wait, draws_));
}

Task<std::vector<Waited>> AsyncHandlers::WaitInSequence(CallContext& call, const std::vector<RequestedWait>& waits) {
  std::vector<Waited> waited;
  for (const RequestedWait& wait : waits) {
    waited.push_back(co_await Wait(call, wait));
    if (!waited.back().ok()) break;
  }
  co_return waited;
}

Task<std::vector<Waited>> AsyncHandlers::WaitAtOnce(CallContext& call, const std::vector<RequestedWait>& waits) {
  std::vector<Task<Waited>> tasks;
  for (const RequestedWait& wait : waits) tasks.push_back(Wait(call, wait));
  co_return co_await async::WhenAll(call.loop(), std::move(tasks));
}

}  // namespace meanwhile
