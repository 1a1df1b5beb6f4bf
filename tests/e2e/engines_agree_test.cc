// The load tester's two engines against the same servers, ours in each model and servers that are not ours: every call
// ends with the same status, message and answer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "loadtest/engine/call_options.h"
#include "loadtest/engine/call_source.h"
#include "loadtest/engine/engine_set.h"
#include "loadtest/load/load_run.h"
#include "loadtest/load/schedule.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "tests/loadtest/engine/http2/sent_calls.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

using http2::SentCall;
using http2::SentCalls;
using testing::Each;
using testing::SizeIs;

constexpr char kFetch[] = "/meanwhile.v1.Meanwhile/Fetch";
constexpr char kWatch[] = "/meanwhile.v1.Meanwhile/Watch";
constexpr char kCollect[] = "/meanwhile.v1.Meanwhile/Collect";
constexpr char kExchange[] = "/meanwhile.v1.Meanwhile/Exchange";
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

// What a server cannot help to answer alike.
std::string GistOf(const std::string& answer, const std::string& method) {
  if (method == kCollect) {
    v1::CollectResponse collected;
    EXPECT_TRUE(collected.ParseFromString(answer));
    return absl::StrCat(collected.count(), " messages of ", collected.bytes(), " bytes");
  }
  if (method == kWatch) {
    v1::WatchResponse item;
    EXPECT_TRUE(item.ParseFromString(answer));
    return item.payload();
  }
  // Those of Fetch and of Exchange are alike.
  v1::FetchResponse fetched;
  EXPECT_TRUE(fetched.ParseFromString(answer));
  return fetched.payload();
}

std::vector<SentCall> Send(EngineKind kind, const std::string& target, const TargetMethod& method,
                           const std::vector<std::string>& messages, absl::Duration timeout,
                           const CallOptions& call = {}) {
  EngineSetOptions options;
  options.kind = kind;
  options.target = target;
  options.connections = 2;
  options.slots = 8;
  options.plan = RepeatedCall(method, messages);
  options.call = call;
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
    for (std::string& answer : call.answers) answer = GistOf(answer, method.path);
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
  const std::vector<SentCall> ours = Send(EngineKind::kHttp2, target, {method}, {encoded}, timeout);
  const std::vector<SentCall> reference = Send(EngineKind::kGrpc, target, {method}, {encoded}, timeout);
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

// The payload of a request of Collect and Exchange has the number of FetchRequest's.
std::vector<std::string> Messages(const std::vector<std::string>& payloads) {
  std::vector<std::string> messages;
  for (const std::string& payload : payloads) messages.push_back(WithPayload(payload).SerializeAsString());
  return messages;
}

// One schedule, sent by each engine in turn: as many calls, ended by the same statuses.
void ExpectScheduleAgrees(const std::string& target) {
  const auto run = [&target](EngineKind kind) {
    LoadOptions options;
    options.engine = kind;
    options.target = target;
    options.connections = 2;
    options.loops = 2;
    LoadShape& shape = options.shape.emplace();
    shape.phases = {{.begin_rate = 200, .end_rate = 400, .length = absl::Milliseconds(500)}};
    shape.arrival.kind = Arrival::Kind::kPoisson;
    options.duration = shape.length();
    options.patience = absl::Seconds(60);
    options.plan = CallsInTurn({{kFetch}, {"/meanwhile.v1.Meanwhile/Nothing"}},
                               {{0, Messages({"hello"})}, {1, Messages({"hello"})}, {0, Messages({"again"})}});
    absl::StatusOr<LoadResult> result = RunLoad(options);
    EXPECT_TRUE(result.ok()) << result.status();
    return *std::move(result);
  };
  const LoadResult ours = run(EngineKind::kHttp2);
  const LoadResult reference = run(EngineKind::kGrpc);
  EXPECT_GT(ours.scheduled, 100u);
  EXPECT_EQ(ours.scheduled, reference.scheduled);
  for (const LoadResult* result : {&ours, &reference}) {
    EXPECT_EQ(result->not_sent, 0u);
    EXPECT_EQ(result->unfinished, 0u);
    EXPECT_EQ(result->measurement.calls(), result->scheduled);
  }
  for (const absl::StatusCode code : {absl::StatusCode::kOk, absl::StatusCode::kUnimplemented}) {
    EXPECT_GT(ours.measurement.count(code), 0u);
    EXPECT_EQ(ours.measurement.count(code), reference.measurement.count(code));
  }
  EXPECT_EQ(ours.measurement.failed(), ours.measurement.count(absl::StatusCode::kUnimplemented));
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

std::string Watching(uint32_t count, const std::string& payload) {
  v1::WatchRequest request;
  request.set_count(count);
  request.set_payload(payload);
  return request.SerializeAsString();
}

// Calls that stream, of which each engine's end in the same way, and in this one.
void ExpectStreamsAgree(const std::string& target, const TargetMethod& method, const std::vector<std::string>& messages,
                        const CallOptions& options, const ExpectedEnd& expected,
                        absl::Duration timeout = absl::Seconds(60)) {
  const std::vector<SentCall> ours = Send(EngineKind::kHttp2, target, method, messages, timeout, options);
  const std::vector<SentCall> reference = Send(EngineKind::kGrpc, target, method, messages, timeout, options);
  ASSERT_THAT(ours, SizeIs(kCalls));
  EXPECT_EQ(ours, reference) << method.path;
  EXPECT_EQ(ours[0].code, expected.code) << method.path << ": " << ours[0].message;
  EXPECT_EQ(ours[0].answers, expected.answers) << method.path;
  EXPECT_THAT(ours, Each(ours[0]));
}

void ExpectAllKindsAgree(const std::string& target) {
  const std::vector<std::string> items(30, std::string(20'000, 'x'));
  for (const bool gzip : {false, true}) {
    const CallOptions options{.gzip = gzip};
    ExpectStreamsAgree(target, {kFetch, CallKind::kUnary}, Messages({"hello"}), options,
                       {absl::StatusCode::kOk, {"hello"}});
    ExpectStreamsAgree(target, {kWatch, CallKind::kServerStreaming}, {Watching(30, items[0])}, options,
                       {absl::StatusCode::kOk, items});
    ExpectStreamsAgree(target, {kCollect, CallKind::kClientStreaming}, Messages(items), options,
                       {absl::StatusCode::kOk, {"30 messages of 600000 bytes"}});
    ExpectStreamsAgree(target, {kExchange, CallKind::kBidirectional}, Messages(items), options,
                       {absl::StatusCode::kOk, items});
  }
  // A stream without messages, one whose messages are sent over and over, and one that takes its time.
  ExpectStreamsAgree(target, {kExchange, CallKind::kBidirectional}, {}, {}, {absl::StatusCode::kOk, {}});
  ExpectStreamsAgree(target, {kExchange, CallKind::kBidirectional}, Messages({"a", "bb"}), {.stream = {.messages = 5}},
                     {absl::StatusCode::kOk, {"a", "bb", "a", "bb", "a"}});
  const StreamOptions slowly{.messages = 4, .interval = std::chrono::milliseconds(2)};
  ExpectStreamsAgree(target, {kCollect, CallKind::kClientStreaming}, Messages({"a", "bb"}), {.stream = slowly},
                     {absl::StatusCode::kOk, {"4 messages of 6 bytes"}});
  ExpectStreamsAgree(target, {"/meanwhile.v1.Meanwhile/Nothing", CallKind::kBidirectional}, Messages(items), {},
                     {absl::StatusCode::kUnimplemented});
  const StreamOptions endless{.messages = 1'000'000, .interval = std::chrono::milliseconds(1)};
  ExpectStreamsAgree(target, {kCollect, CallKind::kClientStreaming}, Messages({"a"}), {.stream = endless},
                     {absl::StatusCode::kDeadlineExceeded}, absl::Milliseconds(50));
}

TEST_P(OurServerTest, IsSentTheSameSchedule) {
  const StartedServer server({"server/server", absl::StrCat("--model=", GetParam()), "--listen=127.0.0.1:0",
                              "--backend=constant:0ms", "--reflection=false", "--grace=0s"});
  ExpectScheduleAgrees(server.target());
}

TEST_P(OurServerTest, StreamsAlike) {
  const StartedServer server({"server/server", absl::StrCat("--model=", GetParam()), "--listen=127.0.0.1:0",
                              "--backend=constant:0ms", "--reflection=false", "--grace=0s"});
  ExpectAllKindsAgree(server.target());
}

INSTANTIATE_TEST_SUITE_P(Models, OurServerTest, testing::Values("async", "callback", "thread", "pool"),
                         [](const auto& info) { return std::string(info.param); });

// What the other servers send back looks like an answer of Watch, or, put together, like one of Collect.
std::vector<std::string> Watched(const std::string& payload) {
  v1::WatchResponse item;
  item.set_payload(payload);
  return {item.SerializeAsString()};
}

std::vector<std::string> Collected(uint32_t count, uint64_t bytes) {
  v1::CollectResponse first;
  first.set_count(count);
  v1::CollectResponse second;
  second.set_bytes(bytes);
  return {first.SerializeAsString(), second.SerializeAsString()};
}

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

TEST_P(OtherServerTest, IsSentTheSameSchedule) {
  const StartedServer server(GetParam().command);
  ExpectScheduleAgrees(server.target());
}

TEST_P(OtherServerTest, StreamsAlike) {
  const StartedServer server(GetParam().command);
  const std::string item(20'000, 'x');
  const std::vector<std::string> three(3, item);
  const std::vector<std::string> many(30, item);
  for (const bool gzip : {false, true}) {
    const CallOptions options{.gzip = gzip};
    ExpectStreamsAgree(server.target(), {kFetch, CallKind::kUnary}, Messages({"hello"}), options,
                       {absl::StatusCode::kOk, {"hello"}});
    ExpectStreamsAgree(server.target(), {kWatch, CallKind::kServerStreaming}, Watched(item), options,
                       {absl::StatusCode::kOk, three});
    ExpectStreamsAgree(server.target(), {kExchange, CallKind::kBidirectional}, Messages(many), options,
                       {absl::StatusCode::kOk, many});
    ExpectStreamsAgree(server.target(), {kCollect, CallKind::kClientStreaming}, Collected(2, 3), options,
                       {absl::StatusCode::kOk, {"2 messages of 3 bytes"}});
  }
  const StreamOptions slowly{.messages = 4, .interval = std::chrono::milliseconds(2)};
  ExpectStreamsAgree(server.target(), {kExchange, CallKind::kBidirectional}, Messages({"a", "bb"}), {.stream = slowly},
                     {absl::StatusCode::kOk, {"a", "bb", "a", "bb"}});
}

INSTANTIATE_TEST_SUITE_P(Languages, OtherServerTest,
                         testing::Values(OtherServer{"Go", {"bazel/tools/go_grpc_server"}},
                                         OtherServer{"Node", {"bazel/tools/node_grpc_server"}},
                                         OtherServer{"Python",
                                                     {"/usr/bin/python3", "tests/e2e/other_servers/server.py"}}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace meanwhile
