// The load tester's two engines against the same servers, ours in each model and servers that are not ours: every call
// ends with the same status, message and answer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "loadtest/engine_set.h"
#include "loadtest/http2/http2_engine.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "tests/loadtest/http2/sent_calls.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

using http2::SentCall;
using http2::SentCalls;
using testing::Each;
using testing::SizeIs;

constexpr char kFetch[] = "/meanwhile.v1.Meanwhile/Fetch";
constexpr std::size_t kCalls = 40;

// A server that tells on stderr where it serves.
class StartedServer {
 public:
  explicit StartedServer(const std::vector<std::string>& command) : process_(command) {
    constexpr char kServing[] = "serving on ";
    while (const std::optional<std::string> line = process_.ReadErrorLine()) {
      const std::size_t place = line->find(kServing);
      if (place == std::string::npos) continue;
      target_ = line->substr(place + sizeof(kServing) - 1);
      target_ = target_.substr(0, target_.find_first_of(": ", target_.find(':') + 1));
      return;
    }
    ADD_FAILURE() << command[0] << " does not serve: " << process_.err();
  }
  const std::string& target() const { return target_; }

 private:
  Process process_;
  std::string target_;
};

// Only what a server cannot help to answer alike is kept of an answer: the payload.
std::vector<SentCall> Send(EngineKind kind, const std::string& target, const std::string& method,
                           const std::string& request, absl::Duration timeout) {
  EngineSetOptions options;
  options.kind = kind;
  options.target = target;
  options.connections = 2;
  options.slots = 8;
  options.method = method;
  options.request = request;
  options.timeout = timeout;
  absl::StatusOr<std::unique_ptr<EngineSet>> engines = ConnectEngines(options, absl::Seconds(30));
  EXPECT_TRUE(engines.ok()) << engines.status();
  if (!engines.ok()) return {};
  SentCalls driver(&(*engines)->engine(0), options.slots, kCalls);
  (*engines)->engine(0).Run(&driver);
  std::vector<SentCall> calls = driver.ended();
  for (SentCall& call : calls) {
    // Whether the client or the server is the first to see that a deadline has passed is chance, and so are the words.
    if (call.code == absl::StatusCode::kDeadlineExceeded) call.message.clear();
    for (std::string& answer : call.answers) {
      v1::FetchResponse response;
      EXPECT_TRUE(response.ParseFromString(answer));
      answer = response.payload();
    }
  }
  return calls;
}

struct ExpectedEnd {
  absl::StatusCode code;
  std::vector<std::string> answers = {};
  // Of the status; any when it is not given.
  std::optional<std::string> message = std::nullopt;
};

// Both engines end every call in the same way, and in this one.
void ExpectAgreement(const std::string& target, const v1::FetchRequest& request, const ExpectedEnd& expected,
                     absl::Duration timeout = absl::Seconds(60), const std::string& method = kFetch) {
  const std::string encoded = request.SerializeAsString();
  const std::vector<SentCall> ours = Send(EngineKind::kHttp2, target, method, encoded, timeout);
  const std::vector<SentCall> reference = Send(EngineKind::kGrpc, target, method, encoded, timeout);
  ASSERT_THAT(ours, SizeIs(kCalls));
  EXPECT_EQ(ours, reference);
  EXPECT_EQ(ours[0].code, expected.code) << ours[0].message;
  EXPECT_EQ(ours[0].answers, expected.answers);
  EXPECT_EQ(ours[0].message, expected.message.value_or(ours[0].message));
  EXPECT_THAT(ours, Each(ours[0]));
}

v1::FetchRequest WithPayload(const std::string& payload) {
  v1::FetchRequest request;
  request.set_payload(payload);
  return request;
}

v1::FetchRequest WithWait(const std::string& spec) {
  v1::FetchRequest request;
  request.mutable_wait()->mutable_simulated()->set_spec(spec);
  return request;
}

class OurServerTest : public testing::TestWithParam<const char*> {};

TEST_P(OurServerTest, IsAnsweredAlike) {
  const StartedServer server({"server/server", absl::StrCat("--model=", GetParam()), "--listen=127.0.0.1:0",
                              "--backend=constant:0ms", "--reflection=false", "--grace=0s"});
  const std::string large(100'000, 'x');
  ExpectAgreement(server.target(), WithPayload("hello"), {absl::StatusCode::kOk, {"hello"}});
  ExpectAgreement(server.target(), WithPayload(""), {absl::StatusCode::kOk, {""}});
  ExpectAgreement(server.target(), WithPayload(large), {absl::StatusCode::kOk, {large}});
  ExpectAgreement(server.target(), WithWait("constant:0ms,fail=1:NOT_FOUND"), {absl::StatusCode::kNotFound});
  ExpectAgreement(server.target(), WithWait("no such distribution"), {absl::StatusCode::kInvalidArgument});
  ExpectAgreement(server.target(), WithPayload("hello"), {absl::StatusCode::kUnimplemented}, absl::Seconds(60),
                  "/meanwhile.v1.Meanwhile/Nothing");
  ExpectAgreement(server.target(), WithWait("constant:30s"), {absl::StatusCode::kDeadlineExceeded},
                  absl::Milliseconds(50));
}

// The engine http2 alone: calls of the other kinds, larger than what a window of HTTP/2 holds.
std::vector<SentCall> SendStreams(const std::string& target, const std::string& method,
                                  const std::vector<std::string>& messages, bool gzip, bool one_message) {
  http2::Http2EngineOptions options;
  options.endpoint = *http2::ResolveEndpoint(target);
  options.connections = 2;
  options.slots = 4;
  options.call.path = "/meanwhile.v1.Meanwhile/" + method;
  options.call.messages = messages;
  options.call.gzip = gzip;
  options.response.one_message = one_message;
  const std::unique_ptr<http2::Http2Engine> engine = http2::MakeHttp2Engine(options);
  SentCalls driver(engine.get(), options.slots, 8);
  engine->Run(&driver);
  return driver.ended();
}

TEST_P(OurServerTest, StreamsThroughTheWindows) {
  const StartedServer server({"server/server", absl::StrCat("--model=", GetParam()), "--listen=127.0.0.1:0",
                              "--backend=constant:0ms", "--reflection=false", "--grace=0s"});
  const std::string item(50'000, 'x');
  for (const bool gzip : {false, true}) {
    v1::WatchRequest watch;
    watch.set_count(60);
    watch.set_payload(item);
    for (const SentCall& call : SendStreams(server.target(), "Watch", {watch.SerializeAsString()}, gzip, false)) {
      EXPECT_EQ(call.code, absl::StatusCode::kOk) << call.message;
      EXPECT_THAT(call.answers, SizeIs(60));
    }
    v1::CollectRequest collect;
    collect.set_payload(item);
    const std::vector<std::string> collected(60, collect.SerializeAsString());
    for (const SentCall& call : SendStreams(server.target(), "Collect", collected, gzip, true)) {
      EXPECT_EQ(call.code, absl::StatusCode::kOk) << call.message;
      ASSERT_THAT(call.answers, SizeIs(1));
      v1::CollectResponse response;
      EXPECT_TRUE(response.ParseFromString(call.answers[0]));
      EXPECT_EQ(response.count(), 60u);
      EXPECT_EQ(response.bytes(), 60 * item.size());
    }
    v1::ExchangeRequest exchange;
    exchange.set_payload(item);
    const std::vector<std::string> exchanged(60, exchange.SerializeAsString());
    for (const SentCall& call : SendStreams(server.target(), "Exchange", exchanged, gzip, false)) {
      EXPECT_EQ(call.code, absl::StatusCode::kOk) << call.message;
      EXPECT_THAT(call.answers, SizeIs(60));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, OurServerTest, testing::Values("async", "callback", "thread", "pool"),
                         [](const auto& info) { return std::string(info.param); });

struct OtherServer {
  const char* name;
  std::vector<std::string> command;
};

class OtherServerTest : public testing::TestWithParam<OtherServer> {};

TEST_P(OtherServerTest, IsAnsweredAlike) {
  const StartedServer server(GetParam().command);
  const std::string large(100'000, 'x');
  ExpectAgreement(server.target(), WithPayload("hello"), {absl::StatusCode::kOk, {"hello"}});
  ExpectAgreement(server.target(), WithPayload(""), {absl::StatusCode::kOk, {""}});
  ExpectAgreement(server.target(), WithPayload(large), {absl::StatusCode::kOk, {large}});
  ExpectAgreement(server.target(), WithPayload("fail"), {absl::StatusCode::kNotFound, {}, "no such thing: 100% ä"});
  ExpectAgreement(server.target(), WithPayload("hello"), {absl::StatusCode::kUnimplemented}, absl::Seconds(60),
                  "/meanwhile.v1.Meanwhile/Nothing");
  ExpectAgreement(server.target(), WithPayload("slow"), {absl::StatusCode::kDeadlineExceeded}, absl::Milliseconds(50));
}

INSTANTIATE_TEST_SUITE_P(Languages, OtherServerTest,
                         testing::Values(OtherServer{"Go", {"bazel/tools/go_grpc_server"}},
                                         OtherServer{"Python",
                                                     {"/usr/bin/python3", "tests/e2e/other_servers/server.py"}}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace meanwhile
