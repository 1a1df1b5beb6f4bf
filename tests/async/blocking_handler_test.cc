// Served unary calls whose handlers block, and therefore run on the pool, against gRPC's own client over loopback.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "async/server_call.h"
#include "async/thread_pool.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "tests/async/test_server.h"

namespace meanwhile::async {
namespace {

using grpc::StatusCode;
using v1::FetchRequest;
using v1::FetchResponse;

TEST(BlockingHandlerTest, AHandlerThatReturnsAPlainStatusRunsOnThePool) {
  ThreadPool pool(1, 1);
  std::thread::id ran_on;
  TestServer server(
      [&](CallContext&, const FetchRequest& request, FetchResponse* response) {
        ran_on = std::this_thread::get_id();
        response->set_payload(request.payload());
        return grpc::Status();
      },
      {.pool = &pool});
  auto stub = server.NewStub();
  PendingFetch call(*stub, "blocking");
  EXPECT_TRUE(call.Status().ok());
  EXPECT_EQ(call.response().payload(), "blocking");
  EXPECT_NE(ran_on, std::thread::id());
  EXPECT_NE(ran_on, server.loop_thread());
}

TEST(BlockingHandlerTest, AFullPoolShedsTheCall) {
  RecordingObserver observer;
  ThreadPool pool(1, 0);
  std::promise<void> entered, release;
  TestServer server(
      [&](CallContext&, const FetchRequest&, FetchResponse*) {
        entered.set_value();
        Get(release.get_future());
        return grpc::Status();
      },
      {.pool = &pool, .observer = &observer});
  auto stub = server.NewStub();
  PendingFetch running(*stub);
  Get(entered.get_future());
  EXPECT_EQ(PendingFetch(*stub).Status().error_code(), StatusCode::RESOURCE_EXHAUSTED);
  release.set_value();
  EXPECT_TRUE(running.Status().ok());
  server.Stop();
  EXPECT_EQ(observer.shed, 1);
  EXPECT_EQ(observer.finished, (std::vector{StatusCode::RESOURCE_EXHAUSTED, StatusCode::OK}));
}

TEST(BlockingHandlerTest, ABlockingHandlerThatIsCancelledInThePoolsQueueIsNotRunAndNotShed) {
  RecordingObserver observer;
  ThreadPool pool(1, 1);
  std::promise<void> entered, release;
  std::atomic<int> runs = 0;
  TestServer server(
      [&](CallContext&, const FetchRequest&, FetchResponse*) {
        ++runs;
        entered.set_value();
        Get(release.get_future());
        return grpc::Status();
      },
      {.armed = 1, .pool = &pool, .observer = &observer});
  auto stub = server.NewStub();
  PendingFetch running(*stub);
  Get(entered.get_future());
  PendingFetch queued(*stub);
  // A third is shed: so the second is in the queue.
  EXPECT_EQ(PendingFetch(*stub).Status().error_code(), StatusCode::RESOURCE_EXHAUSTED);
  queued.Cancel();
  EXPECT_EQ(queued.Status().error_code(), StatusCode::CANCELLED);
  while (OnLoop(server.loop(), [&] { return observer.finished.size(); }) < 2) std::this_thread::yield();
  release.set_value();
  EXPECT_TRUE(running.Status().ok());
  server.Stop();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(observer.shed, 1);
  EXPECT_EQ(observer.finished, (std::vector{StatusCode::RESOURCE_EXHAUSTED, StatusCode::CANCELLED, StatusCode::OK}));
}

TEST(BlockingHandlerTest, ABlockingHandlerSeesThatItsCallWasCancelled) {
  ThreadPool pool(1, 0);
  std::promise<void> entered;
  std::promise<bool> saw_it;
  TestServer server(
      [&](CallContext& call, const FetchRequest&, FetchResponse*) {
        entered.set_value();
        const auto give_up = std::chrono::steady_clock::now() + kPatience;
        while (!call.cancelled() && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
        saw_it.set_value(call.cancelled());
        return grpc::Status();
      },
      {.pool = &pool});
  auto stub = server.NewStub();
  PendingFetch call(*stub);
  Get(entered.get_future());
  call.Cancel();
  EXPECT_TRUE(Get(saw_it.get_future()));
}

TEST(BlockingHandlerTest, ACallThatTheObserverRefusesOnThePoolsThreadIsShedAndItsHandlerIsNotRun) {
  RecordingObserver observer;
  observer.answer_to_taken = grpc::Status(StatusCode::DEADLINE_EXCEEDED, "too late");
  ThreadPool pool(1, 1);
  std::atomic<bool> ran = false;
  TestServer server(
      [&](CallContext&, const FetchRequest&, FetchResponse*) {
        ran = true;
        return grpc::Status();
      },
      {.pool = &pool, .observer = &observer});
  auto stub = server.NewStub();
  EXPECT_EQ(PendingFetch(*stub).Status().error_message(), "too late");
  server.Stop();
  EXPECT_FALSE(ran);
  EXPECT_EQ(observer.taken, 1);
  EXPECT_EQ(observer.shed, 1);
  EXPECT_EQ(observer.returned, std::vector{StatusCode::DEADLINE_EXCEEDED}) << "what OnStarted began is ended";
}

TEST(BlockingHandlerTest, ABlockingHandlerWhoseTimeRunsOutInThePoolsQueueIsNotRunAndShed) {
  RecordingObserver observer;
  ThreadPool pool(1, 1);
  std::promise<void> entered, release;
  std::atomic<int> runs = 0;
  TestServer server(
      [&](CallContext&, const FetchRequest&, FetchResponse*) {
        ++runs;
        entered.set_value();
        Get(release.get_future());
        return grpc::Status();
      },
      {.pool = &pool, .observer = &observer});
  auto stub = server.NewStub();
  PendingFetch running(*stub);
  Get(entered.get_future());
  PendingFetch queued(*stub, "", std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  EXPECT_EQ(queued.Status().error_code(), StatusCode::DEADLINE_EXCEEDED);
  while (OnLoop(server.loop(), [&] { return observer.finished.size(); }) < 1) std::this_thread::yield();
  release.set_value();
  EXPECT_TRUE(running.Status().ok());
  server.Stop();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(observer.shed, 1);
}

TEST(BlockingHandlerTest, AnExceptionOfABlockingHandlerEndsItsCallWithInternal) {
  RecordingObserver observer;
  ThreadPool pool(1, 0);
  TestServer server([](CallContext&, const FetchRequest&,
                       FetchResponse*) -> grpc::Status { throw std::runtime_error("thrown on the pool"); },
                    {.pool = &pool, .observer = &observer});
  auto stub = server.NewStub();
  EXPECT_EQ(PendingFetch(*stub).Status().error_code(), StatusCode::INTERNAL);
  server.Stop();
  EXPECT_EQ(observer.exceptions, std::vector<std::string>{"thrown on the pool"});
}

}  // namespace
}  // namespace meanwhile::async
