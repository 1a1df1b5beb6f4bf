// Remote waits in every model: calls that go through several servers, all in this process.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/channel_pool.h"
#include "meanwhile/v1/meanwhile.grpc.pb.h"
#include "tests/certificates.h"
#include "tests/server/model/served_model.h"
#include "tests/wait_until.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

// `wait`, at the end of a chain of so many servers.
std::string Through(int servers, std::string wait) {
  for (int i = 0; i < servers; ++i) wait = absl::StrCat("{ remote { wait ", wait, " } }");
  return wait;
}

// A specification: a constant longer than the deadline would not be begun.
constexpr char kMinute[] = "{ simulated { spec: 'constant:60s' } }";

class RemoteTest : public testing::TestWithParam<ModelKind> {
 protected:
  static std::unique_ptr<ServedModel> Serve(const std::string& remote, const std::string& listen = "127.0.0.1:0") {
    ServerOptions options = ServedModel::SmallServer(GetParam());
    options.listen = listen;
    options.remote = remote;
    return std::make_unique<ServedModel>(options);
  }

  // Two servers, each the other's remote. Their paths are known before they listen.
  struct Circle {
    std::unique_ptr<ServedModel> one;
    std::unique_ptr<ServedModel> other;
  };
  static Circle ServeCircle() {
    EXPECT_EQ(chdir(testing::TempDir().c_str()), 0);  // The path of a unix socket has little room.
    const std::string one = absl::StrCat("unix:one.", getpid());
    const std::string other = absl::StrCat("unix:other.", getpid());
    return {Serve(other, one), Serve(one, other)};
  }

  // A call with metadata, as a server makes it. Gives the status and what else there is.
  static std::string FetchRemoteWithHops(ServedModel& served, const std::string& hops) {
    ChannelPool channels({.target = served.target()});
    v1::FetchRequest request;
    request.mutable_wait()->mutable_remote();
    v1::FetchResponse response;
    grpc::ClientContext context;
    context.AddMetadata("meanwhile-hops", hops);
    const grpc::Status status = v1::Meanwhile::NewStub(channels.channel(0))->Fetch(&context, request, &response);
    return absl::StrCat(status.error_code(), " ", status.error_message(), response.value());
  }
};

INSTANTIATE_TEST_SUITE_P(Models, RemoteTest, testing::ValuesIn(kAllModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(RemoteTest, SpeaksTlsToAServerThatTakesOnlyClientsWithACertificate) {
  const TestAuthority authority;
  const KeyPair server = authority.Issue({.name = "server"});
  const KeyPair client = authority.Issue({.name = "client"});
  const std::string ca = WriteFile("ca.pem", authority.certificate());
  ServerOptions last_options = ServedModel::SmallServer(GetParam());
  last_options.tls = {.certificate = WriteFile("server.pem", server.certificate),
                      .key = WriteFile("server.key", server.key),
                      .client_ca = ca};
  ServedModel last(last_options);
  const auto fetch_with = [&](const CredentialFlags& credentials) {
    ServerOptions options = ServedModel::SmallServer(GetParam());
    options.remote = last.target();
    options.remote_credentials = credentials;
    return ServedModel(options).Call("Fetch", "payload: 'hello' wait { remote {} }");
  };
  CredentialFlags good;
  good.cacert = ca;
  good.cert = WriteFile("client.pem", client.certificate);
  good.key = WriteFile("client.key", client.key);
  EXPECT_EQ(fetch_with(good), "OK payload: \"hello\" waited { }");
  CredentialFlags by_name = good;
  by_name.authority = "server";
  EXPECT_EQ(fetch_with(by_name), "OK payload: \"hello\" waited { }");
  EXPECT_TRUE(last.HasFinished("OK", 2));

  const auto unavailable = testing::StartsWith(absl::StrCat("UNAVAILABLE remote ", last.target(), ": "));
  CredentialFlags by_another_name = good;
  by_another_name.authority = "another";
  EXPECT_THAT(fetch_with(by_another_name), unavailable);
  CredentialFlags of_another_authority = good;
  of_another_authority.cacert = WriteFile("other.pem", TestAuthority("other").certificate());
  EXPECT_THAT(fetch_with(of_another_authority), unavailable);
  EXPECT_THAT(fetch_with({}), unavailable) << "in plaintext";
}

TEST_P(RemoteTest, ACallGoesThroughAChainOfThreeServers) {
  const auto last = Serve("");
  const auto middle = Serve(last->target());
  const auto first = Serve(middle->target());
  EXPECT_EQ(first->Call("Fetch", "payload: 'hello' wait " + Through(2, "{ simulated { constant {} } }")),
            "OK payload: \"hello\" waited { }");
  for (const auto* server : {&first, &middle, &last}) EXPECT_TRUE((*server)->HasFinished("OK", 1));
}

TEST_P(RemoteTest, AFailureSaysWhichServerItIsFrom) {
  const auto last = Serve("");
  const auto middle = Serve(last->target());
  const auto first = Serve(middle->target());
  EXPECT_EQ(first->Call("Fetch", "wait " + Through(2, "{ simulated { spec: 'constant:0s,fail=1:DATA_LOSS' } }")),
            absl::StrCat("DATA_LOSS remote ", middle->target(), ": remote ", last->target(),
                         ": the simulated backend failed"));
  EXPECT_EQ(first->Call("Fetch", "wait " + Through(3, "{}")),
            absl::StrCat("FAILED_PRECONDITION remote ", middle->target(), ": remote ", last->target(),
                         ": wait.remote: this server runs without --remote"));
}

TEST_P(RemoteTest, ACircleOfServersIsLeftAfterEightHops) {
  const Circle circle = ServeCircle();
  EXPECT_EQ(circle.one->Call("Fetch", "wait " + Through(8, "{ simulated { constant {} } }")), "OK waited { }");
  EXPECT_TRUE(circle.one->HasFinished("OK", 5));
  EXPECT_TRUE(circle.other->HasFinished("OK", 4));
  EXPECT_THAT(circle.one->Call("Fetch", "wait " + Through(9, "{ simulated { constant {} } }")),
              testing::AllOf(testing::StartsWith("FAILED_PRECONDITION "),
                             testing::EndsWith(".remote: hop 9 of the call: must be at most 8")));
}

TEST_P(RemoteTest, HopsAreCountedInTheMetadata) {
  const Circle circle = ServeCircle();
  const auto code = [](StatusCode status) { return absl::StrCat(static_cast<int>(status), " "); };
  EXPECT_EQ(FetchRemoteWithHops(*circle.one, "7"), code(StatusCode::OK));
  EXPECT_EQ(FetchRemoteWithHops(*circle.one, "8"),
            code(StatusCode::FAILED_PRECONDITION) + "wait.remote: hop 9 of the call: must be at most 8");
  for (const std::string hops : {"9", "-1", "many"}) {
    EXPECT_EQ(FetchRemoteWithHops(*circle.one, hops), code(StatusCode::INVALID_ARGUMENT) + "metadata meanwhile-hops=" +
                                                          hops + ": must be a number from 0 to 8");
  }
}

// Tells with how many hops a call came.
class HopsTeller final : public v1::Meanwhile::Service {
 public:
  grpc::Status Fetch(grpc::ServerContext* call, const v1::FetchRequest* /*request*/,
                     v1::FetchResponse* response) override {
    const auto [first, last] = call->client_metadata().equal_range("meanwhile-hops");
    for (auto hops = first; hops != last; ++hops)
      response->mutable_value()->append(hops->second.data(), hops->second.size());
    return grpc::Status();
  }
};

TEST_P(RemoteTest, AServerAddsAHop) {
  HopsTeller teller;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&teller);
  const std::unique_ptr<grpc::Server> last = builder.BuildAndStart();
  const auto first = Serve(absl::StrCat("127.0.0.1:", port));
  EXPECT_EQ(first->Call("Fetch", "wait { remote {} }"), "OK waited { } value: \"1\"");
  EXPECT_EQ(FetchRemoteWithHops(*first, "7"), "0 8");
}

TEST_P(RemoteTest, ACancellationReachesTheLastServer) {
  const auto last = Serve("");
  const auto middle = Serve(last->target());
  const auto first = Serve(middle->target());
  ChannelPool channels({.target = first->target()});
  const auto stub = v1::Meanwhile::NewStub(channels.channel(0));
  v1::FetchRequest request;
  request.mutable_wait()
      ->mutable_remote()
      ->mutable_wait()
      ->mutable_remote()
      ->mutable_wait()
      ->mutable_simulated()
      ->mutable_constant()
      ->set_seconds(60);
  v1::FetchResponse response;
  grpc::ClientContext context;
  std::future<grpc::Status> call =
      std::async(std::launch::async, [&] { return stub->Fetch(&context, request, &response); });
  EXPECT_TRUE(last->HasInFlight(1));
  context.TryCancel();
  EXPECT_EQ(call.get().error_code(), StatusCode::CANCELLED);
  for (const auto* server : {&first, &middle, &last}) EXPECT_TRUE((*server)->HasFinished("CANCELLED", 1));
}

TEST_P(RemoteTest, TheDeadlineReachesTheLastServer) {
  const auto last = Serve("");
  const auto middle = Serve(last->target());
  const auto first = Serve(middle->target());
  EXPECT_THAT(first->Call("Fetch", "wait " + Through(2, kMinute), absl::Seconds(1)),
              testing::StartsWith("DEADLINE_EXCEEDED "));
  for (const auto* server : {&first, &middle, &last}) EXPECT_TRUE((*server)->HasFinished("DEADLINE_EXCEEDED", 1));
}

TEST_P(RemoteTest, AFailureBesideItCancelsARemoteWait) {
  const auto last = Serve("");
  const auto first = Serve(last->target());
  EXPECT_EQ(first->Call("Gather", absl::StrCat("mode: AT_ONCE waits ", Through(1, kMinute),
                                               " waits { simulated { spec: 'constant:300ms,fail=1:DATA_LOSS' } }")),
            "DATA_LOSS the simulated backend failed");
  EXPECT_TRUE(last->HasFinished("CANCELLED", 1));
}

TEST_P(RemoteTest, ASuccessBesideItCancelsARemoteWaitOfFirstOf) {
  const auto last = Serve("");
  const auto first = Serve(last->target());
  EXPECT_EQ(first->Call("Gather", absl::StrCat("mode: FIRST_OF waits ", Through(1, kMinute),
                                               " waits { simulated { constant { nanos: 300000000 } } }")),
            "OK waited { } waited { } elapsed { } values: \"\" first: 1");
  EXPECT_TRUE(last->HasFinished("CANCELLED", 1));
}

TEST_P(RemoteTest, AServerThatStopsCancelsWhatItHasAskedOfAnother) {
  const auto last = Serve("");
  const auto first = Serve(last->target());
  std::future<std::string> call = std::async(
      std::launch::async, [&] { return first->Call("Gather", "mode: AT_ONCE waits {} waits " + Through(1, kMinute)); });
  EXPECT_TRUE(last->HasInFlight(1));
  first->server().Shutdown(absl::Milliseconds(10));
  EXPECT_TRUE(last->HasFinished("CANCELLED", 1));
  EXPECT_THAT(call.get(), testing::Not(testing::StartsWith("OK")));
}

TEST_P(RemoteTest, AServerThatIsDownIsUnavailableAndFoundWhenItIsBack) {
  ASSERT_EQ(chdir(testing::TempDir().c_str()), 0);
  const std::string remote = absl::StrCat("unix:back.", getpid());
  const auto first = Serve(remote);
  const auto is_down = testing::StartsWith(absl::StrCat("UNAVAILABLE remote ", remote, ": "));
  EXPECT_THAT(first->Call("Fetch", "wait { remote {} }"), is_down);
  for (int round = 0; round < 2; ++round) {
    auto last = Serve("", remote);
    EXPECT_TRUE(WaitUntil([&] { return first->Call("Fetch", "wait { remote {} }") == "OK waited { }"; }));
    last.reset();
    EXPECT_THAT(first->Call("Fetch", "wait { remote {} }"), is_down);
  }
}

}  // namespace
}  // namespace meanwhile
