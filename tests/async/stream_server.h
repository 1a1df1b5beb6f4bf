// StreamServer: a real gRPC server in this process, with one loop on a thread of its own, that serves calls of every
// kind with the handlers of a test. Set those, then Start.
//
// Thread: a test's. Handlers and the observer run on the server's loop; what they leave behind may be read after Stop.

#ifndef MEANWHILE_TESTS_ASYNC_STREAM_SERVER_H_
#define MEANWHILE_TESTS_ASYNC_STREAM_SERVER_H_

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "async/event_loop.h"
#include "async/server_call.h"
#include "async/stream.h"
#include "async/thread_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/async/test_server.h"

namespace meanwhile::async {

class StreamServer {
 public:
  using Exchanged = ServerReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>;

  std::function<Task<grpc::Status>(CallContext&, const v1::FetchRequest&, v1::FetchResponse*)> fetch;
  std::function<Task<grpc::Status>(CallContext&, const v1::WatchRequest&, ServerWriter<v1::WatchResponse>&)> watch;
  std::function<Task<grpc::Status>(CallContext&, ServerReader<v1::CollectRequest>&, v1::CollectResponse*)> collect;
  std::function<Task<grpc::Status>(CallContext&, Exchanged&)> exchange;
  std::function<grpc::Status(CallContext&, Exchanged&)> blocking_exchange;  // Instead of the other.
  RecordingObserver observer;

  void Start() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    loop_ = std::make_unique<EventLoop>(builder.AddCompletionQueue());
    server_ = builder.BuildAndStart();
    const MethodOptions options{.armed = 2, .pool = &pool_, .observer = &observer};
    if (fetch) methods_.push_back(Serve(*loop_, service_, &Service::RequestFetch, fetch, options));
    if (watch) methods_.push_back(Serve(*loop_, service_, &Service::RequestWatch, watch, options));
    if (collect) methods_.push_back(Serve(*loop_, service_, &Service::RequestCollect, collect, options));
    if (exchange) methods_.push_back(Serve(*loop_, service_, &Service::RequestExchange, exchange, options));
    if (blocking_exchange) {
      methods_.push_back(Serve(*loop_, service_, &Service::RequestExchange, blocking_exchange, options));
    }
    thread_ = std::thread([this] { loop_->Run(); });
    stub_ = v1::Meanwhile::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  }
  ~StreamServer() { Stop(); }

  void Stop() {
    if (!thread_.joinable()) return;
    server_->Shutdown(std::chrono::system_clock::now());
    loop_->Stop();
    thread_.join();
  }

  v1::Meanwhile::Stub& stub() { return *stub_; }
  EventLoop& loop() { return *loop_; }
  std::thread::id loop_thread() const { return thread_.get_id(); }

 private:
  using Service = v1::Meanwhile::AsyncService;

  Service service_;
  ThreadPool pool_{1, 1};
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::shared_ptr<void>> methods_;
  std::thread thread_;
  std::unique_ptr<v1::Meanwhile::Stub> stub_;
};

}  // namespace meanwhile::async

#endif  // MEANWHILE_TESTS_ASYNC_STREAM_SERVER_H_
