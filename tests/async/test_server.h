// TestServer: a real gRPC server in this process, with one loop on a thread of its own, that serves Fetch with a given
// handler. PendingFetch: a call to it by gRPC's own client, so that the server's side is tested without ours on the
// other.
//
// Thread: a test's. Handlers and the observer run on the server's loop; what they leave behind may be read after Stop.

#ifndef MEANWHILE_TESTS_ASYNC_TEST_SERVER_H_
#define MEANWHILE_TESTS_ASYNC_TEST_SERVER_H_

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "async/server_call.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"

namespace meanwhile::async {

// How long a test waits for what must happen.
constexpr std::chrono::seconds kPatience{30};

// Waits for a future within a test's patience.
template <typename T>
T Get(std::future<T> future) {
  if (future.wait_for(kPatience) != std::future_status::ready) throw std::runtime_error("waited in vain");
  return future.get();
}

// Writes down what it is told.
class RecordingObserver final : public CallObserver {
 public:
  grpc::Status OnStarted(CallContext& /*call*/) override {
    ++started;
    return answer;
  }
  grpc::Status OnTaken(CallContext& /*call*/) override {
    ++taken;
    return answer_to_taken;
  }
  void OnReturned(CallContext& call, grpc::StatusCode code) override {
    returned.push_back(code);
    call.server_context().AddTrailingMetadata("returned", "yes");
  }
  void OnFinished(CallContext& call, grpc::StatusCode code) override {
    finished.push_back(code);
    if (call.shed()) ++shed;
  }
  void OnException(CallContext& /*call*/, std::string_view what) override { exceptions.emplace_back(what); }

  grpc::Status answer;           // To OnStarted.
  grpc::Status answer_to_taken;  // To OnTaken.

  int started = 0;
  std::atomic<int> taken = 0;
  std::vector<grpc::StatusCode> returned;
  int shed = 0;
  std::vector<grpc::StatusCode> finished;
  std::vector<std::string> exceptions;
};

// Runs a function on a loop's thread, which must have work, and gives what it returns.
template <typename Function>
auto OnLoop(EventLoop& loop, Function function) {
  class Errand final : public MailboxItem {
   public:
    explicit Errand(Function function) : task_(std::move(function)) {}
    void OnDelivered() override { task_(); }
    auto Result() { return task_.get_future().get(); }

   private:
    std::packaged_task<std::invoke_result_t<Function>()> task_;
  };
  Errand errand(std::move(function));
  loop.Post(&errand);
  return errand.Result();
}

// `Result` is what the handler returns: a Task<grpc::Status> or a grpc::Status. One type for all handlers of a kind
// keeps the tests quick to compile.
template <typename Result>
class TestServer {
 public:
  using Handler = std::function<Result(CallContext&, const v1::FetchRequest&, v1::FetchResponse*)>;

  explicit TestServer(Handler handler, MethodOptions options = {}) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    loop_ = std::make_unique<EventLoop>(builder.AddCompletionQueue());
    server_ = builder.BuildAndStart();
    method_ = Serve(*loop_, service_, &v1::Meanwhile::AsyncService::RequestFetch, std::move(handler), options);
    thread_ = std::thread([this] { loop_->Run(); });
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() { Stop(); }

  // Cancels what is in flight and returns when the loop has ended.
  void Stop() {
    if (!thread_.joinable()) return;
    server_->Shutdown(std::chrono::system_clock::now());
    loop_->Stop();
    thread_.join();
  }

  int port() const { return port_; }
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }
  std::thread::id loop_thread() const { return thread_.get_id(); }
  EventLoop& loop() { return *loop_; }
  std::size_t armed() const { return method_->armed(); }
  std::size_t slots() {
    return OnLoop(*loop_, [this] { return method_->slots(); });
  }

  std::unique_ptr<v1::Meanwhile::Stub> NewStub() const {
    return v1::Meanwhile::NewStub(grpc::CreateChannel(target(), grpc::InsecureChannelCredentials()));
  }

 private:
  using FetchMethod = Method<UnaryRpc<v1::FetchRequest, v1::FetchResponse>, v1::Meanwhile::AsyncService, Handler>;

  int port_ = 0;
  v1::Meanwhile::AsyncService service_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<FetchMethod> method_;
  std::thread thread_;
};

template <typename Handler>
TestServer(Handler, MethodOptions = {})
    -> TestServer<std::invoke_result_t<Handler&, CallContext&, const v1::FetchRequest&, v1::FetchResponse*>>;

// A call in flight. Outlives its response: the destructor waits for it.
class PendingFetch {
 public:
  explicit PendingFetch(v1::Meanwhile::Stub& stub, std::string payload = "",
                        std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max()) {
    request_.set_payload(std::move(payload));
    context_.set_deadline(deadline);
    context_.set_wait_for_ready(true);
    stub.async()->Fetch(&context_, &request_, &response_, [this](grpc::Status status) { ended_.set_value(status); });
  }
  PendingFetch(const PendingFetch&) = delete;
  PendingFetch& operator=(const PendingFetch&) = delete;
  ~PendingFetch() {
    if (status_.valid()) status_.wait();
  }

  void Cancel() { context_.TryCancel(); }

  // Waits for the end; called once.
  grpc::Status Status() { return status_.get(); }
  const v1::FetchResponse& response() const { return response_; }

 private:
  grpc::ClientContext context_;
  v1::FetchRequest request_;
  v1::FetchResponse response_;
  std::promise<grpc::Status> ended_;
  std::future<grpc::Status> status_ = ended_.get_future();
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_TESTS_ASYNC_TEST_SERVER_H_
