#include "server/health.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

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

class CountingListener final : public HealthState::Listener {
 public:
  void OnChange() override { ++told; }

  std::atomic<int> told = 0;
};

TEST(HealthTest, AListenerIsToldOfTheNextChangeOnce) {
  HealthState health;
  CountingListener listener;
  ASSERT_TRUE(health.Subscribe(&listener, health.LookAt("")));
  health.SetServing(false);
  EXPECT_EQ(listener.told, 0) << "nothing has changed";
  health.SetServing(true);
  EXPECT_EQ(listener.told, 1);
  health.SetServing(false);
  EXPECT_EQ(listener.told, 1) << "it has not subscribed again";
  EXPECT_FALSE(health.Unsubscribe(&listener)) << "it was told";
}

TEST(HealthTest, AListenerThatUnsubscribesIsNotTold) {
  HealthState health;
  CountingListener leaving, staying;
  ASSERT_TRUE(health.Subscribe(&leaving, health.LookAt("")));
  ASSERT_TRUE(health.Subscribe(&staying, health.LookAt("")));
  EXPECT_EQ(health.watches(), 2u);
  EXPECT_TRUE(health.Unsubscribe(&leaving));
  EXPECT_EQ(health.watches(), 1u);
  health.SetServing(true);
  EXPECT_EQ(health.watches(), 0u);
  EXPECT_EQ(leaving.told, 0);
  EXPECT_EQ(staying.told, 1);
}

TEST(HealthTest, NoChangeIsMissedBetweenALookAndTheSubscription) {
  HealthState health;
  const HealthState::Look look = health.LookAt("");
  health.SetServing(true);
  CountingListener listener;
  EXPECT_FALSE(health.Subscribe(&listener, look));
  EXPECT_TRUE(health.WaitForChange(look, [] { return true; })) << "does not wait at all";
}

TEST(HealthTest, AStopIsAChangeForEveryService) {
  HealthState health;
  for (const char* service : {"", "meanwhile.v2.Meanwhile"}) EXPECT_FALSE(health.LookAt(service).stopping);
  CountingListener listener;
  ASSERT_TRUE(health.Subscribe(&listener, health.LookAt("meanwhile.v2.Meanwhile")));
  health.Stop();
  health.Stop();
  EXPECT_EQ(listener.told, 1);
  for (const char* service : {"", "meanwhile.v2.Meanwhile"}) EXPECT_TRUE(health.LookAt(service).stopping);
}

TEST(HealthTest, AThreadWaitsForAChangeOrGivesUp) {
  HealthState health;
  const HealthState::Look look = health.LookAt("");
  EXPECT_FALSE(health.WaitForChange(look, [] { return true; }));
  std::thread changing([&] { health.SetServing(true); });
  EXPECT_TRUE(health.WaitForChange(look, [] { return false; }));
  EXPECT_EQ(health.LookAt("").status, HealthCheckResponse::SERVING);
  changing.join();
}

TEST(HealthTest, ListenersComeAndGoWhileTheStateChanges) {
  HealthState health;
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  std::atomic<int> subscribed = 0, left = 0, told = 0;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!done) {
        CountingListener listener;
        if (!health.Subscribe(&listener, health.LookAt(""))) continue;
        ++subscribed;
        if (health.Unsubscribe(&listener)) {
          ++left;
          EXPECT_EQ(listener.told, 0);
        } else {
          told += listener.told;
        }
      }
    });
  }
  while (subscribed < 10'000) health.SetServing(!(subscribed % 2));
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(subscribed, left + told) << "each was told once or left";
}

}  // namespace
}  // namespace meanwhile
