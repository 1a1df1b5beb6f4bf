#include "loadtest/grpc_engine.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <optional>
#include <utility>

#include "async/event_loop.h"
#include "async/poller.h"
#include "async/timer_queue.h"

namespace meanwhile {
namespace {

class GrpcEngine final : public Engine, private async::Timer {
 public:
  explicit GrpcEngine(const GrpcEngineOptions& options)
      : path_(options.method),
        request_slice_(options.request),
        request_(&request_slice_, 1),
        timeout_(options.timeout),
        slots_(options.slots) {
    for (const std::shared_ptr<grpc::Channel>& channel : options.channels) {
      // Registered with the channel, so that a call does not encode its path anew.
      connections_.push_back({channel, grpc::internal::RpcMethod(path_.c_str(), /*suffix_for_stats=*/nullptr,
                                                                 grpc::internal::RpcMethod::NORMAL_RPC, channel)});
    }
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].Prepare(this, i);
  }

  void Run(EngineDriver* driver) override {
    driver_ = driver;
    driver->OnStart();
    loop_.Run();
  }

  void Send(std::size_t slot) override {
    loop_.AddWork();
    slots_[slot].Send();
  }

  void CancelCalls() override {
    for (Slot& slot : slots_) slot.Cancel();
  }

  void SetTimer(LoadTime due) override {
    loop_.timers().Remove(this);
    loop_.timers().Add(this, due);
  }

  void Stop() override {
    loop_.timers().Remove(this);
    loop_.Stop();
  }

 private:
  struct Connection {
    std::shared_ptr<grpc::Channel> channel;
    grpc::internal::RpcMethod method;
  };

  class Slot final : public async::Operation {
   public:
    Slot() = default;

    void Prepare(GrpcEngine* engine, std::size_t index) {
      engine_ = engine;
      index_ = index;
      connection_ = &engine->connections_[index % engine->connections_.size()];
    }

    void Send() {
      grpc::ClientContext& context = context_.emplace();
      if (engine_->timeout_ < absl::InfiniteDuration()) {
        context.set_deadline(absl::ToChronoTime(absl::Now() + engine_->timeout_));
      }
      auto* reader = grpc::internal::ClientAsyncResponseReaderHelper::Create<grpc::ByteBuffer>(
          connection_->channel.get(), engine_->loop_.queue(), connection_->method, &context, engine_->request_);
      reader->StartCall();
      reader->Finish(&response_, &status_, static_cast<async::Operation*>(this));
    }

    void Cancel() {
      if (context_) context_->TryCancel();
    }

   private:
    // `ok` is always true: the status tells everything.
    void OnComplete(bool /*ok*/) override {
      context_.reset();
      grpc::Slice message;
      if (status_.ok() && response_.DumpToSingleSlice(&message).ok()) {
        engine_->driver_->OnMessage(index_, {reinterpret_cast<const char*>(message.begin()), message.size()});
      }
      response_.Clear();
      engine_->loop_.RemoveWork();
      // A server may send a number that is no status code; gRPC hands it on.
      const int code = status_.error_code();
      const absl::StatusCode known =
          code >= 0 && code <= 16 ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown;
      const grpc::Status status = std::exchange(status_, grpc::Status());
      engine_->driver_->OnCallEnded(index_, {known, status.error_message(), status.error_details()});
    }

    GrpcEngine* engine_ = nullptr;
    std::size_t index_ = 0;
    Connection* connection_ = nullptr;
    std::optional<grpc::ClientContext> context_;
    grpc::ByteBuffer response_;
    grpc::Status status_;
  };

  void OnTimer() override { driver_->OnTimer(); }

  const std::string path_;
  const grpc::Slice request_slice_;
  const grpc::ByteBuffer request_;
  const absl::Duration timeout_;
  async::EventLoop loop_;
  std::vector<Connection> connections_;
  std::vector<Slot> slots_;
  EngineDriver* driver_ = nullptr;
};

}  // namespace

std::unique_ptr<Engine> MakeGrpcEngine(const GrpcEngineOptions& options) {
  return std::make_unique<GrpcEngine>(options);
}

}  // namespace meanwhile
