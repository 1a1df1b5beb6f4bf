#include "loadtest/engine/grpc_engine.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "async/event_loop.h"
#include "async/poller.h"
#include "async/timer_queue.h"
#include "loadtest/engine/grpc_stream.h"

namespace meanwhile {
namespace {

class GrpcEngine final : public Engine, private async::Timer {
 public:
  explicit GrpcEngine(const GrpcEngineOptions& options)
      : plan_(options.plan),
        source_(plan_->make_source(*plan_, options.number)),
        options_(options.call),
        timeout_(options.timeout),
        slots_(options.slots) {
    for (const FixedCall& call : plan_->fixed) AssignBuffers(call.messages, &fixed_.emplace_back());
    for (const std::shared_ptr<grpc::Channel>& channel : options.channels) {
      Connection& connection = connections_.emplace_back(channel);
      for (const TargetMethod& method : plan_->methods) {
        // Registered with the channel, so that a call does not encode its path anew.
        connection.methods.emplace_back(method.path.c_str(), /*suffix_for_stats=*/nullptr,
                                        grpc::internal::RpcMethod::NORMAL_RPC, channel);
      }
    }
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i].Prepare(this, i);
  }

  void Run(EngineDriver* driver) override {
    driver_ = driver;
    driver->OnStart();
    loop_.Run();
  }

  std::size_t Send(std::size_t slot) override {
    loop_.AddWork();
    const OutgoingCall call = source_->Next();
    slots_[slot].Send(call);
    return call.method;
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
    explicit Connection(const std::shared_ptr<grpc::Channel>& to) : channel(to), stub(to) {}

    std::shared_ptr<grpc::Channel> channel;
    std::vector<grpc::internal::RpcMethod> methods;  // The plan's.
    grpc::GenericStub stub;                          // For calls that stream.
  };

  class Slot final : public async::Operation, private GrpcStreamOwner {
   public:
    Slot() = default;

    void Prepare(GrpcEngine* engine, std::size_t index) {
      engine_ = engine;
      index_ = index;
      connection_ = &engine->connections_[index % engine->connections_.size()];
    }

    void Send(const OutgoingCall& call) {
      grpc::ClientContext& context = context_.emplace();
      if (engine_->timeout_ < absl::InfiniteDuration()) {
        context.set_deadline(absl::ToChronoTime(absl::Now() + engine_->timeout_));
      }
      for (const auto& [name, value] : engine_->options_.metadata) context.AddMetadata(name, value);
      if (engine_->options_.gzip) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
      if (engine_->options_.wait_for_ready) context.set_wait_for_ready(true);

      const std::vector<grpc::ByteBuffer>* messages = &own_messages_;
      if (call.fixed != OutgoingCall::kNotFixed) {
        messages = &engine_->fixed_[call.fixed];
      } else {
        AssignBuffers(call.messages, &own_messages_);
      }
      const TargetMethod& method = engine_->plan_->methods[call.method];
      if (method.kind != CallKind::kUnary) return SendStream(method, messages);
      auto* reader = grpc::internal::ClientAsyncResponseReaderHelper::Create<grpc::ByteBuffer>(
          connection_->channel.get(), engine_->loop_.queue(), connection_->methods[call.method], &context,
          messages->front());
      reader->StartCall();
      reader->Finish(&response_, &status_, static_cast<async::Operation*>(this));
    }

    void Cancel() {
      if (context_) context_->TryCancel();
    }

   private:
    void SendStream(const TargetMethod& method, const std::vector<grpc::ByteBuffer>* messages) {
      if (stream_ == nullptr) {
        stream_ = std::make_unique<GrpcStream>(&engine_->loop_, static_cast<GrpcStreamOwner*>(this));
      }
      streams_to_server_ = StreamsToServer(method.kind);
      const StreamOptions& options = engine_->options_.stream;
      stream_->Start(&connection_->stub, method.path, &*context_,
                     {.messages = messages,
                      .count = options.MessagesOf(method.kind, messages->size()),
                      .interval = streams_to_server_ ? options.interval : std::chrono::nanoseconds(0)});
    }

    // `ok` is always true: the status tells everything.
    void OnComplete(bool /*ok*/) override {
      if (status_.ok()) OnMessage(&response_);
      response_.Clear();
      OnEnded(std::exchange(status_, grpc::Status()));
    }

    void OnMessage(grpc::ByteBuffer* message) override {
      grpc::Slice bytes;
      if (!message->DumpToSingleSlice(&bytes).ok()) return;
      engine_->driver_->OnMessage(index_, {reinterpret_cast<const char*>(bytes.begin()), bytes.size()});
    }
    void OnMessageSent() override {
      if (streams_to_server_) engine_->driver_->OnMessageSent(index_);
    }
    void OnEnded(const grpc::Status& status) override {
      context_.reset();
      engine_->loop_.RemoveWork();
      // A server may send a number that is no status code; gRPC hands it on.
      const int code = status.error_code();
      const absl::StatusCode known =
          code >= 0 && code <= 16 ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown;
      engine_->driver_->OnCallEnded(index_, {known, status.error_message(), status.error_details()});
    }

    GrpcEngine* engine_ = nullptr;
    std::size_t index_ = 0;
    Connection* connection_ = nullptr;
    std::optional<grpc::ClientContext> context_;
    grpc::ByteBuffer response_;
    grpc::Status status_;
    std::vector<grpc::ByteBuffer> own_messages_;  // Of a call that is not fixed.
    std::unique_ptr<GrpcStream> stream_;          // Once it has had a call that streams.
    bool streams_to_server_ = false;
  };

  static void AssignBuffers(absl::Span<const std::string> messages, std::vector<grpc::ByteBuffer>* buffers) {
    buffers->clear();
    for (const std::string& message : messages) {
      const grpc::Slice slice(message);
      buffers->emplace_back(&slice, 1);
    }
  }

  void OnTimer() override { driver_->OnTimer(); }

  const std::shared_ptr<const CallPlan> plan_;
  const std::unique_ptr<CallSource> source_;
  const CallOptions options_;
  const absl::Duration timeout_;
  std::vector<std::vector<grpc::ByteBuffer>> fixed_;  // The messages of the plan's fixed calls.
  async::EventLoop loop_;
  std::deque<Connection> connections_;
  std::vector<Slot> slots_;
  EngineDriver* driver_ = nullptr;
};

}  // namespace

std::unique_ptr<Engine> MakeGrpcEngine(const GrpcEngineOptions& options) {
  return std::make_unique<GrpcEngine>(options);
}

}  // namespace meanwhile
