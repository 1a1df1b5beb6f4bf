#include "server/backend/backend.h"

#include <algorithm>

namespace meanwhile {
namespace {

// What a simulated wait asks for; null for the server's own backend. Of the other kinds it is not asked.
const BackendSpec* SpecOf(const PlannedWait& wait) { return std::get_if<BackendSpec>(&wait); }

bool IsSimulated(const PlannedWait& wait) {
  return std::holds_alternative<OwnBackend>(wait) || std::holds_alternative<BackendSpec>(wait);
}

Waited NotServed() { return {.status = grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "not served yet")}; }

async::Task<Waited> NotServedTask() { co_return NotServed(); }

}  // namespace

absl::StatusOr<std::unique_ptr<Backend>> Backend::Open(const ServerOptions& options) {
  std::unique_ptr<Backend> backend(new Backend(options));
  return backend;
}

Backend::Backend(const ServerOptions& options)
    : max_wait_(options.max_wait), simulated_(options.backend), draws_(options.backend, /*stream=*/0) {
  if (!options.remote.empty()) remote_.emplace(options.remote);
}

BackendDraw Backend::Draw(const BackendSpec* spec, BackendDraws& draws) const {
  if (spec == nullptr) return draws.Next();
  BackendDraw draw = draws.Next(*spec);
  draw.latency = std::min(draw.latency, max_wait_);
  return draw;
}

Waited Backend::WaitBlocking(const BlockingWaitLimit& limit, const PlannedWait& wait) {
  if (IsSimulated(wait)) {
    std::unique_lock lock(draws_mutex_);
    const BackendDraw draw = Draw(SpecOf(wait), draws_);
    lock.unlock();
    return simulated_.WaitBlocking(limit, draw);
  }
  if (const auto* call = std::get_if<RemoteCall>(&wait)) return remote_->WaitBlocking(limit, *call);
  return NotServed();
}

LoopBackend::LoopBackend(Backend* backend, async::EventLoop* loop, std::uint64_t stream)
    : backend_(backend), loop_(loop), draws_(backend->simulated_.spec(), stream) {
  if (backend->remote_) remote_ = backend->remote_->NewStub();
}

// Not a coroutine: hands on the task of whoever does the waiting, without a frame of its own.
async::Task<Waited> LoopBackend::Wait(const PlannedWait& wait) {
  if (IsSimulated(wait)) return backend_->simulated_.Wait(*loop_, backend_->Draw(SpecOf(wait), draws_));
  if (const auto* call = std::get_if<RemoteCall>(&wait)) return backend_->remote_->Wait(*loop_, *remote_, *call);
  return NotServedTask();
}

}  // namespace meanwhile
