#include "server/health.h"

#include <gtest/gtest.h>

namespace meanwhile {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

TEST(HealthTest, TellsOfTheServerAndEachServiceWhetherItServes) {
  HealthState health;
  for (const bool serving : {false, true, false}) {
    if (serving) health.SetServing(true);
    for (const char* service : {"", "meanwhile.v1.Meanwhile", "meanwhile.v1.Admin"}) {
      HealthCheckRequest request;
      request.set_service(service);
      HealthCheckResponse response;
      EXPECT_TRUE(health.Check(request, &response).ok());
      EXPECT_EQ(response.status(), serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
    }
    health.SetServing(false);
  }
}

TEST(HealthTest, DoesNotKnowOtherServices) {
  HealthState health;
  health.SetServing(true);
  HealthCheckRequest request;
  request.set_service("meanwhile.v2.Meanwhile");
  HealthCheckResponse response;
  const grpc::Status status = health.Check(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "service meanwhile.v2.Meanwhile is not served here");
}

}  // namespace
}  // namespace meanwhile
