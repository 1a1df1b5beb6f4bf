// Every model answers every request in the same way: one table of cases, and the tests that take more than a line, run
// against each. The servers are real ones in this process.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/channel_pool.h"
#include "client/proto_duration.h"
#include "meanwhile/v1/admin.grpc.pb.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/model/served_model.h"
#include "tests/server/model/wait_cases.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

// The calls that do not wait.
std::vector<Case> OtherCases() {
  return {
      {"ComputeGivesTheDigest", "Compute", "rounds: 1000 seed: 42", "OK digest: 6605736456558739232"},
      {"ComputeRefusesNoRounds", "Compute", "", "INVALID_ARGUMENT rounds=0: must be from 1 to 1000000000"},

      {"AnUnknownMethod", "Meditate", "", "UNIMPLEMENTED "},
      {"AnUnknownService", "meanwhile.v2.Meanwhile.Fetch", "", "UNIMPLEMENTED "},

      {"TheServerIsHealthy", "grpc.health.v1.Health.Check", "", "OK status: SERVING"},
      {"TheServiceIsHealthy", "grpc.health.v1.Health.Check", "service: 'meanwhile.v1.Meanwhile'", "OK status: SERVING"},
      {"AnUnknownServicesHealth", "grpc.health.v1.Health.Check", "service: 'other'",
       "NOT_FOUND service other is not served here"},
  };
}

std::vector<Case> Cases() {
  std::vector<Case> cases = WaitCases();
  for (Case& other : OtherCases()) cases.push_back(std::move(other));
  return cases;
}

class EachCaseTest : public testing::TestWithParam<std::tuple<ModelKind, Case>> {
 protected:
  static void SetUpTestSuite() {
    data_dir = testing::TempDir() + "/data.XXXXXX";  // Tests of other shards run side by side with this one.
    ASSERT_NE(mkdtemp(data_dir.data()), nullptr);
    std::ofstream(data_dir + "/poem") << "Tyger Tyger, burning bright";
    std::ofstream(data_dir + "/large") << std::string((1 << 20) + 1, 'x');
    ASSERT_EQ(symlink("/", (data_dir + "/out").c_str()), 0);
    ServerOptions options = ServedModel::SmallServer(ModelKind::kAsync);
    options.data_dir = data_dir;
    remote = new ServedModel(options);
  }
  static void TearDownTestSuite() { delete std::exchange(remote, nullptr); }

  // What file waits of the table read and write, and what its remote waits call.
  static inline std::string data_dir;
  static inline ServedModel* remote = nullptr;
};

TEST_P(EachCaseTest, IsAnsweredAsTheTableSays) {
  const auto& [model, c] = GetParam();
  ServerOptions options = ServedModel::SmallServer(model);
  options.backend = *ParseBackendSpec(c.backend);
  options.data_dir = data_dir;
  options.remote = remote->target();
  ServedModel served(options);
  EXPECT_EQ(served.Call(c.method, c.request), c.answer);
}

INSTANTIATE_TEST_SUITE_P(Models, EachCaseTest,
                         testing::Combine(testing::ValuesIn(kAllModels), testing::ValuesIn(Cases())),
                         [](const testing::TestParamInfo<EachCaseTest::ParamType>& info) {
                           return absl::StrCat(std::get<1>(info.param).name, "_", ToString(std::get<0>(info.param)));
                         });

class EachModelTest : public testing::TestWithParam<ModelKind> {};

INSTANTIATE_TEST_SUITE_P(Models, EachModelTest, testing::ValuesIn(kAllModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(EachModelTest, RefusesAKindOfWaitThatItDoesNotKnow) {
  ServedModel served(GetParam());
  // A FetchRequest whose wait has a field 99 instead of a kind.
  EXPECT_EQ(served.CallBytes("Fetch", "\x12\x03\x98\x06\x01"),
            "INVALID_ARGUMENT wait: a kind that this server does not know");
}

TEST_P(EachModelTest, RefusesBytesThatAreNoRequest) {
  ServedModel served(GetParam());
  // gRPC refuses them before a handler sees them; on its callback API with another status than elsewhere.
  const std::string status = GetParam() == ModelKind::kCallback ? "UNIMPLEMENTED " : "INTERNAL ";
  EXPECT_THAT(served.CallBytes("Fetch", "\xff\xff"), testing::StartsWith(status));
  EXPECT_EQ(served.Call("Fetch", ""), "OK waited { }") << "the call after it";
}

TEST_P(EachModelTest, RefusesAMessageLargerThanGrpcTakes) {
  ServedModel served(GetParam());
  EXPECT_EQ(served.CallBytes("Fetch", std::string(5 << 20, 'x')).substr(0, 19), "RESOURCE_EXHAUSTED ");
  EXPECT_EQ(served.Call("Fetch", ""), "OK waited { }") << "the call after it";
}

TEST_P(EachModelTest, ServesOnAUnixSocket) {
  ASSERT_EQ(chdir(testing::TempDir().c_str()), 0);  // The path of a unix socket has little room.
  ServerOptions options = ServedModel::SmallServer(GetParam());
  options.listen = "unix:models_test";
  ServedModel served(options);
  EXPECT_EQ(served.Call("Fetch", "payload: 'hello'"), "OK payload: \"hello\" waited { }");
}

TEST_P(EachModelTest, GatherInSequenceTakesTheSumOfTheWaitsAndAtOnceTheLongest) {
  ServedModel served(GetParam(), "constant:50ms");
  ChannelPool channels({.target = served.target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));
  for (const v1::GatherRequest::Mode mode : {v1::GatherRequest::IN_SEQUENCE, v1::GatherRequest::AT_ONCE}) {
    v1::GatherRequest request;
    request.set_mode(mode);
    for (int i = 0; i < 3; ++i) request.add_waits();
    v1::GatherResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stub->Gather(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    absl::Duration sum;
    for (const google::protobuf::Duration& waited : response.waited()) {
      EXPECT_GE(FromProto(waited), absl::Milliseconds(50));
      sum += FromProto(waited);
    }
    if (mode == v1::GatherRequest::AT_ONCE) {
      EXPECT_LT(FromProto(response.elapsed()), sum);
    } else {
      EXPECT_GE(FromProto(response.elapsed()), sum);
    }
  }
}

TEST_P(EachModelTest, AWaitInSequenceIsNotBegunAfterAFailure) {
  std::string data_dir = testing::TempDir() + "/untouched.XXXXXX";
  ASSERT_NE(mkdtemp(data_dir.data()), nullptr);
  ServerOptions options = ServedModel::SmallServer(GetParam());
  options.data_dir = data_dir;
  ServedModel served(options);
  EXPECT_EQ(
      served.Call("Gather",
                  "waits { simulated { spec: 'constant:0s,fail=1:ABORTED' } } waits { file_write { path: 'a' } }"),
      "ABORTED the simulated backend failed");
  EXPECT_NE(access((data_dir + "/a").c_str(), F_OK), 0);
}

// Another process has locked the database; a store waits for it.
TEST_P(EachModelTest, AStoreThatWaitsIsEndedByAFailureBesideItAndByItsDeadline) {
  ServerOptions options = ServedModel::SmallServer(GetParam());
  options.database = testing::TempDir() + "/locked_for_" + ToString(GetParam());
  ServedModel served(options);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(options.database.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);

  const std::string store = "{ query { store { key: 'a' value: 'stored' } } }";
  EXPECT_EQ(served.Call("Gather", "mode: AT_ONCE waits " + store +
                                      " waits { simulated { spec: 'constant:50ms,fail=1:ABORTED' } }"),
            "ABORTED the simulated backend failed");
  EXPECT_THAT(served.Call("Fetch", "wait " + store, absl::Milliseconds(100)),
              testing::StartsWith("DEADLINE_EXCEEDED "));
  EXPECT_TRUE(served.HasInFlight(0)) << "while the lock is held";
  EXPECT_EQ(served.Call("Fetch", "wait { query { read: 'item-1' } }"), "OK waited { } value: \"value of item-1\"")
      << "reads need no lock";

  EXPECT_EQ(sqlite3_close(other), SQLITE_OK);
  EXPECT_EQ(served.Call("Fetch", "wait { query { read: 'a' } }"), "NOT_FOUND no value for key \"a\"");
  EXPECT_EQ(served.Call("Fetch", "wait " + store), "OK waited { }");
}

TEST_P(EachModelTest, ACancelledCallStopsWaiting) {
  ServedModel served(GetParam());
  FetchesInFlight fetches(served.target(), 3, absl::Seconds(60));
  EXPECT_TRUE(served.HasInFlight(3));
  fetches.Cancel();
  EXPECT_TRUE(served.HasFinished("CANCELLED", 3));
  EXPECT_EQ(fetches.Ended(), (Counts{{StatusCode::CANCELLED, 3}}));
}

TEST_P(EachModelTest, ACallOutOfTimeStopsWaiting) {
  ServedModel served(GetParam());
  // A constant longer than the deadline would not be begun; what a specification draws nobody knows before.
  const std::string wait = "{ simulated { spec: 'constant:60s' } }";
  // Which of the two sees first that the time is over, and words it, is chance.
  const auto ends = testing::StartsWith("DEADLINE_EXCEEDED ");
  EXPECT_THAT(served.Call("Fetch", "wait " + wait, absl::Milliseconds(50)), ends);
  EXPECT_THAT(served.Call("Gather", "waits " + wait, absl::Milliseconds(50)), ends);
  EXPECT_THAT(served.Call("Gather", "mode: AT_ONCE waits {} waits " + wait, absl::Milliseconds(50)), ends);
  EXPECT_TRUE(served.HasInFlight(0));
}

TEST_P(EachModelTest, ACancelledCallStopsComputing) {
  ServedModel served(GetParam());
  ChannelPool channels({.target = served.target()});
  grpc::ClientContext context;
  std::thread call([&] {
    v1::ComputeRequest request;
    request.set_rounds(1'000'000'000);
    v1::ComputeResponse response;
    const auto stub = v1::Meanwhile::NewStub(channels.channel(0));
    EXPECT_EQ(stub->Compute(&context, request, &response).error_code(), StatusCode::CANCELLED);
  });
  EXPECT_TRUE(served.HasInFlight(1));
  context.TryCancel();
  call.join();
  EXPECT_TRUE(served.HasFinished("CANCELLED", 1));
}

TEST_P(EachModelTest, ACallOutOfTimeStopsComputingAndIsCountedSo) {
  ServedModel served(GetParam());
  EXPECT_THAT(served.Call("Compute", "rounds: 1000000000", absl::Milliseconds(500)),
              testing::StartsWith("DEADLINE_EXCEEDED "));
  EXPECT_TRUE(served.HasFinished("DEADLINE_EXCEEDED", 1));
}

TEST_P(EachModelTest, ShedsWhenTheBackendsQueueIsFull) {
  ServedModel served(GetParam(), "constant:1ms,capacity=2,queue=1");
  FetchesInFlight fetches(served.target(), 3, absl::Seconds(60));
  EXPECT_TRUE(served.HasInFlight(3));
  EXPECT_EQ(served.Call("Fetch", ""), "RESOURCE_EXHAUSTED the backend's queue is full");
  // The cancelled calls leave room, in the queue and in the backend.
  fetches.Cancel();
  EXPECT_TRUE(served.HasFinished("CANCELLED", 3));
  EXPECT_EQ(served.Call("Fetch", ""), "OK waited { }");
}

TEST_P(EachModelTest, CountsItsCalls) {
  ServedModel served(GetParam());
  FetchesInFlight fetches(served.target(), 2, absl::Seconds(60));
  EXPECT_TRUE(served.HasInFlight(2));
  EXPECT_EQ(served.Call("Fetch", ""), "OK waited { }");
  EXPECT_EQ(served.Call("Compute", "").substr(0, 17), "INVALID_ARGUMENT ");
  served.Call("grpc.health.v1.Health.Check", "");
  served.Call("Meditate", "");

  ChannelPool channels({.target = served.target()});
  const auto stub = v1::Admin::NewStub(channels.channel(0));
  v1::GetServerStatsResponse stats;
  EXPECT_TRUE(WaitUntil([&] {
    grpc::ClientContext context;
    EXPECT_TRUE(stub->GetServerStats(&context, v1::GetServerStatsRequest(), &stats).ok());
    return stats.in_flight() == 2;  // A call has ended on the server a moment after its client knows.
  }));
  EXPECT_EQ(stats.model(), ToString(GetParam()));
  EXPECT_EQ(stats.backend(), "constant:1ms");
  EXPECT_EQ(stats.started(), 4u) << "Admin, health and unknown methods are not counted";
  EXPECT_GE(stats.peak_in_flight(), 2u);
  ASSERT_EQ(stats.finished_size(), 2);
  EXPECT_EQ(stats.finished().at("OK"), 1u);
  EXPECT_EQ(stats.finished().at("INVALID_ARGUMENT"), 1u);
}

TEST_P(EachModelTest, TellsItsStatsWhileItComputes) {
  ServerOptions options = ServedModel::SmallServer(GetParam());
  options.pool_threads = 1;
  ServedModel served(options);
  std::thread computing([&] { served.Call("Compute", "rounds: 1000000000", absl::Seconds(2)); });
  ChannelPool channels({.target = served.target()});
  const auto stub = v1::Admin::NewStub(channels.channel(0));
  EXPECT_TRUE(WaitUntil([&] {
    grpc::ClientContext context;
    v1::GetServerStatsResponse stats;
    EXPECT_TRUE(stub->GetServerStats(&context, v1::GetServerStatsRequest(), &stats).ok());
    return stats.in_flight() == 1;
  }));
  computing.join();
}

}  // namespace
}  // namespace meanwhile
