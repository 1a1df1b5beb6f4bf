// A server that stops while calls are in every state that a call can be in, in each model. The client is gRPC's own.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "client/channel_pool.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/model/served_model.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::Pair;

constexpr std::size_t kComputing = 3;
constexpr std::size_t kWaiting = 5;
// One of each: Watch whose reader reads nothing, Collect without a message, Exchange that is open, Exchange
// half-closed.
constexpr std::size_t kStreams = 4;

// Unary calls of Compute.
class Computations {
 public:
  Computations(v1::Meanwhile::Stub* stub, std::size_t count, std::uint64_t rounds) : calls_(count), running_(count) {
    request_.set_rounds(rounds);
    for (Call& call : calls_) {
      stub->async()->Compute(&call.context, &request_, &call.response, [this](const grpc::Status& status) {
        const std::lock_guard lock(mutex_);
        ++ended_[status.error_code()];
        if (--running_ == 0) none_runs_.notify_all();
      });
    }
  }
  ~Computations() { Ended(); }

  Counts Ended() {
    std::unique_lock lock(mutex_);
    none_runs_.wait(lock, [this] { return running_ == 0; });
    return ended_;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::ComputeResponse response;
  };

  v1::ComputeRequest request_;
  std::vector<Call> calls_;
  std::mutex mutex_;
  std::condition_variable none_runs_;
  std::size_t running_;
  Counts ended_;
};

class DrainTest : public testing::TestWithParam<ModelKind> {
 protected:
  // In the pool model there is a thread for each call but for two of those that wait, which are queued; in async and
  // callback one thread, so all but one of those that compute are queued.
  static ServerOptions Options() {
    ServerOptions options = ServedModel::SmallServer(GetParam());
    if (GetParam() == ModelKind::kPool) options.pool_threads = kStreams + kComputing + kWaiting - 2;
    return options;
  }

  // Calls in every state. `wait` is what those that wait take, `rounds` what those that compute do.
  void StartCalls(absl::Duration wait, std::uint64_t rounds) {
    v1::WatchRequest watched;
    watched.set_count(20);
    watched.mutable_wait()->mutable_simulated()->mutable_constant();
    watched.set_payload(std::string(1 << 20, 'x'));  // One item is more than is sent to a client that does not read.
    watch_ = stub_->Watch(&contexts_[0], watched);

    collect_ = stub_->Collect(&contexts_[1], &collected_);
    open_ = stub_->Exchange(&contexts_[2]);

    half_closed_ = stub_->Exchange(&contexts_[3]);
    v1::ExchangeRequest message;
    message.set_payload("hello");
    message.mutable_wait()->mutable_simulated()->mutable_constant()->set_nanos(
        static_cast<int>(std::min<std::int64_t>(absl::ToInt64Nanoseconds(wait), 999'999'999)));
    ASSERT_TRUE(half_closed_->Write(message));
    ASSERT_TRUE(half_closed_->WritesDone());

    health_watch_ = health_->Watch(&contexts_[4], {});
    grpc::health::v1::HealthCheckResponse health;
    ASSERT_TRUE(health_watch_->Read(&health));

    ASSERT_TRUE(idle_.Connect(kPatience).ok());
    ASSERT_TRUE(served_.HasInFlight(kStreams));
    computing_ = std::make_unique<Computations>(stub_.get(), kComputing, rounds);
    waiting_ = std::make_unique<FetchesInFlight>(served_.target(), kWaiting, wait);
    ASSERT_TRUE(WaitUntil([&] { return server().GetStats().started() == kStreams + kComputing + kWaiting; }));
  }

  // The end of the watch of health, which no grace concerns.
  void ExpectHealthWatchEnds() {
    grpc::health::v1::HealthCheckResponse health;
    ASSERT_TRUE(health_watch_->Read(&health));
    EXPECT_EQ(health.status(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
    EXPECT_FALSE(health_watch_->Read(&health));
    EXPECT_EQ(health_watch_->Finish().error_message(), "the server stops");
  }

  Server& server() { return served_.server(); }
  // How many calls of each method the server shows.
  std::map<std::string, std::size_t> InFlight() {
    std::map<std::string, std::size_t> methods;
    for (const async::InFlightCalls::Call& call : server().CallsInFlight()) ++methods[call.method];
    return methods;
  }

  ServedModel served_{Options()};
  ChannelPool channels_{{.target = served_.target()}};
  ChannelPool idle_{{.target = served_.target(), .connections = 4}};
  const std::unique_ptr<v1::Meanwhile::Stub> stub_ = v1::Meanwhile::NewStub(channels_.channel(0));
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_ =
      grpc::health::v1::Health::NewStub(channels_.channel(0));
  grpc::ClientContext contexts_[5];
  v1::CollectResponse collected_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> watch_;
  std::unique_ptr<grpc::ClientWriter<v1::CollectRequest>> collect_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ExchangeRequest, v1::ExchangeResponse>> open_, half_closed_;
  std::unique_ptr<grpc::ClientReader<grpc::health::v1::HealthCheckResponse>> health_watch_;
  std::unique_ptr<Computations> computing_;
  std::unique_ptr<FetchesInFlight> waiting_;
};

INSTANTIATE_TEST_SUITE_P(Models, DrainTest, testing::ValuesIn(kAllModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(DrainTest, CallsInEveryStateFinishWithinTheGrace) {
  StartCalls(absl::Milliseconds(300), 1'000'000);
  std::thread shutdown([&] { server().Shutdown(absl::Hours(1)); });
  ExpectHealthWatchEnds();  // The shutdown has begun.

  // The others go on: the reader reads at last, messages are sent and answered, and the streams end.
  v1::WatchResponse item;
  std::size_t items = 0;
  while (watch_->Read(&item)) ++items;
  EXPECT_EQ(items, 20u);
  EXPECT_TRUE(watch_->Finish().ok());

  v1::ExchangeResponse answer;
  EXPECT_TRUE(half_closed_->Read(&answer));
  EXPECT_EQ(answer.payload(), "hello");
  EXPECT_FALSE(half_closed_->Read(&answer));
  EXPECT_TRUE(half_closed_->Finish().ok());

  EXPECT_TRUE(open_->Write(v1::ExchangeRequest()));
  EXPECT_TRUE(open_->Read(&answer));
  open_->WritesDone();
  EXPECT_TRUE(open_->Finish().ok());

  EXPECT_EQ(computing_->Ended(), (Counts{{StatusCode::OK, kComputing}}));
  EXPECT_EQ(waiting_->Ended(), (Counts{{StatusCode::OK, kWaiting}}));

  EXPECT_TRUE(collect_->Write(v1::CollectRequest()));
  collect_->WritesDone();
  EXPECT_TRUE(collect_->Finish().ok());
  EXPECT_EQ(collected_.count(), 1u);

  shutdown.join();
  EXPECT_THAT(server().GetStats().finished(),
              testing::UnorderedElementsAre(Pair("OK", kStreams + kComputing + kWaiting)));
  EXPECT_TRUE(InFlight().empty());
}

TEST_P(DrainTest, CallsInEveryStateAreShownAndCancelledWhenTheGraceIsOver) {
  StartCalls(absl::Seconds(60), 1'000'000'000);
  EXPECT_THAT(InFlight(), ElementsAre(Pair("Collect", 1), Pair("Compute", kComputing), Pair("Exchange", 2),
                                      Pair("Fetch", kWaiting), Pair("Watch", 1)));
  server().Shutdown(absl::Milliseconds(50));
  EXPECT_TRUE(InFlight().empty());
  EXPECT_EQ(server().GetStats().in_flight(), 0u);

  // A client is not told the status before it has read what came.
  v1::WatchResponse item;
  while (watch_->Read(&item)) {
  }
  EXPECT_FALSE(watch_->Finish().ok());
  EXPECT_FALSE(collect_->Finish().ok());
  v1::ExchangeResponse answer;
  EXPECT_FALSE(open_->Read(&answer));
  EXPECT_FALSE(open_->Finish().ok());
  EXPECT_EQ(computing_->Ended().count(StatusCode::OK), 0u);
  const Counts waited = waiting_->Ended();
  EXPECT_EQ(waited.count(StatusCode::OK), 0u);
  std::size_t ended = 0;
  for (const auto& [status, count] : waited) ended += count;
  EXPECT_EQ(ended, kWaiting);
  ExpectHealthWatchEnds();
}

}  // namespace
}  // namespace meanwhile
