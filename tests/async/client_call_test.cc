// Calls from a client's loop to a server's loop, in one process, over loopback.

#include "async/client_call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/event_loop.h"
#include "async/server_call.h"
#include "async/when_all.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/async/test_server.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;
using v1::FetchRequest;
using v1::FetchResponse;

Task<grpc::Status> Echo(CallContext&, const FetchRequest& request, FetchResponse* response) {
  response->set_payload(request.payload());
  co_return grpc::Status();
}

// Fetches once; checks that the payload comes back when the call ends well.
Task<grpc::Status> Fetch(EventLoop& loop, v1::Meanwhile::Stub& stub, std::string payload,
                         std::chrono::milliseconds timeout = kPatience) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  FetchRequest request;
  request.set_payload(payload);
  FetchResponse response;
  grpc::Status status =
      co_await CallUnary(loop, stub, &v1::Meanwhile::Stub::PrepareAsyncFetch, context, request, &response);
  EXPECT_EQ(response.payload(), status.ok() ? payload : "");
  co_return status;
}

// Runs one call on a loop of its own until it has ended, under `source`.
grpc::Status RunFetch(v1::Meanwhile::Stub& stub, CancellationSource* source = nullptr,
                      std::chrono::milliseconds timeout = kPatience) {
  EventLoop loop;
  grpc::Status status;
  auto body = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(source));
    status = co_await Fetch(loop, stub, "payload", timeout);
  };
  loop.Spawn(body());
  loop.Stop();
  loop.Run();
  return status;
}

TEST(ClientCallTest, GivesTheResponse) {
  TestServer server(Echo);
  grpc::Status status = RunFetch(*server.NewStub());
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST(ClientCallTest, GivesTheServersStatus) {
  TestServer server([](CallContext&, const FetchRequest&, FetchResponse*) -> Task<grpc::Status> {
    co_return grpc::Status(StatusCode::NOT_FOUND, "nothing here");
  });
  grpc::Status status = RunFetch(*server.NewStub());
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "nothing here");
}

TEST(ClientCallTest, GivesUnavailableWhenThereIsNoServer) {
  auto stub = v1::Meanwhile::NewStub(
      grpc::CreateChannel("unix:/nonexistent/meanwhile.socket", grpc::InsecureChannelCredentials()));
  EXPECT_EQ(RunFetch(*stub).error_code(), StatusCode::UNAVAILABLE);
}

TEST(ClientCallTest, EndsAtItsDeadline) {
  TestServer server([](CallContext& call, const FetchRequest&, FetchResponse*) -> Task<grpc::Status> {
    co_return co_await call.loop().SleepFor(1h);
  });
  EXPECT_EQ(RunFetch(*server.NewStub(), nullptr, 30ms).error_code(), StatusCode::DEADLINE_EXCEEDED);
}

TEST(ClientCallTest, CancellingTheCoroutineCancelsTheCallAtTheServerToo) {
  std::atomic<bool> entered = false;
  std::promise<grpc::Status> ended;
  TestServer server([&](CallContext& call, const FetchRequest&, FetchResponse*) -> Task<grpc::Status> {
    entered = true;
    grpc::Status slept = co_await call.loop().SleepFor(1h);
    ended.set_value(slept);
    co_return slept;
  });
  auto stub = server.NewStub();
  EventLoop loop;
  CancellationSource source;
  grpc::Status status;
  auto call = [&]() -> Task<> {
    co_await AdoptCancellation(CancellationToken(&source));
    status = co_await Fetch(loop, *stub, "payload", 1h);
  };
  auto cancel = [&]() -> Task<> {
    while (!entered) co_await loop.SleepFor(1ms);
    source.Cancel();
  };
  loop.Spawn(call());
  loop.Spawn(cancel());
  loop.Stop();
  loop.Run();
  EXPECT_EQ(status.error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(ended.get_future().get().error_code(), StatusCode::CANCELLED);
}

TEST(ClientCallTest, ACallThatIsCancelledBeforeItStartsIsNotSent) {
  RecordingObserver observer;
  TestServer server(Echo, {.observer = &observer});
  auto stub = server.NewStub();
  CancellationSource source;
  source.Cancel(StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(RunFetch(*stub, &source).error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_TRUE(RunFetch(*stub).ok());
  server.Stop();
  EXPECT_EQ(observer.started, 1);
}

TEST(ClientCallTest, ManyCallsAreInFlightAtOnceOnOneThread) {
  constexpr std::size_t kCalls = 200;
  std::size_t in_flight = 0;
  bool all_there = false;
  TestServer server([&](CallContext& call, const FetchRequest& request, FetchResponse* response) -> Task<grpc::Status> {
    if (++in_flight == kCalls) all_there = true;
    while (!all_there) co_await call.loop().SleepFor(1ms);
    response->set_payload(request.payload());
    co_return grpc::Status();
  });
  auto stub = server.NewStub();
  EventLoop loop;
  std::vector<grpc::Status> statuses;
  auto body = [&]() -> Task<> {
    std::vector<Task<grpc::Status>> calls;
    for (std::size_t i = 0; i < kCalls; ++i) calls.push_back(Fetch(loop, *stub, std::to_string(i)));
    statuses = co_await WhenAll(loop, std::move(calls));
  };
  loop.Spawn(body());
  loop.Stop();
  loop.Run();
  ASSERT_EQ(statuses.size(), kCalls);
  for (const grpc::Status& status : statuses) EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST(ClientCallTest, AFailedCallCancelsTheOthersOfItsGroup) {
  TestServer server([](CallContext& call, const FetchRequest& request, FetchResponse*) -> Task<grpc::Status> {
    if (request.payload() == "fail") co_return grpc::Status(StatusCode::NOT_FOUND, "nothing here");
    co_return co_await call.loop().SleepFor(1h);
  });
  auto stub = server.NewStub();
  EventLoop loop;
  std::pair<StatusCode, StatusCode> codes;
  auto body = [&]() -> Task<> {
    auto [slow, failed] = co_await WhenAll(loop, Fetch(loop, *stub, "slow", 1h), Fetch(loop, *stub, "fail"));
    codes = {slow.error_code(), failed.error_code()};
  };
  loop.Spawn(body());
  loop.Stop();
  loop.Run();
  EXPECT_EQ(codes, std::pair(StatusCode::CANCELLED, StatusCode::NOT_FOUND));
}

}  // namespace
}  // namespace meanwhile::async
