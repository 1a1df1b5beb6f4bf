// How a server ends, in this process: no call is left without a status.

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "client/channel_pool.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "server/server.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

class LifecycleTest : public testing::TestWithParam<ModelKind> {
 protected:
  static std::unique_ptr<Server> StartServer() {
    const ServerOptions options{.model = GetParam(),
                                .listen = "127.0.0.1:0",
                                .loops = 2,
                                .armed = 64,
                                .pool_threads = 500,  // Of the pool model: as many as calls.
                                .backend = *ParseBackendSpec("constant:1ms")};
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  static bool HasStarted(const Server& server, std::uint64_t calls) {
    return WaitUntil([&] { return server.GetStats().started() >= calls; });
  }
};

INSTANTIATE_TEST_SUITE_P(Models, LifecycleTest, testing::ValuesIn(kAllModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(LifecycleTest, CallsInFlightFinishWithinTheGrace) {
  const std::unique_ptr<Server> server = StartServer();
  FetchesInFlight fetches(server->address(), 500, absl::Seconds(1), {.connections = 4});
  ASSERT_TRUE(HasStarted(*server, 500));
  server->Shutdown(kPatience);
  const v1::GetServerStatsResponse stats = server->GetStats();
  EXPECT_EQ(stats.in_flight(), 0u);
  ASSERT_EQ(stats.finished_size(), 1) << "a call was cut short";
  EXPECT_EQ(stats.finished().at("OK"), 500u);
  // gRPC closes a connection right after its last response: see server.h.
  Counts ended = fetches.Ended();
  EXPECT_EQ(ended[StatusCode::OK] + ended[StatusCode::UNAVAILABLE], 500u);
  EXPECT_GT(ended[StatusCode::OK], 0u);
}

TEST_P(LifecycleTest, CallsLongerThanTheGraceAreCancelledWithAStatus) {
  const std::unique_ptr<Server> server = StartServer();
  FetchesInFlight fetches(server->address(), 500, absl::Seconds(60), {.connections = 4});
  ASSERT_TRUE(HasStarted(*server, 500));
  server->Shutdown(absl::Milliseconds(20));
  const Counts ended = fetches.Ended();
  EXPECT_EQ(Sum(ended), 500u);
  EXPECT_EQ(ended.count(StatusCode::OK), 0u);
  EXPECT_EQ(server->GetStats().in_flight(), 0u) << "every handler has returned";
  EXPECT_EQ(server->GetStats().finished().at("CANCELLED"), 500u);
}

TEST_P(LifecycleTest, CancelCallsCutsTheGraceShort) {
  const std::unique_ptr<Server> server = StartServer();
  FetchesInFlight fetches(server->address(), 10, absl::Seconds(60));
  ASSERT_TRUE(HasStarted(*server, 10));
  std::thread shutdown([&] { server->Shutdown(absl::Hours(1)); });
  // Not before the shutdown has begun; a second one does no harm.
  EXPECT_TRUE(WaitUntil([&] {
    server->CancelCalls();
    return server->GetStats().in_flight() == 0;
  }));
  shutdown.join();
  EXPECT_EQ(Sum(fetches.Ended()), 10u);
}

TEST_P(LifecycleTest, RefusesNewCallsDuringTheGrace) {
  const std::unique_ptr<Server> server = StartServer();
  FetchesInFlight fetches(server->address(), 1, absl::Seconds(60));
  ASSERT_TRUE(HasStarted(*server, 1));
  ChannelPool connected({.target = server->address()});
  ASSERT_TRUE(connected.Connect(kPatience).ok());
  ChannelPool unconnected({.target = server->address()});
  std::thread shutdown([&] { server->Shutdown(absl::Hours(1)); });
  for (ChannelPool* pool : {&connected, &unconnected}) {
    const auto stub = grpc::health::v1::Health::NewStub(pool->channel(0));
    // At first a call may still be taken; later ones must neither be taken nor hang.
    EXPECT_TRUE(WaitUntil([&] {
      grpc::ClientContext context;
      context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
      grpc::health::v1::HealthCheckResponse response;
      const StatusCode code = stub->Check(&context, {}, &response).error_code();
      EXPECT_NE(code, StatusCode::DEADLINE_EXCEEDED);
      return code == StatusCode::UNAVAILABLE;
    }));
  }
  EXPECT_EQ(server->GetStats().in_flight(), 1u) << "what was in flight goes on";
  server->CancelCalls();
  shutdown.join();
}

TEST_P(LifecycleTest, StartsAndStopsTwentyTimesUnderLoad) {
  for (int round = 0; round < 20; ++round) {
    const std::unique_ptr<Server> server = StartServer();
    FetchesInFlight fetches(server->address(), 100, absl::Milliseconds(5), {.connections = 2});
    // At another moment of the load each time, from before the first call to after the last.
    ASSERT_TRUE(HasStarted(*server, round * 5));
    server->Shutdown(absl::Milliseconds(round % 3));
    EXPECT_EQ(server->GetStats().in_flight(), 0u);
    fetches.Cancel();  // Those that the server never took would wait for another one.
    EXPECT_EQ(Sum(fetches.Ended()), 100u);
  }
}

}  // namespace
}  // namespace meanwhile
