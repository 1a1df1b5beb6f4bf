#include "server/health.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "server/backend/waited.h"

namespace meanwhile {
namespace {

using grpc::health::v1::HealthCheckResponse;

constexpr std::array<std::string_view, 3> kServices = {"", "meanwhile.v1.Meanwhile", "meanwhile.v1.Admin"};

}  // namespace

void HealthState::SetServing(bool serving) {
  const std::lock_guard lock(mutex_);
  if (serving_ == serving) return;
  serving_ = serving;
  OnChanged();
}

void HealthState::Stop() {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  stopping_ = true;
  OnChanged();
}

void HealthState::OnChanged() {
  ++version_;
  for (Listener* listener : listeners_) listener->OnChange();
  listeners_.clear();
  changed_.notify_all();
}

grpc::Status HealthState::Check(const grpc::health::v1::HealthCheckRequest& request,
                                HealthCheckResponse* response) const {
  const Look look = LookAt(request.service());
  if (look.status == HealthCheckResponse::SERVICE_UNKNOWN) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "service " + request.service() + " is not served here");
  }
  response->set_status(look.status);
  return grpc::Status();
}

HealthState::Look HealthState::LookAt(const std::string& service) const {
  const bool known = std::find(kServices.begin(), kServices.end(), service) != kServices.end();
  const std::lock_guard lock(mutex_);
  const ServingStatus own = serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
  return Look{.status = known ? own : HealthCheckResponse::SERVICE_UNKNOWN, .stopping = stopping_, .version = version_};
}

bool HealthState::Subscribe(Listener* listener, const Look& look) {
  const std::lock_guard lock(mutex_);
  if (version_ != look.version) return false;
  listeners_.push_back(listener);
  return true;
}

bool HealthState::Unsubscribe(Listener* listener) {
  const std::lock_guard lock(mutex_);
  return std::erase(listeners_, listener) > 0;
}

bool HealthState::WaitForChange(const Look& look, const std::function<bool()>& give_up) {
  std::unique_lock lock(mutex_);
  const auto has_changed = [&] { return version_ != look.version; };
  bool given_up = false;
  ++blocked_;
  while (!given_up && !changed_.wait_for(lock, BlockingWaitLimit::kLookInterval, has_changed)) {
    lock.unlock();
    given_up = give_up();
    lock.lock();
  }
  --blocked_;
  return !given_up;
}

std::size_t HealthState::watches() const {
  const std::lock_guard lock(mutex_);
  return listeners_.size() + blocked_;
}

grpc::Status HealthState::StatusOfStopped() { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server stops"); }

}  // namespace meanwhile
