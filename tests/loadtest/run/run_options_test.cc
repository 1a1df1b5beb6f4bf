// What `loadtest run` is told of how to send, seen from the servers, with both engines.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/channel_pool.h"
#include "loadtest/engine/engine_set.h"
#include "loadtest/engine/grpc_engine.h"
#include "loadtest/engine/http2/http2_engine.h"
#include "tests/client/test_server.h"
#include "tests/loadtest/engine/http2/scripted_server.h"
#include "tests/loadtest/engine/http2/sent_calls.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

using http2::Peer;
using http2::Request;
using http2::ScriptedServer;
using http2::SentCall;
using http2::SentCalls;

constexpr char kFetch[] = "/meanwhile.v1.Meanwhile/Fetch";

class RunOptionsTest : public testing::TestWithParam<EngineKind> {
 protected:
  Outcome Run(const std::string& target, const std::vector<std::string>& flags) {
    std::vector<std::string> command = {
        "loadtest/loadtest", "run", target, "-c4", "-n40", absl::StrCat("--engine=", NameOf(GetParam()))};
    command.insert(command.end(), flags.begin(), flags.end());
    return RunProcess(command);
  }

  // The first call of Fetch that a server sees under these flags.
  Request SeenWith(const std::vector<std::string>& flags) {
    std::mutex mutex;
    Request seen;
    ScriptedServer server({.on_request = [&](Peer& peer, const Request& request) {
      if (request.Header(":path") == kFetch) {
        const std::lock_guard<std::mutex> lock(mutex);
        seen = request;
      }
      peer.Send(http2::GoodAnswer(request.stream, ""));
    }});
    const Outcome outcome = Run(server.target(), flags);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const std::lock_guard<std::mutex> lock(mutex);
    return seen;
  }
};

TEST_P(RunOptionsTest, MetadataGoesOutAsGiven) {
  const Request seen = SeenWith({"-m", "Tenant: blue:1 ", "--metadata=token-bin:AAH/", "-m", "empty:"});
  EXPECT_EQ(seen.Header("tenant"), "blue:1");
  EXPECT_EQ(seen.Header("token-bin"), "AAH/");
  EXPECT_THAT(seen.headers, testing::Contains(testing::Pair("empty", "")));
}

TEST_P(RunOptionsTest, GzipCompressesWhatIsSent) {
  const Request seen = SeenWith({"--gzip", "--payload-size=1000"});
  EXPECT_EQ(seen.Header("grpc-encoding"), "gzip");
  ASSERT_FALSE(seen.body.empty());
  EXPECT_EQ(seen.body[0], 1) << "the message says that it is compressed";
  EXPECT_LT(seen.body.size(), 500u);

  const Request plain = SeenWith({"--payload-size=1000"});
  ASSERT_FALSE(plain.body.empty());
  EXPECT_EQ(plain.body[0], 0);
}

TEST_P(RunOptionsTest, AuthorityTakesThePlaceOfTheTarget) {
  EXPECT_EQ(SeenWith({"--authority=service.test"}).Header(":authority"), "service.test");
}

TEST_P(RunOptionsTest, NamesAreResolvedAndAllTheirAddressesCalled) {
  const TestServer server;
  const std::string port = server.target().substr(server.target().rfind(':'));
  EXPECT_EQ(Run("dns:///127.0.0.1" + port, {}).exit_code, 0);
  EXPECT_EQ(server.fetches(), 40u);

  const absl::StatusOr<http2::Endpoint> localhost = http2::ResolveEndpoint("dns:///localhost" + port);
  if (!localhost.ok() || localhost->addresses.size() < 2) GTEST_SKIP() << "localhost has one address here";
  const TestServer other("[::1]" + port);
  EXPECT_EQ(Run("dns:///localhost" + port, {"--connections=4"}).exit_code, 0);
  EXPECT_GT(server.fetches(), 40u);
  EXPECT_GT(other.fetches(), 0u);
}

// An engine that starts to call when nobody listens yet; the server comes a little later.
std::vector<SentCall> CallBeforeTheServerComes(EngineKind kind, bool wait_for_ready) {
  // Relative: the path of a socket must be short.
  const std::string target = absl::StrCat("unix:late_", NameOf(kind), wait_for_ready);
  const auto plan = RepeatedCall({kFetch}, {""});
  std::unique_ptr<ChannelPool> pool;
  std::unique_ptr<Engine> engine;
  if (kind == EngineKind::kGrpc) {
    pool = std::make_unique<ChannelPool>(ChannelPoolOptions{.target = target});
    GrpcEngineOptions options;
    options.channels = {pool->channel(0)};
    options.slots = 4;
    options.plan = plan;
    options.call.wait_for_ready = wait_for_ready;
    engine = MakeGrpcEngine(options);
  } else {
    http2::Http2EngineOptions options;
    options.targets = {{*http2::ResolveEndpoint(target)}};
    options.slots = 4;
    options.plan = plan;
    options.call.wait_for_ready = wait_for_ready;
    engine = http2::MakeHttp2Engine(options);
  }
  SentCalls calls(engine.get(), 4, 4);
  std::unique_ptr<TestServer> server;
  int ticks = 0;
  calls.on_tick = [&] {
    if (++ticks == 20) server = std::make_unique<TestServer>(target);
  };
  engine->Run(&calls);
  return calls.ended();
}

TEST_P(RunOptionsTest, CallsWaitForTheirConnectionOnlyIfTheyAreTold) {
  for (const SentCall& call : CallBeforeTheServerComes(GetParam(), true)) {
    EXPECT_EQ(call.code, absl::StatusCode::kOk) << call.message;
  }
  for (const SentCall& call : CallBeforeTheServerComes(GetParam(), false)) {
    EXPECT_EQ(call.code, absl::StatusCode::kUnavailable) << call.message;
  }
}

INSTANTIATE_TEST_SUITE_P(Both, RunOptionsTest, testing::Values(EngineKind::kHttp2, EngineKind::kGrpc),
                         [](const auto& info) { return std::string(NameOf(info.param)); });

}  // namespace
}  // namespace meanwhile
