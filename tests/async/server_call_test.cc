// Served unary calls, against gRPC's own client over loopback.

#include "async/server_call.h"

#include <grpcpp/create_channel_posix.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "async/event_loop.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/async/test_server.h"

namespace meanwhile::async {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;
using v1::FetchRequest;
using v1::FetchResponse;

// What a handler that waits for an hour saw: entered, and how the wait ended.
class HourLongWait {
 public:
  Task<grpc::Status> Handle(CallContext& call) {
    deadline_ = call.server_context().deadline();
    entered_.set_value();
    grpc::Status slept = co_await call.loop().SleepFor(1h);
    timers_left_ = call.loop().timers().size();
    cancelled_ = call.cancelled();
    ended_.set_value(slept);
    co_return slept;
  }

  void UntilEntered() { Get(entered_.get_future()); }
  grpc::Status UntilEnded() { return Get(ended_.get_future()); }
  std::size_t timers_left() const { return timers_left_; }
  // As the server sees it.
  std::chrono::system_clock::time_point deadline() const { return deadline_; }
  bool cancelled() const { return cancelled_; }

 private:
  std::promise<void> entered_;
  std::promise<grpc::Status> ended_;
  std::chrono::system_clock::time_point deadline_;
  std::size_t timers_left_ = 99;
  bool cancelled_ = false;
};

TEST(ServerCallTest, ACoroutineHandlerAnswers) {
  RecordingObserver observer;
  TestServer server(
      [](CallContext& call, const FetchRequest& request, FetchResponse* response) -> Task<grpc::Status> {
        grpc::Status slept = co_await call.loop().SleepFor(1ms);
        response->set_payload(request.payload() + "!");
        co_return slept;
      },
      {.observer = &observer});
  auto stub = server.NewStub();
  for (int i = 0; i < 3; ++i) {
    PendingFetch call(*stub, "hello");
    grpc::Status status = call.Status();
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(call.response().payload(), "hello!");
  }
  server.Stop();
  EXPECT_EQ(observer.started, 3);
  EXPECT_EQ(observer.finished, std::vector(3, StatusCode::OK));
}

TEST(ServerCallTest, AHandlersStatusReachesTheClient) {
  TestServer server([](CallContext&, const FetchRequest&, FetchResponse*) -> Task<grpc::Status> {
    co_return grpc::Status(StatusCode::NOT_FOUND, "nothing here");
  });
  auto stub = server.NewStub();
  grpc::Status status = PendingFetch(*stub).Status();
  EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "nothing here");
}

TEST(ServerCallTest, AClientsCancelResumesTheWaitingHandlerAtOnceAndItsTimerIsGone) {
  RecordingObserver observer;
  HourLongWait wait;
  TestServer server([&](CallContext& call, const FetchRequest&, FetchResponse*) { return wait.Handle(call); },
                    {.observer = &observer});
  auto stub = server.NewStub();
  PendingFetch call(*stub);
  wait.UntilEntered();
  call.Cancel();
  EXPECT_EQ(wait.UntilEnded().error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(call.Status().error_code(), StatusCode::CANCELLED);
  server.Stop();
  EXPECT_EQ(wait.timers_left(), 0u);
  EXPECT_TRUE(wait.cancelled());
  EXPECT_EQ(observer.finished, std::vector{StatusCode::CANCELLED});
}

// The client gives up at the same deadline, and the news of that may arrive before the server's own timer fires. gRPC
// sends 1,234 ms as 1,240.
TEST(ServerCallTest, APassedDeadlineResumesTheWaitingHandlerWithDeadlineExceeded) {
  for (const auto timeout : {20ms, 50ms, 133ms, 1234ms}) {
    HourLongWait wait;
    TestServer server([&](CallContext& call, const FetchRequest&, FetchResponse*) { return wait.Handle(call); });
    auto stub = server.NewStub();
    const auto deadline = std::chrono::system_clock::now() + timeout;
    PendingFetch call(*stub, "", deadline);
    const StatusCode code = wait.UntilEnded().error_code();
    // The server counts the timeout from the arrival of a call. Of one that was long on its way it cannot know that the
    // client's time is up.
    const auto late = wait.deadline() - deadline - timeout / 100;
    if (code != StatusCode::CANCELLED || late <= 10ms) {
      EXPECT_EQ(code, StatusCode::DEADLINE_EXCEEDED) << timeout.count() << " ms";
    }
    EXPECT_EQ(call.Status().error_code(), StatusCode::DEADLINE_EXCEEDED);
    server.Stop();
    EXPECT_EQ(wait.timers_left(), 0u);
  }
}

TEST(ServerCallTest, ACancelLongBeforeTheDeadlineIsACancel) {
  HourLongWait wait;
  TestServer server([&](CallContext& call, const FetchRequest&, FetchResponse*) { return wait.Handle(call); });
  auto stub = server.NewStub();
  PendingFetch call(*stub, "", std::chrono::system_clock::now() + 1h);
  wait.UntilEntered();
  call.Cancel();
  EXPECT_EQ(wait.UntilEnded().error_code(), StatusCode::CANCELLED);
}

TEST(ServerCallTest, ACancelBeforeTheHandlerFirstWaitsEndsThatWait) {
  std::promise<void> entered, client_gone;
  std::promise<grpc::Status> ended;
  TestServer server([&](CallContext& call, const FetchRequest&, FetchResponse*) -> Task<grpc::Status> {
    entered.set_value();
    Get(client_gone.get_future());  // Keeps the loop from hearing of the cancel before the wait below begins.
    grpc::Status slept = co_await call.loop().SleepFor(1h);
    ended.set_value(slept);
    co_return slept;
  });
  auto stub = server.NewStub();
  PendingFetch call(*stub);
  Get(entered.get_future());
  call.Cancel();
  EXPECT_EQ(call.Status().error_code(), StatusCode::CANCELLED);
  client_gone.set_value();
  EXPECT_EQ(Get(ended.get_future()).error_code(), StatusCode::CANCELLED);
}

TEST(ServerCallTest, ACancelWhileTheResponseIsOnItsWayLeavesTheSlotUsable) {
  constexpr int kCalls = 300;
  RecordingObserver observer;
  std::atomic<int> returned = 0;
  TestServer server(
      [&](CallContext&, const FetchRequest& request, FetchResponse* response) -> Task<grpc::Status> {
        response->set_payload(request.payload());
        ++returned;
        co_return grpc::Status();
      },
      {.armed = 1, .observer = &observer});
  auto stub = server.NewStub();
  for (int i = 0; i < kCalls; ++i) {
    PendingFetch call(*stub, std::string(10'000, 'x'));
    while (returned <= i) std::this_thread::yield();
    call.Cancel();
    const StatusCode code = call.Status().error_code();
    EXPECT_TRUE(code == StatusCode::OK || code == StatusCode::CANCELLED) << code;
  }
  EXPECT_TRUE(PendingFetch(*stub).Status().ok());
  EXPECT_LE(server.slots(), 10u) << "slots are not used again";
  server.Stop();
  EXPECT_EQ(observer.started, kCalls + 1);
  EXPECT_EQ(observer.finished.size(), kCalls + 1u);
  for (const StatusCode code : observer.finished) {
    EXPECT_TRUE(code == StatusCode::OK || code == StatusCode::CANCELLED) << code;
  }
}

TEST(ServerCallTest, ACallThatTheObserverRefusesIsShedAndItsHandlerIsNotRun) {
  RecordingObserver observer;
  observer.answer = grpc::Status(StatusCode::RESOURCE_EXHAUSTED, "not now");
  bool ran = false;
  TestServer server(
      [&](CallContext&, const FetchRequest&, FetchResponse*) -> Task<grpc::Status> {
        ran = true;
        co_return grpc::Status();
      },
      {.observer = &observer});
  auto stub = server.NewStub();
  for (int i = 0; i < 3; ++i) {
    const grpc::Status status = PendingFetch(*stub).Status();
    EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_EQ(status.error_message(), "not now");
  }
  server.Stop();
  EXPECT_FALSE(ran);
  EXPECT_EQ(observer.shed, 3);
  EXPECT_TRUE(observer.returned.empty()) << "no handler was run";
  EXPECT_EQ(observer.finished, std::vector(3, StatusCode::RESOURCE_EXHAUSTED));
}

TEST(ServerCallTest, TheObserverMayAddMetadataWhenTheHandlerHasReturned) {
  RecordingObserver observer;
  TestServer server(
      [&](CallContext&, const FetchRequest&, FetchResponse*) -> Task<grpc::Status> { co_return grpc::Status(); },
      {.observer = &observer});
  auto stub = server.NewStub();
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  FetchResponse response;
  EXPECT_TRUE(stub->Fetch(&context, FetchRequest(), &response).ok());
  EXPECT_EQ(context.GetServerTrailingMetadata().count("returned"), 1u);
  server.Stop();
  EXPECT_EQ(observer.returned, std::vector{StatusCode::OK});
  EXPECT_EQ(observer.taken, 0) << "it did not go to the pool";
}

TEST(ServerCallTest, TheContextShowsTheRequest) {
  std::promise<std::string> payload;
  TestServer server([&](CallContext& call, const FetchRequest&, FetchResponse*) -> Task<grpc::Status> {
    payload.set_value(static_cast<const FetchRequest*>(call.request())->payload());
    co_return grpc::Status();
  });
  auto stub = server.NewStub();
  PendingFetch call(*stub, "hello");
  EXPECT_EQ(Get(payload.get_future()), "hello");
}

TEST(ServerCallTest, AnExceptionEndsItsCallWithInternalAndTheServerGoesOn) {
  RecordingObserver observer;
  TestServer server(
      [](CallContext& call, const FetchRequest& request, FetchResponse*) -> Task<grpc::Status> {
        if (request.payload() == "at once") throw std::runtime_error("thrown at once");
        co_await call.loop().SleepFor(1ms);
        if (request.payload() == "later") throw std::runtime_error("thrown later");
        if (request.payload() == "number") throw 7;
        co_return grpc::Status();
      },
      {.observer = &observer});
  auto stub = server.NewStub();
  for (const char* payload : {"at once", "later", "number"}) {
    EXPECT_EQ(PendingFetch(*stub, payload).Status().error_code(), StatusCode::INTERNAL);
  }
  EXPECT_TRUE(PendingFetch(*stub).Status().ok());
  server.Stop();
  EXPECT_EQ(observer.exceptions, (std::vector<std::string>{"thrown at once", "thrown later", "not a std::exception"}));
  EXPECT_EQ(std::count(observer.finished.begin(), observer.finished.end(), StatusCode::INTERNAL), 3);
}

TEST(ServerCallTest, MoreCallsAtOnceThanArmedSlotsAreAllAnsweredAndASecondBurstNeedsNoMoreSlots) {
  constexpr std::size_t kArmed = 4;
  constexpr int kBurst = 100;
  int in_flight = 0;
  int most = 0;
  bool all_there = false;
  TestServer server(
      [&](CallContext& call, const FetchRequest& request, FetchResponse* response) -> Task<grpc::Status> {
        most = std::max(most, ++in_flight);
        if (in_flight == kBurst) all_there = true;
        while (!all_there) co_await call.loop().SleepFor(1ms);
        if (--in_flight == 0) all_there = false;
        response->set_payload(request.payload());
        co_return grpc::Status();
      },
      {.armed = kArmed});
  auto stub = server.NewStub();
  std::vector<std::size_t> slots;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<PendingFetch>> calls;
    for (int i = 0; i < kBurst; ++i) calls.push_back(std::make_unique<PendingFetch>(*stub, std::to_string(i)));
    for (int i = 0; i < kBurst; ++i) {
      EXPECT_TRUE(calls[i]->Status().ok());
      EXPECT_EQ(calls[i]->response().payload(), std::to_string(i));
    }
    slots.push_back(server.slots());
    EXPECT_EQ(server.armed(), std::size_t{kArmed});
  }
  server.Stop();
  EXPECT_EQ(most, kBurst);
  // Each call in flight has one, and as many stay armed.
  EXPECT_EQ(slots, std::vector(3, kBurst + kArmed));
}

TEST(ServerCallTest, ShutdownUnderLoadGivesEveryCallAStatusAndTheLoopEnds) {
  constexpr int kCalls = 500;
  RecordingObserver observer;
  std::atomic<int> entered = 0;
  TestServer server(
      [&](CallContext& call, const FetchRequest&, FetchResponse*) -> Task<grpc::Status> {
        ++entered;
        co_return co_await call.loop().SleepFor(1h);
      },
      {.observer = &observer});
  auto stub = server.NewStub();
  std::vector<std::unique_ptr<PendingFetch>> calls;
  for (int i = 0; i < kCalls; ++i) calls.push_back(std::make_unique<PendingFetch>(*stub));
  while (entered < kCalls) std::this_thread::yield();
  server.Stop();
  for (const auto& call : calls) {
    const StatusCode code = call->Status().error_code();
    EXPECT_TRUE(code == StatusCode::CANCELLED || code == StatusCode::UNAVAILABLE) << code;
  }
  EXPECT_EQ(server.loop().timers().size(), 0u);
  EXPECT_EQ(observer.started, kCalls);
  EXPECT_EQ(observer.finished, std::vector(kCalls, StatusCode::CANCELLED));
}

TEST(ServerCallTest, WhenThePeerDisappearsItsHandlersAreResumed) {
  constexpr int kCalls = 20;
  std::atomic<int> entered = 0;
  std::promise<void> all_ended;
  std::vector<StatusCode> ended;
  TestServer server([&](CallContext& call, const FetchRequest&, FetchResponse*) -> Task<grpc::Status> {
    ++entered;
    grpc::Status slept = co_await call.loop().SleepFor(1h);
    ended.push_back(slept.error_code());
    if (ended.size() == kCalls) all_ended.set_value();
    co_return slept;
  });
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(server.port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  auto stub = v1::Meanwhile::NewStub(grpc::CreateInsecureChannelFromFd("peer", connection));
  std::vector<std::unique_ptr<PendingFetch>> calls;
  for (int i = 0; i < kCalls; ++i) calls.push_back(std::make_unique<PendingFetch>(*stub));
  while (entered < kCalls) std::this_thread::yield();
  shutdown(connection, SHUT_RDWR);
  Get(all_ended.get_future());
  server.Stop();
  EXPECT_EQ(ended, std::vector(kCalls, StatusCode::CANCELLED));
}

}  // namespace
}  // namespace meanwhile::async
