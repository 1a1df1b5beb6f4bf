#include "client/meanwhile_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>
#include <vector>

#include "async/when_all.h"
#include "tests/client/test_server.h"

namespace meanwhile {
namespace {

class MeanwhileClientTest : public testing::Test {
 protected:
  // Runs the task on the client's loop to its end.
  void Run(async::Task<> task) {
    loop_.Spawn(std::move(task));
    loop_.Stop();
    loop_.Run();
  }

  TestServer server_;
  ChannelPool pool_{{.target = server_.target(), .connections = 3}};
  async::EventLoop loop_;
  MeanwhileClient client_{&loop_, pool_};
  grpc::Status status_;
};

TEST_F(MeanwhileClientTest, FetchBringsThePayloadBack) {
  v1::FetchRequest request;
  request.set_payload("hello");
  v1::FetchResponse response;
  auto call = [&]() -> async::Task<> { status_ = co_await client_.Fetch(request, &response); };
  Run(call());
  EXPECT_TRUE(status_.ok()) << status_.error_message();
  EXPECT_EQ(response.payload(), "hello");
}

TEST_F(MeanwhileClientTest, GatherComputeStatsAndHealthReachTheirMethods) {
  v1::GatherRequest gather;
  gather.set_mode(v1::GatherRequest::AT_ONCE);
  gather.add_waits();
  v1::GatherResponse gathered;
  v1::ComputeRequest compute;
  compute.set_rounds(40);
  compute.set_seed(2);
  v1::ComputeResponse computed;
  v1::GetServerStatsRequest stats_request;
  v1::GetServerStatsResponse stats;
  grpc::health::v1::HealthCheckRequest health_request;
  grpc::health::v1::HealthCheckResponse health;
  std::vector<grpc::Status> statuses;
  auto calls = [&]() -> async::Task<> {
    statuses.push_back(co_await client_.Gather(gather, &gathered));
    statuses.push_back(co_await client_.Compute(compute, &computed));
    statuses.push_back(co_await client_.GetServerStats(stats_request, &stats));
    statuses.push_back(co_await client_.Check(health_request, &health));
  };
  Run(calls());
  ASSERT_EQ(statuses.size(), 4u);
  for (const grpc::Status& status : statuses) EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(gathered.waited_size(), 1);
  EXPECT_EQ(gathered.elapsed().seconds(), v1::GatherRequest::AT_ONCE);
  EXPECT_EQ(computed.digest(), 42u);
  EXPECT_EQ(stats.model(), "test");
  EXPECT_EQ(health.status(), grpc::health::v1::HealthCheckResponse::SERVING);
}

TEST_F(MeanwhileClientTest, SpreadsCallsOverAllConnections) {
  v1::FetchRequest request;
  std::vector<v1::FetchResponse> responses(7);
  auto calls = [&]() -> async::Task<> {
    for (v1::FetchResponse& response : responses) co_await client_.Fetch(request, &response);
  };
  Run(calls());
  EXPECT_EQ(server_.fetches(), 7u);
  EXPECT_EQ(server_.peers(), 3u);
}

TEST_F(MeanwhileClientTest, GivesTheServersStatusAndMessage) {
  v1::FetchRequest request;
  request.set_payload("fail");
  v1::FetchResponse response;
  auto call = [&]() -> async::Task<> { status_ = co_await client_.Fetch(request, &response); };
  Run(call());
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status_.error_message(), "as the test wants it");
}

TEST_F(MeanwhileClientTest, EndsACallAtItsTimeout) {
  v1::FetchRequest request;
  request.mutable_wait()->mutable_simulated()->mutable_constant()->set_seconds(60);
  v1::FetchResponse response;
  auto call = [&]() -> async::Task<> {
    status_ = co_await client_.Fetch(request, &response, {.timeout = absl::Milliseconds(20)});
  };
  Run(call());
  EXPECT_EQ(status_.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(MeanwhileClientTest, CancelsTheCallWithTheCoroutineThatAwaitsIt) {
  v1::FetchRequest request;
  request.mutable_wait()->mutable_simulated()->mutable_constant()->set_seconds(60);
  v1::FetchRequest failing;
  failing.set_payload("fail");
  v1::FetchResponse response, failed;
  std::vector<grpc::Status> statuses;
  auto calls = [&]() -> async::Task<> {
    std::vector<async::Task<grpc::Status>> fetches;
    fetches.push_back(client_.Fetch(request, &response));
    fetches.push_back(client_.Fetch(failing, &failed));
    statuses = co_await async::WhenAll(loop_, std::move(fetches));
  };
  Run(calls());
  ASSERT_EQ(statuses.size(), 2u);
  EXPECT_EQ(statuses[0].error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(statuses[1].error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace meanwhile
