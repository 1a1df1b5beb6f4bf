// 5,000 calls in flight on one async server: a few threads, and every call is answered.

#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <thread>

#include "tests/server/fetches_in_flight.h"
#include "tests/server/server_process.h"

namespace meanwhile {
namespace {

constexpr std::size_t kCalls = 5000;

TEST(ManyCallsTest, FiveThousandCallsAreInFlightOnAFewThreads) {
  ServerProcess server({"--model=async", "--reflection=false"});
  // Long enough for the last to start before the first ends, on a slow machine too.
  FetchesInFlight fetches(server.target(), kCalls, absl::Seconds(10), {.connections = 8});
  EXPECT_TRUE(server.HasInFlight(kCalls));
  EXPECT_EQ(fetches.Ended(), (std::map<grpc::StatusCode, std::size_t>{{grpc::StatusCode::OK, kCalls}}));

  const v1::GetServerStatsResponse stats = server.Stats();
  EXPECT_EQ(stats.peak_in_flight(), kCalls);
  EXPECT_EQ(stats.finished().at("OK"), kCalls);
  EXPECT_LE(stats.peak_threads(), std::thread::hardware_concurrency() + 12);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
}

}  // namespace
}  // namespace meanwhile
