// How a server ends, in this process: no call is left without a status.

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <map>
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

class ShutdownTest : public testing::TestWithParam<ModelKind> {
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

INSTANTIATE_TEST_SUITE_P(Models, ShutdownTest, testing::ValuesIn(kAllModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(ShutdownTest, CallsInFlightFinishWithinTheGraceAndTheClientHearsOfIt) {
  const std::unique_ptr<Server> server = StartServer();
  // All responses are sent at once, and are more than the client's sockets take without being read.
  FetchesInFlight fetches(server->address(), 500, absl::Seconds(1), {.connections = 4, .payload_size = 20'000});
  ASSERT_TRUE(HasStarted(*server, 500));
  server->Shutdown(kPatience);
  const v1::GetServerStatsResponse stats = server->GetStats();
  EXPECT_EQ(stats.in_flight(), 0u);
  ASSERT_EQ(stats.finished_size(), 1) << "a call was cut short";
  EXPECT_EQ(stats.finished().at("OK"), 500u);
  EXPECT_EQ(fetches.Ended(), (Counts{{StatusCode::OK, 500}})) << "a response was lost on its way";
}

TEST_P(ShutdownTest, CallsLongerThanTheGraceAreCancelledWithAStatus) {
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

TEST_P(ShutdownTest, CancelCallsCutsTheGraceShort) {
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

TEST_P(ShutdownTest, RefusesNewCallsDuringTheGrace) {
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

// What of this process a server might leave behind.
struct Left {
  static Left Now() { return {Entries("/proc/self/fd"), Entries("/proc/self/task")}; }
  static std::size_t Entries(const char* directory) {
    const std::filesystem::directory_iterator entries(directory);
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }

  std::size_t descriptors;
  std::size_t threads;
};

TEST_P(ShutdownTest, AHundredStartsAndStopsUnderLoadLoseNoCallAndLeaveNothing) {
  Left most{};
  for (int round = 0; round < 100; ++round) {
    {
      const std::unique_ptr<Server> server = StartServer();
      FetchesInFlight fetches(server->address(), 100, absl::Milliseconds(5), {.connections = 2});
      // At another moment of the load each time, from before the first call to after the last.
      ASSERT_TRUE(HasStarted(*server, round % 21 * 5));
      server->Shutdown(absl::Milliseconds(round % 3));
      EXPECT_EQ(server->GetStats().in_flight(), 0u);
      EXPECT_TRUE(server->CallsInFlight().empty());
      fetches.Cancel();  // Those that the server never took would wait for another one.
      EXPECT_EQ(Sum(fetches.Ended()), 100u);
    }
    // gRPC keeps threads and descriptors of its own; the first rounds show how many.
    if (round < 20) {
      const Left left = Left::Now();
      most = {std::max(most.descriptors, left.descriptors), std::max(most.threads, left.threads)};
    }
  }
  Left left{};
  EXPECT_TRUE(WaitUntil([&] {
    left = Left::Now();
    return left.descriptors <= most.descriptors && left.threads <= most.threads;
  })) << left.descriptors
      << " descriptors instead of " << most.descriptors << ", " << left.threads << " threads instead of "
      << most.threads;
}

}  // namespace
}  // namespace meanwhile
