#include "server/observe/server_stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "client/version.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;
using Writers = CallCounter::Writers;

v1::GetServerStatsResponse Filled(const ServerStats& stats) {
  v1::GetServerStatsResponse response;
  stats.Fill(&response);
  return response;
}

CallRecord Ended(StatusCode code) { return {.code = code}; }

TEST(ServerStatsTest, TellsWhatTheServerIs) {
  ServerStats stats("async", "constant:50ms", absl::Milliseconds(50));
  stats.Start();
  const v1::GetServerStatsResponse response = Filled(stats);
  EXPECT_EQ(response.model(), "async");
  EXPECT_EQ(response.backend(), "constant:50ms");
  EXPECT_EQ(response.mean_wait().nanos(), 50'000'000);
  EXPECT_EQ(response.version(), kVersion);
  EXPECT_GT(response.start_time().seconds(), 0);
  EXPECT_GT(response.processor_time().seconds() + response.processor_time().nanos(), 0);
  EXPECT_GT(response.resident_bytes(), 1u << 20);
  EXPECT_GE(response.peak_resident_bytes(), response.resident_bytes());
  EXPECT_GE(response.threads(), 2u);
  EXPECT_GE(response.peak_threads(), response.threads());
}

TEST(ServerStatsTest, AddsUpTheCounters) {
  ServerStats stats("async", "constant:50ms", absl::Milliseconds(50));
  CallCounter* one = stats.AddCounter(Writers::kOne);
  CallCounter* other = stats.AddCounter(Writers::kMany);
  stats.Start();
  for (int i = 0; i < 5; ++i) one->OnStarted(CallMethod::kFetch);
  for (int i = 0; i < 3; ++i) other->OnStarted(CallMethod::kFetch);
  one->OnEnded(Ended(StatusCode::OK));
  other->OnEnded(Ended(StatusCode::OK));
  one->OnEnded({.code = StatusCode::RESOURCE_EXHAUSTED, .shed = ShedReason::kDeadline});
  other->OnEnded(Ended(static_cast<StatusCode>(31)));

  const v1::GetServerStatsResponse response = Filled(stats);
  EXPECT_EQ(response.started(), 8u);
  EXPECT_EQ(response.in_flight(), 4u);
  EXPECT_EQ(stats.in_flight(), 4u);
  EXPECT_EQ(response.shed(), 1u);
  EXPECT_EQ(response.shed_for_size(), 1);
  EXPECT_EQ(response.shed_for().at("deadline"), 1u);
  ASSERT_EQ(response.finished_size(), 3);
  EXPECT_EQ(response.finished().at("OK"), 2u);
  EXPECT_EQ(response.finished().at("RESOURCE_EXHAUSTED"), 1u);
  EXPECT_EQ(response.finished().at("UNKNOWN"), 1u) << "a code that gRPC does not know";
}

TEST(ServerStatsTest, CountsEachMethodApart) {
  ServerStats stats("async", "constant:50ms", absl::Milliseconds(50));
  CallCounter* counter = stats.AddCounter(Writers::kOne);
  for (int i = 0; i < 3; ++i) counter->OnStarted(CallMethod::kWatch);
  counter->OnStarted(CallMethod::kCompute);
  counter->OnEnded({.method = CallMethod::kWatch, .code = StatusCode::CANCELLED});
  counter->OnEnded(
      {.method = CallMethod::kCompute, .code = StatusCode::RESOURCE_EXHAUSTED, .shed = ShedReason::kPoolQueue});
  const CallCounts counts = stats.Counts();
  const auto of = [&](CallMethod method) { return counts.methods[static_cast<std::size_t>(method)]; };
  EXPECT_EQ(of(CallMethod::kWatch).started, 3u);
  EXPECT_EQ(of(CallMethod::kWatch).in_flight(), 2u);
  EXPECT_EQ(of(CallMethod::kWatch).ended[StatusCode::CANCELLED], 1u);
  const auto shed = [&](CallMethod method) {
    return of(method).shed[static_cast<std::size_t>(ShedReason::kPoolQueue)];
  };
  EXPECT_EQ(shed(CallMethod::kWatch), 0u);
  EXPECT_EQ(of(CallMethod::kCompute).in_flight(), 0u);
  EXPECT_EQ(shed(CallMethod::kCompute), 1u);
  EXPECT_EQ(of(CallMethod::kFetch).started, 0u);
}

TEST(ServerStatsTest, CountsTheExceptionsThatLeaveHandlers) {
  ServerStats stats("async", "constant:50ms", absl::Milliseconds(50));
  stats.AddCounter(Writers::kOne)->OnException("first");
  stats.AddCounter(Writers::kMany)->OnException("second");
  EXPECT_EQ(stats.Counts().exceptions, 2u);
}

TEST(ServerStatsTest, NamesEachStatusAsGrpcDoes) {
  ServerStats stats("async", "constant:50ms", absl::Milliseconds(50));
  CallCounter* counter = stats.AddCounter(Writers::kOne);
  stats.Start();
  counter->OnStarted(CallMethod::kFetch);
  counter->OnEnded(Ended(StatusCode::DEADLINE_EXCEEDED));
  counter->OnStarted(CallMethod::kFetch);
  counter->OnEnded(Ended(StatusCode::UNAUTHENTICATED));  // The last.
  EXPECT_EQ(Filled(stats).finished().count("DEADLINE_EXCEEDED"), 1u);
  EXPECT_EQ(Filled(stats).finished().count("UNAUTHENTICATED"), 1u);
}

TEST(ServerStatsTest, SeesPeaksThatAreOverWhenItIsAsked) {
  ServerStats stats("async", "constant:50ms", absl::Milliseconds(50));
  CallCounter* counter = stats.AddCounter(Writers::kOne);
  stats.Start();
  // Seven calls are in flight at all times but when it is asked.
  for (int i = 0; i < 7; ++i) counter->OnStarted(CallMethod::kFetch);
  EXPECT_TRUE(WaitUntil([&] {
    for (int i = 0; i < 7; ++i) counter->OnEnded(Ended(StatusCode::OK));
    const bool seen = Filled(stats).peak_in_flight() == 7;
    for (int i = 0; i < 7; ++i) counter->OnStarted(CallMethod::kFetch);
    return seen;
  }));
}

TEST(ServerStatsTest, APeakStays) {
  ServerStats stats("async", "constant:50ms", absl::Milliseconds(50));
  CallCounter* counter = stats.AddCounter(Writers::kOne);
  stats.Start();
  std::atomic<bool> end = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) threads.emplace_back([&] { end.wait(false); });
  for (int i = 0; i < 7; ++i) counter->OnStarted(CallMethod::kFetch);
  EXPECT_GE(Filled(stats).threads(), 20u);
  end = true;
  end.notify_all();
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 7; ++i) counter->OnEnded(Ended(StatusCode::OK));

  const v1::GetServerStatsResponse response = Filled(stats);
  EXPECT_EQ(response.in_flight(), 0u);
  EXPECT_EQ(response.peak_in_flight(), 7u);
  EXPECT_LT(response.threads(), 20u);
  EXPECT_GE(response.peak_threads(), 20u);
}

TEST(ServerStatsTest, NeverCountsLessThanNothingInFlight) {
  ServerStats stats("thread", "constant:50ms", absl::Milliseconds(50));
  CallCounter* counter = stats.AddCounter(Writers::kMany);
  stats.Start();
  std::atomic<bool> end = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!end) {
        counter->OnStarted(CallMethod::kFetch);
        counter->OnEnded(Ended(StatusCode::OK));
      }
    });
  }
  std::uint64_t most = 0;
  for (int i = 0; i < 10'000; ++i) most = std::max(most, stats.in_flight());
  end = true;
  for (std::thread& thread : threads) thread.join();
  // A call that starts and ends while the counters are read may be counted as in flight, but none is counted backwards.
  EXPECT_LT(most, std::numeric_limits<std::uint64_t>::max() / 2);
  EXPECT_EQ(stats.in_flight(), 0u);
}

}  // namespace
}  // namespace meanwhile
