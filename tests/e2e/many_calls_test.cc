// 5,000 calls in flight on one server of a model that holds no thread for each: a few threads, and every call is
// answered.

#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>

#include "tests/server/fetches_in_flight.h"
#include "tests/server/server_process.h"

namespace meanwhile {
namespace {

constexpr std::size_t kCalls = 5000;

class ManyCallsTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Models, ManyCallsTest, testing::Values("async", "callback"),
                         [](const testing::TestParamInfo<const char*>& info) { return info.param; });

TEST_P(ManyCallsTest, FiveThousandCallsAreInFlightOnAFewThreads) {
  ServerProcess server({std::string("--model=") + GetParam(), "--reflection=false"});
  // Long enough for the last to start before the first ends, on a slow machine too.
  FetchesInFlight fetches(server.target(), kCalls, absl::Seconds(10), {.connections = 8});
  EXPECT_TRUE(server.HasInFlight(kCalls));
  EXPECT_EQ(fetches.Ended(), (Counts{{grpc::StatusCode::OK, kCalls}}));

  const v1::GetServerStatsResponse stats = server.Stats();
  EXPECT_EQ(stats.peak_in_flight(), kCalls);
  EXPECT_EQ(stats.finished().at("OK"), kCalls);
  EXPECT_LE(stats.peak_threads(), std::thread::hardware_concurrency() + 32);  // In callback gRPC has some of its own.
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(), 0) << server.err();
}

}  // namespace
}  // namespace meanwhile
