#include "server/model/health_watch.h"

#include <coroutine>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/mailbox.h"

namespace meanwhile {
namespace {

// `co_await HealthChange(...)`: until something has changed since `look`, or the coroutine is cancelled.
class HealthChange final : private HealthState::Listener,
                           private async::MailboxItem,
                           private async::CancellationCallback {
 public:
  HealthChange(async::EventLoop* loop, HealthState* health, const HealthState::Look& look)
      : loop_(loop), health_(health), look_(look) {}

  bool await_ready() const noexcept { return false; }

  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> caller) {
    const async::CancellationToken token = async::internal::TokenOf(caller);
    if (token.cancelled()) return false;
    resumption_.set_coroutine(caller);
    if (!health_->Subscribe(this, look_)) return false;
    Register(token);
    return true;
  }

  void await_resume() const noexcept {}

 private:
  void OnChange() override { loop_->Post(this); }
  void OnDelivered() override {
    Unregister();
    loop_->Schedule(&resumption_);
  }
  void OnCancel() override {
    if (health_->Unsubscribe(this)) loop_->Schedule(&resumption_);
  }

  async::EventLoop* loop_;
  HealthState* health_;
  HealthState::Look look_;
  async::Resumption resumption_;
};

}  // namespace

async::Task<grpc::Status> WatchHealth(async::CallContext& call, HealthState& health,
                                      const grpc::health::v1::HealthCheckRequest& request,
                                      async::ServerWriter<grpc::health::v1::HealthCheckResponse>& statuses) {
  HealthState::Look look = health.LookAt(request.service());
  grpc::health::v1::HealthCheckResponse response;
  for (bool first = true;; first = false) {
    if (first || look.status != response.status()) {
      response.set_status(look.status);
      if (!co_await statuses.Write(response)) co_return grpc::Status::CANCELLED;
    }
    if (look.stopping) co_return HealthState::StatusOfStopped();
    co_await HealthChange(&call.loop(), &health, look);
    if (call.cancelled()) co_return grpc::Status::CANCELLED;
    look = health.LookAt(request.service());
  }
}

}  // namespace meanwhile
