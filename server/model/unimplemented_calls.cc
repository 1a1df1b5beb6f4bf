#include "server/model/unimplemented_calls.h"

#include <grpcpp/server_context.h>

namespace meanwhile {

class UnimplementedCalls::Slot {
 public:
  Slot(async::EventLoop* loop, grpc::AsyncGenericService* service) : loop_(loop), service_(service) { Arm(); }

 private:
  void Arm() {
    loop_->AddWork();
    context_.emplace();
    stream_.emplace(&*context_);
    auto* queue = static_cast<grpc::ServerCompletionQueue*>(loop_->queue());
    service_->RequestCall(&*context_, &*stream_, queue, queue, &matched_);
  }

  // `ok` is false when the server shuts down.
  void OnMatched(bool ok) {
    if (ok) {
      stream_->Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, ""), &finished_);
    } else {
      loop_->RemoveWork();
    }
  }

  void OnFinished(bool /*ok*/) {
    stream_.reset();
    context_.reset();
    Arm();
    loop_->RemoveWork();
  }

  async::EventLoop* loop_;
  grpc::AsyncGenericService* service_;
  async::MemberOperation<Slot, &Slot::OnMatched> matched_{this};
  async::MemberOperation<Slot, &Slot::OnFinished> finished_{this};
  std::optional<grpc::GenericServerContext> context_;
  std::optional<grpc::GenericServerAsyncReaderWriter> stream_;
};

UnimplementedCalls::UnimplementedCalls(async::EventLoop* loop, grpc::AsyncGenericService* service, int armed) {
  for (int i = 0; i < armed; ++i) slots_.push_back(std::make_unique<Slot>(loop, service));
}

UnimplementedCalls::~UnimplementedCalls() = default;

}  // namespace meanwhile
