// Every model sheds in the same way what is too much and what is too late. The client is gRPC's own.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "client/channel_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/model/served_model.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;
using testing::StartsWith;

using Counts = std::map<StatusCode, std::size_t>;

constexpr char kOk[] = "OK waited { }";

ServerOptions Options(ModelKind model, std::size_t max_in_flight, const std::string& backend = "constant:1ms") {
  ServerOptions options = ServedModel::SmallServer(model);
  options.max_in_flight = max_in_flight;
  options.backend = *ParseBackendSpec(backend);
  options.loops = 2;
  if (model == ModelKind::kPool) options.pool_threads = 64;  // More than there are places.
  return options;
}

class AdmissionTest : public testing::TestWithParam<ModelKind> {
 protected:
  static bool HasShed(ServedModel& served, const std::string& reason, std::uint64_t count) {
    return WaitUntil([&] { return Shed(served, reason) == count; });
  }
  static std::uint64_t Shed(ServedModel& served, const std::string& reason) {
    const v1::GetServerStatsResponse stats = served.server().GetStats();
    const auto found = stats.shed_for().find(reason);
    return found != stats.shed_for().end() ? found->second : 0;
  }
};

INSTANTIATE_TEST_SUITE_P(Models, AdmissionTest, testing::ValuesIn(kAllModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(AdmissionTest, ServesAsManyAsItMayAndShedsTheRest) {
  ServedModel served(Options(GetParam(), 10));
  FetchesInFlight fetches(served.target(), 30, absl::Minutes(1), {.connections = 4});
  EXPECT_TRUE(HasShed(served, "max_in_flight", 20));
  EXPECT_TRUE(served.HasInFlight(10));
  EXPECT_EQ(served.server().GetStats().shed(), 20u);
  EXPECT_EQ(served.Call("Fetch", ""), "RESOURCE_EXHAUSTED the server is full: 10 calls are in flight");
  fetches.Cancel();
  EXPECT_TRUE(served.HasFinished("CANCELLED", 10));
  EXPECT_EQ(served.Call("Fetch", ""), kOk) << "there is room again";
}

TEST_P(AdmissionTest, NeverAreMoreHandlersLiveThanTheCapWhileTheyComeAndGo) {
  // A ninth handler at a time would find the backend full, and would not be counted as shed.
  ServedModel served(Options(GetParam(), 8, "constant:1ms,capacity=8,queue=0"));
  for (int round = 0; round < 3; ++round) {
    FetchesInFlight fetches(served.target(), 400, absl::Milliseconds(2), {.connections = 4});
    Counts ended = fetches.Ended();
    EXPECT_EQ(ended[StatusCode::OK] + ended[StatusCode::RESOURCE_EXHAUSTED], 400u);
    EXPECT_GE(ended[StatusCode::OK], 8u);
  }
  EXPECT_TRUE(served.HasInFlight(0));
  const v1::GetServerStatsResponse stats = served.server().GetStats();
  const auto refused = stats.finished().find("RESOURCE_EXHAUSTED");
  EXPECT_EQ(refused == stats.finished().end() ? 0 : refused->second, Shed(served, "max_in_flight"));
}

TEST_P(AdmissionTest, AClientThatHasItsAnswerFindsThePlaceFree) {
  ServedModel served(Options(GetParam(), 1));
  ChannelPool channels({.target = served.target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(served.Call("Fetch", ""), kOk);
    ASSERT_EQ(served.Call("Compute", "rounds: 1").substr(0, 3), "OK ");

    grpc::ClientContext watch_context;
    v1::WatchRequest watch_request;
    watch_request.set_count(1);
    const auto items = stub->Watch(&watch_context, watch_request);
    v1::WatchResponse item;
    while (items->Read(&item)) continue;
    ASSERT_TRUE(items->Finish().ok());

    grpc::ClientContext collect_context;
    v1::CollectResponse collected;
    const auto messages = stub->Collect(&collect_context, &collected);
    messages->WritesDone();
    ASSERT_TRUE(messages->Finish().ok());

    grpc::ClientContext exchange_context;
    const auto stream = stub->Exchange(&exchange_context);
    stream->WritesDone();
    ASSERT_TRUE(stream->Finish().ok());
  }
  EXPECT_EQ(served.server().GetStats().shed(), 0u);
}

TEST_P(AdmissionTest, AStreamCountsAsOneHoweverManyMessagesItHas) {
  ServedModel served(Options(GetParam(), 2));
  ChannelPool channels({.target = served.target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));
  grpc::ClientContext one_context, other_context, third_context;
  const auto one = stub->Exchange(&one_context);
  const auto other = stub->Exchange(&other_context);
  for (int i = 0; i < 20; ++i) {
    for (auto* stream : {&one, &other}) {
      v1::ExchangeResponse answer;
      ASSERT_TRUE((*stream)->Write(v1::ExchangeRequest()));
      ASSERT_TRUE((*stream)->Read(&answer));
    }
  }
  EXPECT_EQ(stub->Exchange(&third_context)->Finish().error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(served.Call("Fetch", ""), StartsWith("RESOURCE_EXHAUSTED "));
  one->WritesDone();
  EXPECT_TRUE(one->Finish().ok());
  EXPECT_EQ(served.Call("Fetch", ""), kOk);
  other->WritesDone();
  EXPECT_TRUE(other->Finish().ok());
}

// The milliseconds after which `context`'s call, which was shed, may be tried again; -1 when it was not told.
int HintOf(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find("grpc-retry-pushback-ms");
  int hint = -1;
  if (found == metadata.end()) return hint;
  EXPECT_TRUE(absl::SimpleAtoi(absl::string_view(found->second.data(), found->second.size()), &hint));
  return hint;
}

TEST_P(AdmissionTest, EveryKindOfCallThatIsShedIsToldWhenToTryAgain) {
  ServedModel served(Options(GetParam(), 1, "constant:200ms"));
  FetchesInFlight holder(served.target(), 1, absl::Minutes(1));
  ASSERT_TRUE(served.HasInFlight(1));
  ChannelPool channels({.target = served.target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));
  const auto expect_shed = [](const grpc::Status& status, const grpc::ClientContext& context) {
    EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_GE(HintOf(context), 100);
    EXPECT_LE(HintOf(context), 300);
  };
  {
    grpc::ClientContext context;
    v1::FetchResponse response;
    expect_shed(stub->Fetch(&context, {}, &response), context);
  }
  {
    grpc::ClientContext context;
    v1::GatherResponse response;
    expect_shed(stub->Gather(&context, {}, &response), context);
  }
  {
    grpc::ClientContext context;
    v1::ComputeResponse response;
    expect_shed(stub->Compute(&context, {}, &response), context);
  }
  {
    grpc::ClientContext context;
    expect_shed(stub->Watch(&context, {})->Finish(), context);
  }
  {
    grpc::ClientContext context;
    v1::CollectResponse response;
    expect_shed(stub->Collect(&context, &response)->Finish(), context);
  }
  {
    grpc::ClientContext context;
    expect_shed(stub->Exchange(&context)->Finish(), context);
  }
  EXPECT_TRUE(HasShed(served, "max_in_flight", 6));
}

TEST_P(AdmissionTest, ACallThatFindsTheBackendsQueueFullIsToldWhenToTryAgain) {
  ServedModel served(Options(GetParam(), 0, "constant:200ms,capacity=1,queue=0"));
  FetchesInFlight holder(served.target(), 1, absl::Minutes(1));
  ASSERT_TRUE(served.HasInFlight(1));
  ChannelPool channels({.target = served.target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));
  grpc::ClientContext context;
  v1::FetchResponse response;
  EXPECT_EQ(stub->Fetch(&context, {}, &response).error_message(), "the backend's queue is full");
  EXPECT_GE(HintOf(context), 100);
}

TEST_P(AdmissionTest, GrpcsOwnRetriesHeedTheHint) {
  // The mean wait of the backend, and so the hint, is 2 s: its three retries take 3 s and more, while those of the
  // client's own policy would be over in milliseconds.
  ServedModel served(Options(GetParam(), 1, "constant:2s"));
  FetchesInFlight holder(served.target(), 1, absl::Minutes(1));
  ASSERT_TRUE(served.HasInFlight(1));
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(R"({"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 4,
      "initialBackoff": "0.001s", "maxBackoff": "0.001s", "backoffMultiplier": 1,
      "retryableStatusCodes": ["RESOURCE_EXHAUSTED"]}}]})");
  const auto stub =
      v1::Meanwhile::NewStub(grpc::CreateCustomChannel(served.target(), grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  v1::FetchRequest request;
  request.mutable_wait()->mutable_simulated()->mutable_constant();
  v1::FetchResponse response;
  std::future<grpc::Status> status =
      std::async(std::launch::async, [&] { return stub->Fetch(&context, request, &response); });
  EXPECT_TRUE(WaitUntil([&] { return Shed(served, "max_in_flight") > 0; }));
  holder.Cancel();
  EXPECT_TRUE(status.get().ok());
}

TEST_P(AdmissionTest, AFullServerTellsItsHealthAndItsStats) {
  ServedModel served(Options(GetParam(), 1));
  FetchesInFlight holder(served.target(), 1, absl::Minutes(1));
  ASSERT_TRUE(served.HasInFlight(1));
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(served.Call("Fetch", ""), StartsWith("RESOURCE_EXHAUSTED "));
    EXPECT_EQ(served.Call("grpc.health.v1.Health.Check", ""), "OK status: SERVING");
    EXPECT_THAT(served.Call("meanwhile.v1.Admin.GetServerStats", ""), StartsWith("OK "));
  }
}

TEST_P(AdmissionTest, NothingIsLeftOfTenThousandShedCalls) {
  ServedModel served(Options(GetParam(), 1));
  FetchesInFlight holder(served.target(), 1, absl::Minutes(1));
  ASSERT_TRUE(served.HasInFlight(1));
  for (int round = 0; round < 10; ++round) {
    FetchesInFlight fetches(served.target(), 1000, absl::ZeroDuration(), {.connections = 4});
    EXPECT_EQ(fetches.Ended(), (Counts{{StatusCode::RESOURCE_EXHAUSTED, 1000}}));
  }
  EXPECT_TRUE(served.HasInFlight(1));
  EXPECT_TRUE(HasShed(served, "max_in_flight", 10'000));
  holder.Cancel();
  EXPECT_TRUE(served.HasFinished("CANCELLED", 1));
  EXPECT_EQ(served.Call("Fetch", ""), kOk);
}

// In the models whose handlers block, a handler goes on for a while after its client has left: a sleeping thread looks
// now and then. Until it has looked, its place is taken.
TEST_P(AdmissionTest, ACancelledCallsPlaceIsHeldUntilItsHandlerHasReturned) {
  if (GetParam() != ModelKind::kThread && GetParam() != ModelKind::kPool) GTEST_SKIP() << "no handler blocks";
  ServedModel served(Options(GetParam(), 1));
  // The thread may look at the very moment of the cancellation; then once more.
  EXPECT_TRUE(WaitUntil([&] {
    FetchesInFlight holder(served.target(), 1, absl::Minutes(1));
    EXPECT_TRUE(served.HasInFlight(1));
    holder.Cancel();
    EXPECT_EQ(holder.Ended(), (Counts{{StatusCode::CANCELLED, 1}}));
    const bool held = absl::StartsWith(served.Call("Fetch", ""), "RESOURCE_EXHAUSTED ");
    EXPECT_TRUE(served.HasInFlight(0));
    EXPECT_EQ(served.Call("Fetch", ""), kOk) << "the handler has returned";
    return held;
  }));
}

TEST_P(AdmissionTest, ACallThatCannotBeDoneInTimeIsShedAndTheBackendNotAsked) {
  ServedModel served(Options(GetParam(), 0, "constant:1h,capacity=1,queue=0"));
  FetchesInFlight holder(served.target(), 1, absl::Minutes(1));
  ASSERT_TRUE(served.HasInFlight(1));
  EXPECT_EQ(served.Call("Fetch", "wait { simulated { constant {} } }"),
            "RESOURCE_EXHAUSTED the backend's queue is full")
      << "whoever asks it now is told so";
  EXPECT_THAT(served.Call("Fetch", ""), StartsWith("DEADLINE_EXCEEDED the deadline leaves "));
  EXPECT_TRUE(HasShed(served, "deadline", 1));
}

TEST_P(AdmissionTest, TheDeadlineIsHeldAgainstWhatTheCallAsksForOrTheServersBackendTakes) {
  ServedModel served(Options(GetParam(), 0, "constant:1h"));
  const std::string minute = "{ simulated { constant { seconds: 60 } } }";
  // The client's patience is half a minute, and the answer comes at once.
  for (const auto& [method, request] :
       {std::pair{"Fetch", ""}, {"Gather", "waits {}"}, {"Gather", "mode: AT_ONCE waits {} waits {}"}}) {
    EXPECT_THAT(served.Call(method, request), testing::MatchesRegex("DEADLINE_EXCEEDED the deadline leaves .*s, and "
                                                                    "the call takes at least 1h"));
  }
  EXPECT_THAT(served.Call("Fetch", "wait " + minute), testing::EndsWith("and the call takes at least 1m"));
  EXPECT_TRUE(HasShed(served, "deadline", 4));
  EXPECT_EQ(served.server().GetStats().finished().at("DEADLINE_EXCEEDED"), 4u);
  EXPECT_EQ(served.Call("Fetch", "wait { simulated { constant {} } }"), kOk);
}

TEST_P(AdmissionTest, ACallWhoseTimeRunsOutInThePoolsQueueIsShed) {
  if (GetParam() == ModelKind::kThread) GTEST_SKIP() << "it has no pool";
  ServerOptions options = Options(GetParam(), 0);
  options.pool_threads = 1;
  ServedModel served(options);
  std::future<std::string> computing =
      std::async(std::launch::async, [&] { return served.Call("Compute", "rounds: 1000000000", absl::Seconds(1)); });
  ASSERT_TRUE(served.HasInFlight(1));
  EXPECT_THAT(served.Call("Compute", "rounds: 1", absl::Milliseconds(300)), StartsWith("DEADLINE_EXCEEDED "));
  EXPECT_TRUE(HasShed(served, "deadline", 1));
  computing.get();
}

TEST(PoolAdmissionTest, ACallThatAThreadTakesTooLateIsNotBegun) {
  ServerOptions options = ServedModel::SmallServer(ModelKind::kPool);
  options.pool_threads = 1;
  ServedModel served(options);
  FetchesInFlight holder(served.target(), 1, absl::Minutes(1));
  ASSERT_TRUE(served.HasInFlight(1));
  // It has two seconds more than its wait takes, and spends them in the queue. (gRPC sends the time that is left
  // rounded up by as much as a hundredth.)
  FetchesInFlight queued(served.target(), 1, absl::Seconds(20), {.timeout = absl::Seconds(22)});
  const absl::Time too_late = absl::Now() + absl::Seconds(2.5);
  ASSERT_TRUE(WaitUntil([&] { return absl::Now() > too_late; }));
  holder.Cancel();
  EXPECT_EQ(queued.Ended(), (Counts{{StatusCode::DEADLINE_EXCEEDED, 1}}));
  const auto shed_for = served.server().GetStats().shed_for();
  EXPECT_EQ(shed_for.count("deadline"), 1u) << "the backend was asked";
}

}  // namespace
}  // namespace meanwhile
