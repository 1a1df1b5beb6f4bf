#include "server/model/blocking_handlers.h"

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <utility>

namespace meanwhile {
namespace {

using Clock = std::chrono::steady_clock;

BlockingWaitLimit LimitOf(const grpc::ServerContext& call) {
  return BlockingWaitLimit{call.deadline(), [&call] { return call.IsCancelled(); }};
}

}  // namespace

grpc::Status BlockingHandlers::Fetch(const grpc::ServerContext& call, const v1::FetchRequest& request,
                                     v1::FetchResponse* response) {
  PlannedWait wait;
  if (grpc::Status status = rules_->Check(request, call, &wait); !status.ok()) return status;
  Waited waited = backend_->WaitBlocking(LimitOf(call), wait);
  if (!waited.ok()) return waited.status;
  ServiceRules::Answer(request, std::move(waited), response);
  return grpc::Status();
}

grpc::Status BlockingHandlers::Gather(const grpc::ServerContext& call, const v1::GatherRequest& request,
                                      v1::GatherResponse* response) {
  std::vector<PlannedWait> waits;
  if (grpc::Status status = rules_->Check(request, call, &waits); !status.ok()) return status;
  GatheredWaits gathered(request);
  const Clock::time_point start = Clock::now();
  gathered.at_once() ? WaitAtOnce(call, waits, gathered) : WaitInSequence(call, waits, gathered);
  return gathered.Answer(absl::FromChrono(Clock::now() - start), response);
}

grpc::Status BlockingHandlers::Compute(const grpc::ServerContext& call, const v1::ComputeRequest& request,
                                       v1::ComputeResponse* response) {
  if (grpc::Status status = rules_->Check(request); !status.ok()) return status;
  return ServiceRules::Compute(
      request, [&call] { return call.IsCancelled(); }, response);
}

void BlockingHandlers::WaitInSequence(const grpc::ServerContext& call, const std::vector<PlannedWait>& waits,
                                      GatheredWaits& gathered) {
  for (std::size_t i = 0; i < waits.size(); ++i) {
    if (!gathered.Add(i, backend_->WaitBlocking(LimitOf(call), waits[i]))) break;
  }
}

// A thread for each wait; the call's own thread looks after them, since it alone may ask whether the call was
// cancelled.
void BlockingHandlers::WaitAtOnce(const grpc::ServerContext& call, const std::vector<PlannedWait>& waits,
                                  GatheredWaits& gathered) {
  std::atomic<bool> cancelled = false;
  const BlockingWaitLimit limit{call.deadline(), [&cancelled] { return cancelled.load(); }};
  std::mutex gathered_mutex;
  std::vector<std::future<void>> running;
  for (std::size_t i = 0; i < waits.size(); ++i) {
    running.push_back(std::async(std::launch::async, [&, i] {
      Waited waited = backend_->WaitBlocking(limit, waits[i]);
      const std::lock_guard lock(gathered_mutex);
      if (!gathered.Add(i, std::move(waited))) cancelled = true;
    }));
  }
  for (std::future<void>& one : running) {
    while (one.wait_for(BlockingWaitLimit::kLookInterval) != std::future_status::ready) {
      if (call.IsCancelled()) cancelled = true;
    }
    one.get();
  }
}

}  // namespace meanwhile
