#include "server/model/blocking_handlers.h"

#include <atomic>
#include <chrono>
#include <future>

namespace meanwhile {
namespace {

using Clock = std::chrono::steady_clock;

BlockingWaitLimit LimitOf(const grpc::ServerContext& call) {
  return BlockingWaitLimit{call.deadline(), [&call] { return call.IsCancelled(); }};
}

}  // namespace

BlockingHandlers::BlockingHandlers(const ServiceRules* rules, SimulatedBackend* backend)
    : rules_(rules), backend_(backend), draws_(backend->spec(), /*stream=*/0) {}

grpc::Status BlockingHandlers::Fetch(const grpc::ServerContext& call, const v1::FetchRequest& request,
                                     v1::FetchResponse* response) {
  RequestedWait wait;
  if (grpc::Status status = rules_->Check(request, &wait); !status.ok()) return status;
  const Waited waited = Wait(LimitOf(call), wait);
  if (!waited.ok()) return waited.status;
  ServiceRules::Answer(request, waited, response);
  return grpc::Status();
}

grpc::Status BlockingHandlers::Gather(const grpc::ServerContext& call, const v1::GatherRequest& request,
                                      v1::GatherResponse* response) {
  std::vector<RequestedWait> waits;
  if (grpc::Status status = rules_->Check(request, &waits); !status.ok()) return status;
  const Clock::time_point start = Clock::now();
  const bool at_once = request.mode() == v1::GatherRequest::AT_ONCE;
  const std::vector<Waited> waited = at_once ? WaitAtOnce(call, waits) : WaitInSequence(call, waits);
  if (grpc::Status status = ServiceRules::StatusOf(waited); !status.ok()) return status;
  ServiceRules::Answer(waited, absl::FromChrono(Clock::now() - start), response);
  return grpc::Status();
}

grpc::Status BlockingHandlers::Compute(const grpc::ServerContext& call, const v1::ComputeRequest& request,
                                       v1::ComputeResponse* response) {
  if (grpc::Status status = rules_->Check(request); !status.ok()) return status;
  return ServiceRules::Compute(
      request, [&call] { return call.IsCancelled(); }, response);
}

Waited BlockingHandlers::Wait(const BlockingWaitLimit& limit, const RequestedWait& wait) {
  BackendDraw draw;
  {
    const std::lock_guard lock(draws_mutex_);
    draw = rules_->Draw(wait, draws_);
  }
  return backend_->WaitBlocking(limit, draw);
}

std::vector<Waited> BlockingHandlers::WaitInSequence(const grpc::ServerContext& call,
                                                     const std::vector<RequestedWait>& waits) {
  std::vector<Waited> waited;
  for (const RequestedWait& wait : waits) {
    waited.push_back(Wait(LimitOf(call), wait));
    if (!waited.back().ok()) break;
  }
  return waited;
}

// A thread for each wait; the call's own thread looks after them, since it alone may ask whether the call was
// cancelled.
std::vector<Waited> BlockingHandlers::WaitAtOnce(const grpc::ServerContext& call,
                                                 const std::vector<RequestedWait>& waits) {
  std::atomic<bool> cancelled = false;
  const BlockingWaitLimit limit{call.deadline(), [&cancelled] { return cancelled.load(); }};
  std::vector<std::future<Waited>> running;
  for (const RequestedWait& wait : waits) {
    running.push_back(std::async(std::launch::async, [&] {
      Waited waited = Wait(limit, wait);
      if (!waited.ok()) cancelled = true;
      return waited;
    }));
  }
  std::vector<Waited> waited;
  for (std::future<Waited>& one : running) {
    while (one.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready) {
      if (call.IsCancelled()) cancelled = true;
    }
    waited.push_back(one.get());
  }
  return waited;
}

}  // namespace meanwhile
