// A watch of health, in every model that serves it.

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "client/channel_pool.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/server/model/served_model.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class HealthWatchTest : public testing::TestWithParam<ModelKind> {
 protected:
  // A watch of one service by one client.
  class Watch {
   public:
    Watch(grpc::health::v1::Health::Stub* stub, const std::string& service) {
      HealthCheckRequest request;
      request.set_service(service);
      stream_ = stub->Watch(&context_, request);
    }

    // What is told next; UNKNOWN at the end.
    HealthCheckResponse::ServingStatus Next() {
      HealthCheckResponse response;
      return stream_->Read(&response) ? response.status() : HealthCheckResponse::UNKNOWN;
    }
    grpc::Status Finish() { return stream_->Finish(); }
    void Cancel() { context_.TryCancel(); }

   private:
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> stream_;
  };

  Server& server() { return served_.server(); }
  grpc::health::v1::Health::Stub* stub() { return stub_.get(); }

 private:
  ServedModel served_{GetParam()};
  ChannelPool channels_{{.target = served_.target()}};
  const std::unique_ptr<grpc::health::v1::Health::Stub> stub_ = grpc::health::v1::Health::NewStub(channels_.channel(0));
};

INSTANTIATE_TEST_SUITE_P(Models, HealthWatchTest, testing::ValuesIn(kStreamingModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(HealthWatchTest, TellsThePresentStatusAtOnceAndTheLastBeforeTheServerStops) {
  Watch all(stub(), ""), one(stub(), "meanwhile.v1.Meanwhile");
  for (Watch* watch : {&all, &one}) EXPECT_EQ(watch->Next(), HealthCheckResponse::SERVING);
  server().Shutdown(absl::Hours(1));  // Which no watch delays.
  for (Watch* watch : {&all, &one}) {
    EXPECT_EQ(watch->Next(), HealthCheckResponse::NOT_SERVING);
    EXPECT_EQ(watch->Next(), HealthCheckResponse::UNKNOWN);
    const grpc::Status status = watch->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(status.error_message(), "the server stops");
  }
}

TEST_P(HealthWatchTest, AnUnknownServiceIsToldSoAndWatchedOn) {
  Watch watch(stub(), "meanwhile.v2.Meanwhile");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  server().Shutdown(absl::Hours(1));
  EXPECT_EQ(watch.Next(), HealthCheckResponse::UNKNOWN) << "the server's status is not that of the service";
  EXPECT_EQ(watch.Finish().error_message(), "the server stops") << "it went on until then";
}

TEST_P(HealthWatchTest, AWatchThatIsCancelledEndsAndTheOthersGoOn) {
  Watch cancelled(stub(), ""), other(stub(), "");
  for (Watch* watch : {&cancelled, &other}) EXPECT_EQ(watch->Next(), HealthCheckResponse::SERVING);
  EXPECT_TRUE(WaitUntil([&] { return server().health().watches() == 2; }));
  cancelled.Cancel();
  EXPECT_EQ(cancelled.Finish().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_TRUE(WaitUntil([&] { return server().health().watches() == 1; }));
  server().Shutdown(absl::Hours(1));
  EXPECT_EQ(other.Next(), HealthCheckResponse::NOT_SERVING);
}

TEST_P(HealthWatchTest, WatchesAreNotCountedAsCalls) {
  Watch watch(stub(), "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
  EXPECT_EQ(server().GetStats().started(), 0u);
}

TEST_P(HealthWatchTest, ManyStartAndEndWhileTheServerStops) {
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < 50; ++i) watches.push_back(std::make_unique<Watch>(stub(), ""));
  for (int i = 0; i < 50; i += 3) watches[i]->Cancel();
  server().Shutdown(absl::Hours(1));
  for (const auto& watch : watches) {
    while (watch->Next() != HealthCheckResponse::UNKNOWN) {
    }
    EXPECT_FALSE(watch->Finish().ok());
  }
}

}  // namespace
}  // namespace meanwhile
