#include "tests/client/test_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "async/event_loop.h"
#include "async/server_call.h"
#include "async/task.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "meanwhile/v1/admin.grpc.pb.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"

namespace meanwhile {

using async::CallContext;
using async::Task;

struct TestServer::State {
  Task<grpc::Status> Fetch(CallContext& call, const v1::FetchRequest& request, v1::FetchResponse* response) {
    {
      const std::lock_guard lock(mutex);
      ++fetches;
      peers.insert(call.server_context().peer());
    }
    if (request.payload() == "fail") co_return grpc::Status(grpc::StatusCode::UNAVAILABLE, "as the test wants it");
    response->set_payload(request.payload());
    const google::protobuf::Duration& wait = request.wait().simulated().constant();
    *response->mutable_waited() = wait;
    co_return co_await call.loop().SleepFor(std::chrono::seconds(wait.seconds()) +
                                            std::chrono::nanoseconds(wait.nanos()));
  }

  Task<grpc::Status> Gather(CallContext& /*call*/, const v1::GatherRequest& request, v1::GatherResponse* response) {
    for (const v1::Wait& wait : request.waits()) *response->add_waited() = wait.simulated().constant();
    response->mutable_elapsed()->set_seconds(request.mode());
    co_return grpc::Status();
  }

  Task<grpc::Status> Compute(CallContext& /*call*/, const v1::ComputeRequest& request, v1::ComputeResponse* response) {
    response->set_digest(request.seed() + request.rounds());
    co_return grpc::Status();
  }

  Task<grpc::Status> GetServerStats(CallContext& /*call*/, const v1::GetServerStatsRequest& /*request*/,
                                    v1::GetServerStatsResponse* response) {
    response->set_model("test");
    co_return grpc::Status();
  }

  Task<grpc::Status> Check(CallContext& /*call*/, const grpc::health::v1::HealthCheckRequest& request,
                           grpc::health::v1::HealthCheckResponse* response) {
    response->set_status(request.service().empty() ? grpc::health::v1::HealthCheckResponse::SERVING
                                                   : grpc::health::v1::HealthCheckResponse::NOT_SERVING);
    co_return grpc::Status();
  }

  explicit State(const std::string& address) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&meanwhile);
    builder.RegisterService(&admin);
    builder.RegisterService(&health);
    loop = std::make_unique<async::EventLoop>(builder.AddCompletionQueue());
    server = builder.BuildAndStart();
    target = address.starts_with("unix:") ? address : "127.0.0.1:" + std::to_string(port);
    Serve(meanwhile, &v1::Meanwhile::AsyncService::RequestFetch, &State::Fetch);
    Serve(meanwhile, &v1::Meanwhile::AsyncService::RequestGather, &State::Gather);
    Serve(meanwhile, &v1::Meanwhile::AsyncService::RequestCompute, &State::Compute);
    Serve(admin, &v1::Admin::AsyncService::RequestGetServerStats, &State::GetServerStats);
    Serve(health, &grpc::health::v1::Health::AsyncService::RequestCheck, &State::Check);
    thread = std::thread([this] { loop->Run(); });
  }
  ~State() {
    server->Shutdown(std::chrono::system_clock::now());
    loop->Stop();
    thread.join();
  }

  // Keeps the method that serves `request_member` with a member function of State.
  template <typename Service, typename RequestMember, typename Handler>
  void Serve(Service& service, RequestMember request_member, Handler handler) {
    auto serve = [this, handler](auto& call, const auto& request, auto* response) {
      return (this->*handler)(call, request, response);
    };
    methods.push_back(async::Serve(*loop, service, request_member, serve, {.armed = 16}));
  }

  mutable std::mutex mutex;
  std::size_t fetches = 0;
  std::set<std::string> peers;

  std::string target;
  v1::Meanwhile::AsyncService meanwhile;
  v1::Admin::AsyncService admin;
  grpc::health::v1::Health::AsyncService health;
  std::unique_ptr<async::EventLoop> loop;
  std::unique_ptr<grpc::Server> server;
  std::vector<std::shared_ptr<void>> methods;
  std::thread thread;
};

TestServer::TestServer(const std::string& address) : state_(std::make_unique<State>(address)) {}
TestServer::~TestServer() = default;

const std::string& TestServer::target() const { return state_->target; }

std::size_t TestServer::fetches() const {
  const std::lock_guard lock(state_->mutex);
  return state_->fetches;
}

std::size_t TestServer::peers() const {
  const std::lock_guard lock(state_->mutex);
  return state_->peers.size();
}

}  // namespace meanwhile
