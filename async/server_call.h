// Serving calls from a loop: Serve keeps slots armed for one method on one loop and runs a handler for each call that
// is matched. It takes methods of all four kinds, by the type of their Request member:
//
//   Task<grpc::Status> Greet(CallContext&, const GreetRequest&, GreetResponse*);             // unary
//   Task<grpc::Status> Count(CallContext&, const CountRequest&, ServerWriter<Number>&);      // server streaming
//   Task<grpc::Status> Sum(CallContext&, ServerReader<Number>&, SumResponse*);               // client streaming
//   Task<grpc::Status> Chat(CallContext&, ServerReaderWriter<Message, Message>&);            // bidirectional
//
//   auto greet = Serve(loop, service, &GreeterService::AsyncService::RequestGreet, Greet, options);
//
// A handler that returns Task<grpc::Status> is a coroutine and runs on the loop. One that returns a plain grpc::Status
// blocks, so it is sent to the thread pool by itself; when that refuses it the call is shed with RESOURCE_EXHAUSTED.
// The signature is all it takes to say which. (A stream has calls for such a handler: WriteBlocking instead of Write.)
//
// A call's life: a slot is armed (RequestXxx); a call is matched to it; another slot is armed in its place before the
// handler runs; the handler returns; Finish sends the response; when Finish and the notice of the call's end have both
// completed, the slot is used again. After warm-up none of this allocates memory of ours: slots, frames and
// messages are kept.
//
// Cancellation: when the client cancels, disconnects, or the deadline passes, the call's token is cancelled and
// whatever the handler waits for returns at once. The handler's status is then sent to nobody.
//
// Exceptions: one that leaves a handler ends its call with INTERNAL and is told to the observer; the server goes on.
//
// Thread: the loop's, except what CallContext says that a handler on the pool may ask.
//
// Lifetime: the service, the handler and what the options point at outlive the Method; the Method outlives the loop's
// Run. To stop: Server::Shutdown (from another thread), then EventLoop::Stop; Run returns when every slot is idle.
//
// Invariants:
//  1. A slot is idle, armed or serving; it is idle only when no operation of its is outstanding.
//  2. An armed or serving slot counts as work of the loop, so the completion queue outlives its operations.
//  3. A call never leaves its loop's thread, but for the body of a blocking handler.

#ifndef MEANWHILE_ASYNC_SERVER_CALL_H_
#define MEANWHILE_ASYNC_SERVER_CALL_H_

#include <grpcpp/completion_queue.h>

#include <cassert>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/call_context.h"
#include "async/event_loop.h"
#include "async/in_flight_calls.h"
#include "async/processor_time.h"
#include "async/rpc_kinds.h"
#include "async/served_method.h"
#include "async/task.h"
#include "async/thread_pool.h"

namespace meanwhile::async {

struct MethodOptions {
  // What the method is called in messages. Outlives the method.
  std::string_view name = "a call";
  // How many slots are armed at a time, 1 or more. A call that finds none armed waits inside gRPC, behind a lock, so
  // this is the burst that a loop takes without that; each costs about 3 KB.
  std::size_t armed = 256;
  // Runs blocking handlers; needed only for those.
  ThreadPool* pool = nullptr;
  CallObserver* observer = nullptr;
  // Where the method's calls are seen by other threads, if anywhere; `name` is then a string literal.
  InFlightCalls* in_flight = nullptr;
};

// `Rpc` is one of the four kinds in rpc_kinds.h.
template <typename Rpc, typename Service, typename Handler>
class Method final : public ServedMethod {
 public:
  using RequestMember = typename Rpc::template RequestMember<Service>;
  using HandlerResult = typename Rpc::template HandlerResult<Handler>;
  static constexpr bool kHandlerBlocks = std::same_as<HandlerResult, grpc::Status>;
  static_assert(kHandlerBlocks || std::same_as<HandlerResult, Task<grpc::Status>>,
                "a handler returns Task<grpc::Status> or grpc::Status");

  // Arms at once: the server has been started. On the loop's thread, or before Run.
  Method(EventLoop* loop, Service* service, RequestMember request_member, Handler handler, const MethodOptions& options)
      : ServedMethod(options.name),
        loop_(loop),
        server_queue_(static_cast<grpc::ServerCompletionQueue*>(loop->queue())),
        service_(service),
        request_member_(request_member),
        handler_(std::move(handler)),
        options_(options) {
    assert(!kHandlerBlocks || options_.pool != nullptr);
    for (std::size_t i = 0; i < options_.armed; ++i) ArmOne();
  }

 private:
  class Slot {
   public:
    explicit Slot(Method* method) : method_(method) {}

    void Arm() {
      method_->OnSlotArmed();
      method_->loop_->AddWork();
      outstanding_ = 1;
      call_.emplace(method_->loop_, method_->options_.name, method_->options_.observer);
      rpc_.emplace(&*call_, &messages_);
      call_->server_context().AsyncNotifyWhenDone(&done_);
      rpc_->Ask(method_->service_, method_->request_member_, &*call_, method_->server_queue_, &matched_);
    }

   private:
    // `ok` is false when the server shuts down: there is no call, and the notice of its end will not come.
    void OnMatched(bool ok) {
      method_->OnSlotTaken();
      if (!ok) {
        OnOperationEnded();
        return;
      }
      call_->OnMatched(rpc_->request());
      if (InFlightCalls* calls = method_->options_.in_flight) {
        in_flight_ = InFlightCalls::Entry(calls, method_->options_.name.data(), call_->matched_at());
      }
      method_->ArmOne();
      // The operation that has just completed now stands for the handler; the notice of the end is one more.
      ++outstanding_;
      if (CallObserver* observer = method_->options_.observer) {
        if (grpc::Status status = observer->OnStarted(*call_); !status.ok()) {
          call_->shed_ = true;
          Send(status);
          return;
        }
      }
      method_->loop_->StartFor(&*call_, [this] { Serve(); });
    }

    // The call has ended, whichever way; `ok` is always true.
    void OnDone(bool /*ok*/) {
      if (call_->server_context().IsCancelled()) call_->Cancel();
      OnOperationEnded();
    }

    // `ok` is false when the response could not be sent, because the call had ended.
    void OnFinished(bool ok) {
      if constexpr (Rpc::kReadsStream) {
        const bool lost = !ok && code_ == grpc::StatusCode::OK;
        TellFinished(lost ? call_->ReasonOfEnd() : code_);
      }
      OnOperationEnded();
    }

    DetachedTask Serve() {
      co_await internal::AdoptContext(internal::CoroutineContext{call_->token(), &*call_});
      grpc::Status status;
      try {
        if constexpr (kHandlerBlocks) {
          TimePoint begin, end;
          Duration processor_time;
          bool taken = false;
          auto work = [this, &begin, &end, &processor_time, &taken] {
            begin = std::chrono::steady_clock::now();
            const Duration before = ThreadProcessorTime();
            grpc::Status result = OnTaken();
            taken = result.ok();
            if (taken) result = rpc_->Handle(method_->handler_, *call_);
            processor_time = ThreadProcessorTime() - before;
            end = std::chrono::steady_clock::now();
            return result;
          };
          std::optional<grpc::Status> result = co_await method_->options_.pool->Run(*method_->loop_, work);
          if (result) call_->OnRanOnPool(begin, end, processor_time);
          if (result && !taken) call_->shed_ = true;
          status = result ? *std::move(result) : StatusOfNotRun();
        } else {
          status = co_await rpc_->Handle(method_->handler_, *call_);
        }
      } catch (const std::exception& exception) {
        status = OnException(exception.what());
      } catch (...) {
        status = OnException("not a std::exception");
      }
      Finish(status);
    }

    void Finish(const grpc::Status& status) {
      if (CallObserver* observer = method_->options_.observer) observer->OnReturned(*call_, status.error_code());
      Send(status);
    }

    void Send(const grpc::Status& status) {
      code_ = status.error_code();
      if constexpr (!Rpc::kReadsStream) TellFinished(code_);
      rpc_->Finish(status, &finished_);
    }

    void TellFinished(grpc::StatusCode code) {
      if (method_->options_.observer != nullptr) method_->options_.observer->OnFinished(*call_, code);
    }

    grpc::Status OnTaken() {
      CallObserver* observer = method_->options_.observer;
      return observer != nullptr ? observer->OnTaken(*call_) : grpc::Status();
    }

    // A blocking handler was not run: it was cancelled while it was queued, or there was no room in the queue.
    grpc::Status StatusOfNotRun() {
      call_->OnNotRun();
      if (const CancellationToken token = call_->token(); token.cancelled()) {
        call_->shed_ = token.code() == grpc::StatusCode::DEADLINE_EXCEEDED;
        return token.status();
      }
      call_->shed_ = true;
      call_->pool_was_full_ = true;
      return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the server's thread pool is full");
    }

    grpc::Status OnException(std::string_view what) {
      if (method_->options_.observer != nullptr) method_->options_.observer->OnException(*call_, what);
      return grpc::Status(grpc::StatusCode::INTERNAL, "the handler threw an exception");
    }

    void OnOperationEnded() {
      if (--outstanding_ > 0) return;
      in_flight_.End();
      rpc_.reset();
      call_.reset();
      messages_.Clear();
      method_->idle_.push_back(this);
      method_->loop_->RemoveWork();
    }

    Method* method_;
    int outstanding_ = 0;
    grpc::StatusCode code_ = grpc::StatusCode::OK;  // Of Finish.
    MemberOperation<Slot, &Slot::OnMatched> matched_{this};
    MemberOperation<Slot, &Slot::OnDone> done_{this};
    MemberOperation<Slot, &Slot::OnFinished> finished_{this};
    InFlightCalls::Entry in_flight_;
    typename Rpc::Messages messages_;
    std::optional<CallContext> call_;
    std::optional<Rpc> rpc_;
  };

  void ArmOne() {
    if (idle_.empty()) {
      slots_.push_back(std::make_unique<Slot>(this));
      OnSlotMade();
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
  const MethodOptions options_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> idle_;
};

// Makes a Method without naming its types. `Base` is where gRPC's generator declared the Request member; `service`
// derives from it.
template <typename Request, typename Response, typename Base, typename Handler>
auto Serve(EventLoop& loop, std::type_identity_t<Base>& service,
           void (Base::*request_member)(grpc::ServerContext*, Request*, grpc::ServerAsyncResponseWriter<Response>*,
                                        grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
           Handler handler, const MethodOptions& options) {
  return std::make_unique<Method<UnaryRpc<Request, Response>, Base, Handler>>(&loop, &service, request_member,
                                                                              std::move(handler), options);
}

template <typename Request, typename Response, typename Base, typename Handler>
auto Serve(EventLoop& loop, std::type_identity_t<Base>& service,
           void (Base::*request_member)(grpc::ServerContext*, Request*, grpc::ServerAsyncWriter<Response>*,
                                        grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
           Handler handler, const MethodOptions& options) {
  return std::make_unique<Method<ServerStreamingRpc<Request, Response>, Base, Handler>>(&loop, &service, request_member,
                                                                                        std::move(handler), options);
}

template <typename Request, typename Response, typename Base, typename Handler>
auto Serve(EventLoop& loop, std::type_identity_t<Base>& service,
           void (Base::*request_member)(grpc::ServerContext*, grpc::ServerAsyncReader<Response, Request>*,
                                        grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
           Handler handler, const MethodOptions& options) {
  return std::make_unique<Method<ClientStreamingRpc<Request, Response>, Base, Handler>>(&loop, &service, request_member,
                                                                                        std::move(handler), options);
}

template <typename Request, typename Response, typename Base, typename Handler>
auto Serve(EventLoop& loop, std::type_identity_t<Base>& service,
           void (Base::*request_member)(grpc::ServerContext*, grpc::ServerAsyncReaderWriter<Response, Request>*,
                                        grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
           Handler handler, const MethodOptions& options) {
  return std::make_unique<Method<BidirectionalRpc<Request, Response>, Base, Handler>>(&loop, &service, request_member,
                                                                                      std::move(handler), options);
}

}  // namespace meanwhile::async

#endif  // MEANWHILE_ASYNC_SERVER_CALL_H_
