// What the pool model has of its own: a bound on the calls served at a time, a bound on those that wait for it, and an
// end to waiting.

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "client/channel_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/model/served_model.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

// Two threads, and room for two calls that wait for them.
class PoolModelTest : public testing::Test {
 protected:
  PoolModelTest() {
    ServerOptions options = ServedModel::SmallServer(ModelKind::kPool);
    options.pool_threads = 2;
    options.pool_queue = 2;
    served_ = std::make_unique<ServedModel>(options);
  }

  ServedModel& served() { return *served_; }

 private:
  std::unique_ptr<ServedModel> served_;
};

TEST_F(PoolModelTest, ServesSoManyAtATimeAndTheRestWaitForTheirTurn) {
  ServerOptions options = ServedModel::SmallServer(ModelKind::kPool);
  options.pool_threads = 2;
  // One more at a time would find the backend full and fail.
  options.backend = *ParseBackendSpec("constant:5ms,capacity=2,queue=0");
  ServedModel served(options);
  FetchesInFlight fetches(served.target(), 50, absl::Milliseconds(5));
  EXPECT_EQ(fetches.Ended(), (Counts{{StatusCode::OK, 50}}));
  EXPECT_GT(served.server().GetStats().peak_in_flight(), 2u);
}

TEST_F(PoolModelTest, ShedsWhenTheQueueIsFull) {
  FetchesInFlight fetches(served().target(), 4, absl::Minutes(1));
  ASSERT_TRUE(served().HasInFlight(4));
  EXPECT_EQ(served().Call("Fetch", ""), "RESOURCE_EXHAUSTED the server's thread pool is full");
  // It is counted when its end was sent, which the client may see first.
  EXPECT_TRUE(WaitUntil([&] { return served().server().GetStats().shed() == 1; }));
  // Streams take a thread as well.
  ChannelPool channels({.target = served().target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));
  grpc::ClientContext context;
  const auto stream = stub->Exchange(&context);
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(WaitUntil([&] { return served().server().GetStats().shed() == 2; }));

  fetches.Cancel();
  EXPECT_TRUE(served().HasFinished("CANCELLED", 4));
  EXPECT_EQ(served().Call("Fetch", ""), "OK waited { }") << "there is room again";
}

TEST_F(PoolModelTest, ACallThatIsCancelledInTheQueueLeavesIt) {
  FetchesInFlight running(served().target(), 2, absl::Minutes(1));
  ASSERT_TRUE(served().HasInFlight(2));
  FetchesInFlight queued(served().target(), 2, absl::Minutes(1));
  ASSERT_TRUE(served().HasInFlight(4));
  queued.Cancel();
  EXPECT_TRUE(served().HasFinished("CANCELLED", 2));
  EXPECT_EQ(served().server().GetStats().in_flight(), 2u) << "those that run go on";
  FetchesInFlight others(served().target(), 2, absl::Minutes(1));
  EXPECT_TRUE(served().HasInFlight(4));
  EXPECT_EQ(served().server().GetStats().shed(), 0u) << "the places are free again";
}

TEST_F(PoolModelTest, ACallWhoseDeadlinePassesInTheQueueLeavesIt) {
  FetchesInFlight running(served().target(), 2, absl::Minutes(1));
  ASSERT_TRUE(served().HasInFlight(2));
  FetchesInFlight queued(served().target(), 2, absl::ZeroDuration(), {.timeout = absl::Milliseconds(50)});
  EXPECT_EQ(queued.Ended(), (Counts{{StatusCode::DEADLINE_EXCEEDED, 2}}));
  EXPECT_TRUE(served().HasFinished("DEADLINE_EXCEEDED", 2));
  EXPECT_EQ(served().server().GetStats().in_flight(), 2u);
}

TEST_F(PoolModelTest, TellsItsHealthAndItsStatsWhenItIsFull) {
  FetchesInFlight fetches(served().target(), 4, absl::Minutes(1));
  ASSERT_TRUE(served().HasInFlight(4));
  EXPECT_EQ(served().Call("grpc.health.v1.Health.Check", ""), "OK status: SERVING");
  EXPECT_EQ(served().Call("meanwhile.v1.Admin.GetServerStats", "").substr(0, 3), "OK ");
}

TEST_F(PoolModelTest, AShutdownEndsWhatRunsAndWhatIsQueued) {
  FetchesInFlight fetches(served().target(), 4, absl::Minutes(1));
  ASSERT_TRUE(served().HasInFlight(4));
  served().server().Shutdown(absl::Milliseconds(20));
  EXPECT_EQ(served().server().GetStats().finished().at("CANCELLED"), 4u);
  EXPECT_EQ(fetches.Ended().count(StatusCode::OK), 0u);
}

}  // namespace
}  // namespace meanwhile
