// Serving unary calls from a loop: UnaryMethod keeps slots armed for one method on one loop and runs a handler for each
// call that is matched.
//
//   class Greeter {
//    public:
//     async::Task<grpc::Status> Greet(async::CallContext& call, const GreetRequest& request, GreetResponse* response);
//   };
//   auto greet = ServeUnary(loop, service, &GreeterService::AsyncService::RequestGreet,
//                           [&](auto&&... arguments) { return greeter.Greet(arguments...); }, options);
//
// A handler that returns Task<grpc::Status> is a coroutine and runs on the loop. One that returns a plain grpc::Status
// blocks, so it is sent to the thread pool by itself; when the pool is full the call is shed with RESOURCE_EXHAUSTED.
// The signature is all it takes to say which.
//
// A call's life: a slot is armed (RequestXxx); a call is matched to it; another slot is armed in its place before the
// handler runs; the handler returns; Finish sends the response; when Finish and the notice of the call's end have both
// completed, the slot is used again. After warm-up none of this allocates memory of ours: slots, frames and the arena's
// first block are kept.
//
// Cancellation: when the client cancels, disconnects, or the deadline passes, the call's token is cancelled and
// whatever the handler waits for returns at once. The handler's status is then sent to nobody, but is still counted.
//
// Exceptions: one that leaves a handler ends its call with INTERNAL and is told to the observer; the server goes on.
//
// Thread: the loop's, except CallContext::cancelled(), which a handler on the pool may ask.
//
// Lifetime: the service, the handler, the pool and the observer outlive the UnaryMethod; the UnaryMethod outlives the
// loop's Run. To stop: Server::Shutdown (from another thread), then EventLoop::Stop; Run returns when every slot is
// idle.
//
// Invariants:
//  1. A slot is idle, armed or serving; it is idle only when no operation of its is outstanding.
//  2. An armed or serving slot counts as work of the loop, so the completion queue outlives its operations.
//  3. A call never leaves its loop's thread, but for the body of a blocking handler.

#ifndef MEANWHILE_ASYNC_SERVER_CALL_H_
#define MEANWHILE_ASYNC_SERVER_CALL_H_

#include <google/protobuf/arena.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>

#include <array>
#include <atomic>
#include <cassert>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/cancellation.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "async/thread_pool.h"

namespace meanwhile::async {

// One call, as its handler sees it. Lives until the call has ended.
class CallContext {
 public:
  explicit CallContext(EventLoop* loop) : loop_(loop) {}

  EventLoop& loop() { return *loop_; }
  grpc::ServerContext& server_context() { return server_context_; }

  // Any thread. True when nobody waits for the response any more.
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  CancellationToken token() { return CancellationToken(&source_); }

 private:
  template <typename Request, typename Response, typename Service, typename Handler>
  friend class UnaryMethod;

  // Tells the handler, with the reason as its status.
  //
  // The client gives up at the same deadline, and the news of that may be here first: gRPC sends the time that is left
  // rounded up by as much as a hundredth. So a cancel that comes so short before the deadline is taken for the
  // deadline.
  void Cancel() {
    cancelled_.store(true, std::memory_order_relaxed);
    const auto deadline = server_context_.deadline();
    const auto slack = (deadline - matched_at_) / 100 + std::chrono::milliseconds(2);
    const bool expired = deadline - std::chrono::system_clock::now() <= slack;
    source_.Cancel(expired ? grpc::StatusCode::DEADLINE_EXCEEDED : grpc::StatusCode::CANCELLED);
  }

  EventLoop* loop_;
  grpc::ServerContext server_context_;
  CancellationSource source_;
  std::chrono::system_clock::time_point matched_at_;
  std::atomic<bool> cancelled_ = false;
};

// Is told of every call of a loop. Called on the loop's thread.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  virtual void OnStarted() = 0;
  // With the status that was to be sent, whether or not the client was still there.
  virtual void OnFinished(grpc::StatusCode code) = 0;
  // The call was refused because the pool was full. OnFinished follows.
  virtual void OnShed() = 0;
  // An exception left the handler. OnFinished follows.
  virtual void OnException(std::string_view what) = 0;
};

struct UnaryMethodOptions {
  // How many slots are armed at a time, 1 or more. A call that finds none armed waits inside gRPC, behind a lock, so
  // this is the burst that a loop takes without that; each costs about 3 KB.
  std::size_t armed = 256;
  // Runs blocking handlers; needed only for those.
  ThreadPool* pool = nullptr;
  CallObserver* observer = nullptr;
};

template <typename Request, typename Response, typename Service, typename Handler>
class UnaryMethod {
 public:
  using Responder = grpc::ServerAsyncResponseWriter<Response>;
  using RequestMember = void (Service::*)(grpc::ServerContext*, Request*, Responder*, grpc::CompletionQueue*,
                                          grpc::ServerCompletionQueue*, void*);
  using HandlerResult = std::invoke_result_t<Handler&, CallContext&, const Request&, Response*>;
  static constexpr bool kHandlerBlocks = std::same_as<HandlerResult, grpc::Status>;
  static_assert(kHandlerBlocks || std::same_as<HandlerResult, Task<grpc::Status>>,
                "a handler returns Task<grpc::Status> or grpc::Status");

  // Arms at once: the server has been started. On the loop's thread, or before Run.
  UnaryMethod(EventLoop* loop, Service* service, RequestMember request_member, Handler handler,
              const UnaryMethodOptions& options)
      : loop_(loop),
        server_queue_(static_cast<grpc::ServerCompletionQueue*>(loop->queue())),
        service_(service),
        request_member_(request_member),
        handler_(std::move(handler)),
        options_(options) {
    assert(!kHandlerBlocks || options_.pool != nullptr);
    for (std::size_t i = 0; i < options_.armed; ++i) ArmOne();
  }
  UnaryMethod(const UnaryMethod&) = delete;
  UnaryMethod& operator=(const UnaryMethod&) = delete;

  // How many slots were ever made: armed ones and as many as were serving at the busiest moment.
  std::size_t slots() const { return slots_.size(); }

 private:
  class Slot {
   public:
    explicit Slot(UnaryMethod* method) : method_(method), arena_(ArenaIn(&arena_block_)) {}

    void Arm() {
      method_->loop_->AddWork();
      outstanding_ = 1;
      call_.emplace(method_->loop_);
      request_ = google::protobuf::Arena::CreateMessage<Request>(&arena_);
      responder_.emplace(&call_->server_context_);
      call_->server_context_.AsyncNotifyWhenDone(&done_);
      (method_->service_->*method_->request_member_)(&call_->server_context_, request_, &*responder_,
                                                     method_->server_queue_, method_->server_queue_, &matched_);
    }

   private:
    using ArenaBlock = std::array<char, 1024>;

    static google::protobuf::ArenaOptions ArenaIn(ArenaBlock* block) {
      google::protobuf::ArenaOptions options;
      options.initial_block = block->data();
      options.initial_block_size = block->size();
      return options;
    }

    // `ok` is false when the server shuts down: there is no call, and the notice of its end will not come.
    void OnMatched(bool ok) {
      if (!ok) {
        OnOperationEnded();
        return;
      }
      call_->matched_at_ = std::chrono::system_clock::now();
      method_->ArmOne();
      if (method_->options_.observer != nullptr) method_->options_.observer->OnStarted();
      // The operation that has just completed now stands for the handler; the notice of the end is one more.
      ++outstanding_;
      Serve();
    }

    // The call has ended, whichever way; `ok` is always true.
    void OnDone(bool /*ok*/) {
      if (call_->server_context_.IsCancelled()) call_->Cancel();
      OnOperationEnded();
    }

    // `ok` is false when the response could not be sent, because the call was cancelled.
    void OnFinished(bool /*ok*/) { OnOperationEnded(); }

    DetachedTask Serve() {
      co_await AdoptCancellation(call_->token());
      Response* response = google::protobuf::Arena::CreateMessage<Response>(&arena_);
      grpc::Status status;
      try {
        if constexpr (kHandlerBlocks) {
          auto work = [this, response] { return method_->handler_(*call_, *request_, response); };
          std::optional<grpc::Status> result = co_await method_->options_.pool->Run(*method_->loop_, work);
          status = result ? *std::move(result) : StatusOfNotRun();
        } else {
          status = co_await method_->handler_(*call_, *request_, response);
        }
      } catch (const std::exception& exception) {
        status = OnException(exception.what());
      } catch (...) {
        status = OnException("not a std::exception");
      }
      if (method_->options_.observer != nullptr) method_->options_.observer->OnFinished(status.error_code());
      responder_->Finish(*response, status, &finished_);
    }

    // A blocking handler was not run: it was cancelled while it was queued, or there was no room in the queue.
    grpc::Status StatusOfNotRun() {
      if (call_->token().cancelled()) return call_->token().status();
      if (method_->options_.observer != nullptr) method_->options_.observer->OnShed();
      return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the server's thread pool is full");
    }

    grpc::Status OnException(std::string_view what) {
      if (method_->options_.observer != nullptr) method_->options_.observer->OnException(what);
      return grpc::Status(grpc::StatusCode::INTERNAL, "the handler threw an exception");
    }

    void OnOperationEnded() {
      if (--outstanding_ > 0) return;
      responder_.reset();
      call_.reset();
      arena_.Reset();
      method_->idle_.push_back(this);
      method_->loop_->RemoveWork();
    }

    UnaryMethod* method_;
    int outstanding_ = 0;
    MemberOperation<Slot, &Slot::OnMatched> matched_{this};
    MemberOperation<Slot, &Slot::OnDone> done_{this};
    MemberOperation<Slot, &Slot::OnFinished> finished_{this};
    std::optional<CallContext> call_;
    std::optional<Responder> responder_;
    Request* request_ = nullptr;
    alignas(std::max_align_t) ArenaBlock arena_block_;
    google::protobuf::Arena arena_;
  };

  void ArmOne() {
    if (idle_.empty()) {
      slots_.push_back(std::make_unique<Slot>(this));
      idle_.reserve(slots_.capacity());  // So that a slot that becomes idle never has to allocate.
      idle_.push_back(slots_.back().get());
    }
    Slot* slot = idle_.back();
    idle_.pop_back();
    slot->Arm();
  }

  EventLoop* const loop_;
  grpc::ServerCompletionQueue* const server_queue_;
  Service* const service_;
  const RequestMember request_member_;
  Handler handler_;
  const UnaryMethodOptions options_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> idle_;
};

// Makes a UnaryMethod without naming its types. `Base` is where gRPC's generator declared the Request member; `service`
// derives from it.
template <typename Request, typename Response, typename Base, typename Handler>
auto ServeUnary(EventLoop& loop, std::type_identity_t<Base>& service,
                void (Base::*request_member)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                                             grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
                Handler handler, const UnaryMethodOptions& options) {
  return std::make_unique<UnaryMethod<Request, Response, Base, Handler>>(&loop, &service, request_member,
                                                                         std::move(handler), options);
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_SERVER_CALL_H_
