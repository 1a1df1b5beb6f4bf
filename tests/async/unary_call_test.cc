// Unary calls from a client's loop to a server's loop, in one process, over loopback.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "async/client_call.h"
#include "async/event_loop.h"
#include "async/server_call.h"
#include "async/thread_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;
using v1::FetchRequest;
using v1::FetchResponse;

// A server with one loop that serves Fetch with the given handler.
template <typename Handler>
class TestServer {
 public:
  explicit TestServer(Handler handler, UnaryMethodOptions options = {}) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    loop_ = std::make_unique<EventLoop>(builder.AddCompletionQueue());
    server_ = builder.BuildAndStart();
    method_ = ServeUnary(*loop_, service_, &v1::Meanwhile::AsyncService::RequestFetch, std::move(handler), options);
    thread_ = std::thread([this] { loop_->Run(); });
  }
  ~TestServer() {
    server_->Shutdown(std::chrono::system_clock::now() + 100ms);
    loop_->Stop();
    thread_.join();
  }
  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  using Method = typename decltype(ServeUnary(std::declval<EventLoop&>(), std::declval<v1::Meanwhile::AsyncService&>(),
                                              &v1::Meanwhile::AsyncService::RequestFetch, std::declval<Handler>(),
                                              UnaryMethodOptions{}))::element_type;
  int port_ = 0;
  v1::Meanwhile::AsyncService service_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Method> method_;
  std::thread thread_;
};

TEST(UnaryCallTest, CoroutineHandlerAnswers) {
  TestServer server([](CallContext& call, const FetchRequest& request, FetchResponse* response) -> Task<grpc::Status> {
    grpc::Status slept = co_await call.loop().SleepFor(1ms);
    response->set_payload(request.payload());
    co_return slept;
  });
  EventLoop loop;
  auto stub = v1::Meanwhile::NewStub(grpc::CreateChannel(server.target(), grpc::InsecureChannelCredentials()));
  grpc::Status status;
  FetchResponse response;
  auto client = [&]() -> Task<> {
    FetchRequest request;
    request.set_payload("hello");
    grpc::ClientContext context;
    status = co_await CallUnary(loop, *stub, &v1::Meanwhile::Stub::PrepareAsyncFetch, context, request, &response);
  };
  loop.Spawn(client());
  loop.Stop();
  loop.Run();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.payload(), "hello");
}

}  // namespace
}  // namespace meanwhile::async
