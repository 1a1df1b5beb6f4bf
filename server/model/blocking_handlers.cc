#include "server/model/blocking_handlers.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <mutex>
#include <system_error>
#include <utility>

namespace meanwhile {
namespace {

using Clock = std::chrono::steady_clock;

BlockingWaitLimit LimitOf(const BlockedCall& call) {
  return BlockingWaitLimit{.deadline = call.context.deadline(),
                           .cancelled = [&call] { return call.context.IsCancelled(); },
                           .began = call.began};
}

// A Read fails when the client has no more messages, and also when the call has ended.
grpc::Status StatusAtEndOfMessages(const BlockedCall& call) {
  const BlockingWaitLimit limit = LimitOf(call);
  return limit.HasEnded() ? limit.StatusOfEnded() : grpc::Status();
}

}  // namespace

grpc::Status BlockingHandlers::Fetch(const BlockedCall& call, const v1::FetchRequest& request,
                                     v1::FetchResponse* response) {
  PlannedWait wait;
  if (grpc::Status status = rules_->Check(request, call.context, &wait); !status.ok()) return status;
  Waited waited = backend_->WaitBlocking(LimitOf(call), wait);
  if (!waited.ok()) return waited.status;
  ServiceRules::Answer(request, std::move(waited), response);
  return grpc::Status();
}

grpc::Status BlockingHandlers::Gather(const BlockedCall& call, const v1::GatherRequest& request,
                                      v1::GatherResponse* response) {
  std::vector<PlannedWait> waits;
  if (grpc::Status status = rules_->Check(request, call.context, &waits); !status.ok()) return status;
  GatheredWaits gathered(request);
  const Clock::time_point start = Clock::now();
  gathered.at_once() ? WaitAtOnce(call, waits, gathered) : WaitInSequence(call, waits, gathered);
  return gathered.Answer(absl::FromChrono(Clock::now() - start), response);
}

grpc::Status BlockingHandlers::Watch(const BlockedCall& call, const v1::WatchRequest& request,
                                     Writer<v1::WatchResponse>& items) {
  PlannedWait wait;
  if (grpc::Status status = rules_->Check(request, call.context, &wait); !status.ok()) return status;
  v1::WatchResponse item;
  for (std::uint32_t index = 0; index < request.count(); ++index) {
    const Waited waited = backend_->WaitBlocking(LimitOf(call), wait);
    if (!waited.ok()) return waited.status;
    ServiceRules::Answer(request, index, waited, &item);
    if (!items.Write(item)) return LimitOf(call).StatusOfEnded();
  }
  return grpc::Status();
}

grpc::Status BlockingHandlers::Collect(const BlockedCall& call, Reader<v1::CollectRequest>& messages,
                                       v1::CollectResponse* response) {
  v1::CollectRequest message;
  while (messages.Read(&message)) {
    PlannedWait wait;
    if (grpc::Status status = rules_->Check(message, call.context, &wait); !status.ok()) return status;
    const Waited waited = backend_->WaitBlocking(LimitOf(call), wait);
    if (!waited.ok()) return waited.status;
    ServiceRules::Add(message, waited, response);
  }
  return StatusAtEndOfMessages(call);
}

grpc::Status BlockingHandlers::Exchange(const BlockedCall& call, Reader<v1::ExchangeRequest>& messages,
                                        Writer<v1::ExchangeResponse>& answers) {
  v1::ExchangeRequest message;
  v1::ExchangeResponse answer;
  while (messages.Read(&message)) {
    PlannedWait wait;
    if (grpc::Status status = rules_->Check(message, call.context, &wait); !status.ok()) return status;
    const Waited waited = backend_->WaitBlocking(LimitOf(call), wait);
    if (!waited.ok()) return waited.status;
    ServiceRules::Answer(message, waited, &answer);
    if (!answers.Write(answer)) return LimitOf(call).StatusOfEnded();
  }
  return StatusAtEndOfMessages(call);
}

grpc::Status BlockingHandlers::Compute(const BlockedCall& call, const v1::ComputeRequest& request,
                                       v1::ComputeResponse* response) {
  if (grpc::Status status = rules_->Check(request); !status.ok()) return status;
  const BlockingWaitLimit limit = LimitOf(call);
  return ServiceRules::Compute(
      request, [&limit] { return limit.HasEnded() ? limit.ReasonOfEnd() : grpc::StatusCode::OK; }, response);
}

void BlockingHandlers::WaitInSequence(const BlockedCall& call, const std::vector<PlannedWait>& waits,
                                      GatheredWaits& gathered) {
  for (std::size_t i = 0; i < waits.size(); ++i) {
    if (!gathered.Add(i, backend_->WaitBlocking(LimitOf(call), waits[i]))) break;
  }
}

// A thread for each wait; the call's own thread looks after them, since it alone may ask whether the call was
// cancelled. A wait for which the system has no thread fails, and so ends the others where all are wanted.
void BlockingHandlers::WaitAtOnce(const BlockedCall& call, const std::vector<PlannedWait>& waits,
                                  GatheredWaits& gathered) {
  std::atomic<bool> cancelled = false;
  const BlockingWaitLimit limit{
      .deadline = call.context.deadline(), .cancelled = [&cancelled] { return cancelled.load(); }, .began = call.began};
  std::mutex gathered_mutex;
  const auto end = [&](std::size_t i, Waited waited) {
    const std::lock_guard lock(gathered_mutex);
    if (!gathered.Add(i, std::move(waited))) cancelled = true;
  };
  std::vector<std::future<void>> running;
  for (std::size_t i = 0; i < waits.size(); ++i) {
    try {
      running.push_back(std::async(std::launch::async, [&, i] { end(i, backend_->WaitBlocking(limit, waits[i])); }));
    } catch (const std::system_error&) {
      end(i, Waited{.status = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "no thread is left for a wait")});
    }
  }
  for (std::future<void>& one : running) {
    while (one.wait_for(BlockingWaitLimit::kLookInterval) != std::future_status::ready) {
      if (call.context.IsCancelled()) cancelled = true;
    }
    one.get();
  }
}

}  // namespace meanwhile
