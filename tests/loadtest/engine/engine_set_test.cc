// Both engines against the same server, in the test's own process: they agree on how every call ends.

#include "loadtest/engine/engine_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "tests/client/test_server.h"
#include "tests/loadtest/engine/http2/sent_calls.h"

namespace meanwhile {
namespace {

using http2::SentCall;
using http2::SentCalls;
using testing::Each;
using testing::SizeIs;

constexpr char kFetch[] = "/meanwhile.v1.Meanwhile/Fetch";

class EngineSetTest : public testing::TestWithParam<EngineKind> {
 protected:
  EngineSetOptions OptionsFor(const TestServer& server, const v1::FetchRequest& request = {}) {
    EngineSetOptions options;
    options.kind = GetParam();
    options.target = server.target();
    options.connections = 4;
    options.engines = 2;
    options.slots = 10;
    options.plan = RepeatedCall({kFetch}, {request.SerializeAsString()});
    return options;
  }

  // Sends so many calls from each engine.
  std::vector<SentCall> Send(const EngineSetOptions& options, std::size_t calls) {
    absl::StatusOr<std::unique_ptr<EngineSet>> engines = ConnectEngines(options, absl::Seconds(30));
    EXPECT_TRUE(engines.ok()) << engines.status();
    if (!engines.ok()) return {};
    const std::vector<TargetConnections> targets = (*engines)->targets();
    EXPECT_EQ(targets.size(), 1u);
    EXPECT_EQ(targets[0].target, options.target);
    EXPECT_EQ(targets[0].opened, (*engines)->connections());
    EXPECT_EQ(targets[0].standing, (*engines)->connections());
    std::vector<std::unique_ptr<SentCalls>> drivers;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < (*engines)->size(); ++i) {
      const std::size_t slots = PartOf(options.slots, (*engines)->size(), i);
      drivers.push_back(std::make_unique<SentCalls>(&(*engines)->engine(i), slots, calls));
      threads.emplace_back([&, i] { (*engines)->engine(i).Run(drivers[i].get()); });
    }
    for (std::thread& thread : threads) thread.join();
    std::vector<SentCall> ended;
    for (const auto& driver : drivers) ended.insert(ended.end(), driver->ended().begin(), driver->ended().end());
    return ended;
  }
};

TEST_P(EngineSetTest, BringsTheAnswers) {
  TestServer server;
  v1::FetchRequest request;
  request.set_payload("hello");
  v1::FetchResponse response;
  response.set_payload("hello");
  *response.mutable_waited() = {};
  const SentCall good{absl::StatusCode::kOk, "", "", {response.SerializeAsString()}};
  EXPECT_THAT(Send(OptionsFor(server, request), 100), testing::AllOf(SizeIs(200), Each(good)));
  EXPECT_EQ(server.fetches(), 200u);
  EXPECT_EQ(server.peers(), 4u) << "each connection is a socket";
}

TEST_P(EngineSetTest, BringsALargeAnswer) {
  TestServer server;
  v1::FetchRequest request;
  request.set_payload(std::string(1 << 20, 'x'));
  const std::vector<SentCall> calls = Send(OptionsFor(server, request), 10);
  EXPECT_THAT(calls, SizeIs(20));
  for (const SentCall& call : calls) {
    ASSERT_THAT(call.answers, SizeIs(1));
    v1::FetchResponse response;
    EXPECT_TRUE(response.ParseFromString(call.answers[0]));
    EXPECT_EQ(response.payload(), request.payload());
  }
}

TEST_P(EngineSetTest, TellsAServersStatus) {
  TestServer server;
  v1::FetchRequest request;
  request.set_payload("fail");
  const SentCall bad{absl::StatusCode::kUnavailable, "as the test wants it", "", {}};
  EXPECT_THAT(Send(OptionsFor(server, request), 20), testing::AllOf(SizeIs(40), Each(bad)));
}

TEST_P(EngineSetTest, TellsThatThereIsNoSuchMethod) {
  TestServer server;
  EngineSetOptions options = OptionsFor(server);
  options.plan = RepeatedCall({"/meanwhile.v1.Meanwhile/Nothing"}, {""});
  for (const SentCall& call : Send(options, 5)) EXPECT_EQ(call.code, absl::StatusCode::kUnimplemented) << call.message;
}

TEST_P(EngineSetTest, TellsThatTheRequestCannotBeRead) {
  TestServer server;
  EngineSetOptions options = OptionsFor(server);
  options.plan = RepeatedCall({kFetch}, {"no protobuf"});
  for (const SentCall& call : Send(options, 5)) EXPECT_EQ(call.code, absl::StatusCode::kInternal) << call.message;
}

// Payloads count up; every third call is of a method that does not exist.
class CountingSource final : public CallSource {
 public:
  OutgoingCall Next() override {
    v1::FetchRequest request;
    request.set_payload(std::to_string(calls_++));
    message_ = {request.SerializeAsString()};
    return {.method = calls_ % 3 == 0 ? 1u : 0u, .messages = message_};
  }

 private:
  std::size_t calls_ = 0;
  std::vector<std::string> message_;
};

TEST_P(EngineSetTest, SendsWhatItsSourceMakesUp) {
  TestServer server;
  EngineSetOptions options = OptionsFor(server);
  options.engines = 1;
  auto plan = std::make_shared<CallPlan>();
  plan->methods = {{kFetch}, {"/meanwhile.v1.Meanwhile/Nothing"}};
  plan->make_source = [](const CallPlan&, std::size_t) { return std::make_unique<CountingSource>(); };
  options.plan = plan;
  std::vector<std::string> payloads;
  std::size_t unimplemented = 0;
  for (const SentCall& call : Send(options, 30)) {
    unimplemented += call.code == absl::StatusCode::kUnimplemented;
    for (const std::string& answer : call.answers) {
      v1::FetchResponse response;
      EXPECT_TRUE(response.ParseFromString(answer));
      payloads.push_back(response.payload());
    }
  }
  EXPECT_EQ(unimplemented, 10u);
  EXPECT_THAT(payloads, testing::UnorderedElementsAre("0", "1", "3", "4", "6", "7", "9", "10", "12", "13", "15", "16",
                                                      "18", "19", "21", "22", "24", "25", "27", "28"));
}

TEST_P(EngineSetTest, TakesTheFixedCallsInTurn) {
  TestServer server;
  EngineSetOptions options = OptionsFor(server);
  const auto call_with = [](const char* payload) {
    v1::FetchRequest request;
    request.set_payload(payload);
    return FixedCall{.messages = {request.SerializeAsString()}};
  };
  options.plan = CallsInTurn({{kFetch}}, {call_with("a"), call_with("bb"), call_with("fail")});
  std::size_t bytes = 0;
  std::size_t failed = 0;
  for (const SentCall& call : Send(options, 30)) {
    failed += call.code == absl::StatusCode::kUnavailable;
    for (const std::string& answer : call.answers) {
      v1::FetchResponse response;
      EXPECT_TRUE(response.ParseFromString(answer));
      bytes += response.payload().size();
    }
  }
  EXPECT_EQ(failed, 20u);
  EXPECT_EQ(bytes, 20u + 2 * 20u);
}

TEST_P(EngineSetTest, EndsCallsAtTheirDeadline) {
  TestServer server;
  v1::FetchRequest request;
  request.mutable_wait()->mutable_simulated()->mutable_constant()->set_seconds(60);
  EngineSetOptions options = OptionsFor(server, request);
  options.timeout = absl::Milliseconds(30);
  const SentCall late{absl::StatusCode::kDeadlineExceeded, "Deadline Exceeded", "", {}};
  EXPECT_THAT(Send(options, 10), testing::AllOf(SizeIs(20), Each(late)));
}

TEST_P(EngineSetTest, ConnectsThroughTheFileSystem) {
  // Relative: the path of a socket must be short.
  TestServer server("unix:engine_set_" + std::string(NameOf(GetParam())));
  for (const SentCall& call : Send(OptionsFor(server), 10)) EXPECT_EQ(call.code, absl::StatusCode::kOk) << call.message;
}

TEST_P(EngineSetTest, SaysWhomItCannotReach) {
  EngineSetOptions options;
  options.kind = GetParam();
  options.target = "unix:/nobody/listens/here";
  options.plan = RepeatedCall({kFetch}, {""});
  const auto engines = ConnectEngines(options, absl::Milliseconds(50));
  EXPECT_EQ(
      engines.status(),
      absl::UnavailableError("cannot connect to unix:/nobody/listens/here within 50ms: No such file or directory"));
}

TEST_P(EngineSetTest, KnowsTheConnectionsToEachTarget) {
  const TestServer first;
  const TestServer second;
  EngineSetOptions options = OptionsFor(first);
  options.connections = 5;
  // One that is given twice has twice the share.
  options.target = absl::StrCat(first.target(), ",", second.target(), ",", first.target());
  const auto engines = ConnectEngines(options, absl::Seconds(30));
  ASSERT_TRUE(engines.ok()) << engines.status();
  const std::vector<TargetConnections> targets = (*engines)->targets();
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].target, first.target());
  EXPECT_EQ(targets[0].opened, 3u);
  EXPECT_EQ(targets[0].standing, 3u);
  EXPECT_EQ(targets[1].target, second.target());
  EXPECT_EQ(targets[1].opened, 2u);
  EXPECT_EQ(targets[1].standing, 2u);
}

TEST_P(EngineSetTest, KnowsTheTargetThatGetsNoConnection) {
  const TestServer server;
  EngineSetOptions options = OptionsFor(server);
  options.connections = 1;
  options.engines = 1;
  options.target = server.target() + ",unix:/nobody/listens/here";
  const auto engines = ConnectEngines(options, absl::Seconds(30));
  ASSERT_TRUE(engines.ok()) << engines.status();
  const std::vector<TargetConnections> targets = (*engines)->targets();
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].standing, 1u);
  EXPECT_EQ(targets[1].target, "unix:/nobody/listens/here");
  EXPECT_EQ(targets[1].opened, 0u);
}

INSTANTIATE_TEST_SUITE_P(Both, EngineSetTest, testing::Values(EngineKind::kHttp2, EngineKind::kGrpc),
                         [](const auto& info) { return std::string(NameOf(info.param)); });

TEST(EngineKindTest, HasNames) {
  EXPECT_EQ(*ParseEngineKind("http2"), EngineKind::kHttp2);
  EXPECT_EQ(*ParseEngineKind("grpc"), EngineKind::kGrpc);
  EXPECT_EQ(ParseEngineKind("http3").status(), absl::InvalidArgumentError("must be http2 or grpc"));
}

}  // namespace
}  // namespace meanwhile
