#include "async/scope.h"

namespace meanwhile::async {

Scope::Scope(EventLoop* loop, const internal::CoroutineContext& owner) : loop_(loop), activity_(owner.activity) {
  source_.LinkTo(owner.token);
}

void Scope::Spawn(Task<void> child) {
  ++running_;
  Run(this, std::move(child));
}

void Scope::Spawn(Task<grpc::Status> child) {
  ++running_;
  Run(this, std::move(child));
}

void Scope::Cancel() {
  unwanted_ = true;
  source_.Cancel();
}

DetachedTask Scope::Run(Scope* scope, Task<void> child) {
  co_await internal::AdoptContext(internal::CoroutineContext{scope->token(), scope->activity_});
  try {
    co_await std::move(child);
  } catch (...) {
    scope->OnThrown(std::current_exception());
  }
  scope->OnChildEnded();
}

DetachedTask Scope::Run(Scope* scope, Task<grpc::Status> child) {
  co_await internal::AdoptContext(internal::CoroutineContext{scope->token(), scope->activity_});
  try {
    const grpc::Status status = co_await std::move(child);
    if (!scope->unwanted_) scope->OnReturned(status);
  } catch (...) {
    scope->OnThrown(std::current_exception());
  }
  scope->OnChildEnded();
}

void Scope::OnChildEnded() {
  if (--running_ == 0 && joining_ != nullptr) loop_->Schedule(std::exchange(joining_, nullptr));
}

void Scope::OnReturned(const grpc::Status& status) {
  if (status.ok()) return;
  if (failure_.ok() && !exception_) failure_ = status;
  source_.Cancel();
}

void Scope::OnThrown(std::exception_ptr exception) {
  if (failure_.ok() && !exception_) exception_ = std::move(exception);
  source_.Cancel();
}

grpc::Status Scope::Result() const {
  if (exception_) std::rethrow_exception(exception_);
  return failure_;
}

}  // namespace meanwhile::async
