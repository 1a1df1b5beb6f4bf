#include "server/model/service_rules.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

using grpc::StatusCode;

template <typename Message>
Message Parsed(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

ServiceRules Rules() { return ServiceRules(ServerOptions{.data_dir = "/data", .remote = "127.0.0.1:1"}); }

template <typename Request>
grpc::Status Check(const Request& request, const ServiceRules& rules = Rules()) {
  const grpc::ServerContext call;
  PlannedWait wait;
  return rules.Check(request, call, &wait);
}

grpc::Status Check(const v1::GatherRequest& request, std::vector<PlannedWait>* waits) {
  const grpc::ServerContext call;
  return Rules().Check(request, call, waits);
}

struct BadRequest {
  const char* request;
  const char* message;
};

TEST(ServiceRulesTest, RefusesAFetchOutOfBounds) {
  const BadRequest cases[] = {
      {"wait { simulated {} }", "wait.simulated: needs constant or spec"},
      {"wait { simulated { constant { seconds: 61 } } }", "wait.simulated.constant=1m1s: must be from 0 to 1m"},
      {"wait { simulated { constant { seconds: 60 nanos: 1 } } }",
       "wait.simulated.constant=1m0.000000001s: must be from 0 to 1m"},
      {"wait { simulated { constant { nanos: -1 } } }", "wait.simulated.constant=-1ns: must be from 0 to 1m"},
      {"wait { simulated { constant { seconds: 1 nanos: -1 } } }", "wait.simulated.constant: not a valid duration"},
      {"wait { simulated { constant { nanos: 1000000000 } } }", "wait.simulated.constant: not a valid duration"},
      {"wait { simulated { constant { seconds: 315576000001 } } }", "wait.simulated.constant: not a valid duration"},
      {"wait { simulated { spec: 'normal:50ms' } }", "wait.simulated.spec: normal:50ms: needs MEAN,STDDEV"},
      {"wait { simulated { spec: 'constant:1ms,capacity=1' } }",
       "wait.simulated.spec: constant:1ms,capacity=1: capacity: belongs to the backend of the server, not to a "
       "request"},
      {"wait { simulated { spec: 'exponential:61s' } }",
       "wait.simulated.spec=exponential:61s: its mean must be at most 1m"},
  };
  for (const auto& [request, message] : cases) {
    const grpc::Status status = Check(Parsed<v1::FetchRequest>(request));
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << request;
    EXPECT_EQ(status.error_message(), message);
  }
}

TEST(ServiceRulesTest, RefusesAKindOfWaitThatItDoesNotKnow) {
  v1::FetchRequest request;
  request.mutable_wait()->GetReflection()->MutableUnknownFields(request.mutable_wait())->AddVarint(99, 1);
  EXPECT_EQ(Check(request).error_message(), "wait: a kind that this server does not know");
}

TEST(ServiceRulesTest, TakesAPayloadOfUpTo1MiB) {
  v1::FetchRequest request;
  request.set_payload(std::string(1 << 20, 'x'));
  EXPECT_TRUE(Check(request).ok());
  request.mutable_payload()->push_back('x');
  const grpc::Status status = Check(request);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "payload: 1048577 bytes: must be at most 1048576");
}

TEST(ServiceRulesTest, RefusesAGatherOutOfBounds) {
  std::string too_many;
  for (int i = 0; i < 101; ++i) too_many += "waits {} ";
  const BadRequest cases[] = {
      {"", "waits: 0 of them: must be from 1 to 100"},
      {too_many.c_str(), "waits: 101 of them: must be from 1 to 100"},
      {"waits {} waits { simulated {} }", "waits[1].simulated: needs constant or spec"},
      {"waits {} waits {} waits { simulated { constant { seconds: 120 } } }",
       "waits[2].simulated.constant=2m: must be from 0 to 1m"},
  };
  for (const auto& [request, message] : cases) {
    std::vector<PlannedWait> waits;
    const grpc::Status status = Check(Parsed<v1::GatherRequest>(request), &waits);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << request;
    EXPECT_EQ(status.error_message(), message);
  }
  v1::GatherRequest request = Parsed<v1::GatherRequest>("waits {}");
  request.set_mode(static_cast<v1::GatherRequest::Mode>(7));
  std::vector<PlannedWait> waits;
  EXPECT_EQ(Check(request, &waits).error_message(), "mode=7: must be IN_SEQUENCE, AT_ONCE or FIRST_OF");
}

TEST(ServiceRulesTest, RefusesAComputeOutOfBounds) {
  const BadRequest cases[] = {
      {"", "rounds=0: must be from 1 to 1000000000"},
      {"rounds: 1000000001", "rounds=1000000001: must be from 1 to 1000000000"},
  };
  for (const auto& [request, message] : cases) {
    const grpc::Status status = Rules().Check(Parsed<v1::ComputeRequest>(request));
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.error_message(), message);
  }
  EXPECT_TRUE(Rules().Check(Parsed<v1::ComputeRequest>("rounds: 1")).ok());
  EXPECT_TRUE(Rules().Check(Parsed<v1::ComputeRequest>("rounds: 1000000000")).ok());
}

TEST(ServiceRulesTest, GivesTheWaitsInTheOrderOfTheRequest) {
  const auto request = Parsed<v1::GatherRequest>(
      "mode: AT_ONCE waits { simulated { constant { seconds: 60 } } } waits {} "
      "waits { simulated { spec: 'exponential:20ms,fail=0.5:ABORTED' } } waits { file_read { path: 'a' } } "
      "waits { file_write { path: 'b' } } waits { query { read: 'c' } } waits { remote {} }");
  std::vector<PlannedWait> waits;
  const grpc::Status status = Check(request, &waits);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(waits.size(), 7u);
  EXPECT_EQ(ToString(std::get<BackendSpec>(waits[0])), "constant:1m");
  EXPECT_TRUE(std::holds_alternative<OwnBackend>(waits[1]));
  EXPECT_EQ(ToString(std::get<BackendSpec>(waits[2])), "exponential:20ms,fail=0.5:ABORTED");
  EXPECT_EQ(std::get<const v1::FileReadWait*>(waits[3])->path(), "a");
  EXPECT_EQ(std::get<const v1::FileWriteWait*>(waits[4])->path(), "b");
  EXPECT_EQ(std::get<const v1::QueryWait*>(waits[5])->read(), "c");
  EXPECT_EQ(std::get<RemoteCall>(waits[6]).wait, &request.waits(6).remote());
  EXPECT_EQ(std::get<RemoteCall>(waits[6]).hops, 1u);
}

TEST(ServiceRulesTest, RefusesFilesQueriesAndRemoteWaitsOutOfBounds) {
  const auto long_text = [](std::size_t size) { return "'" + std::string(size, 'x') + "'"; };
  const struct {
    std::string wait;
    const char* message;
  } cases[] = {
      {"file_read {}", "wait.file_read.path: 0 bytes: must be from 1 to 1024"},
      {"file_read { path: " + long_text(1025) + " }", "wait.file_read.path: 1025 bytes: must be from 1 to 1024"},
      {"file_read { path: 'a' length: 1048577 }", "wait.file_read.length=1048577: must be at most 1048576"},
      {"file_write {}", "wait.file_write.path: 0 bytes: must be from 1 to 1024"},
      {"file_write { path: 'a' content: " + long_text((1 << 20) + 1) + " }",
       "wait.file_write.content: 1048577 bytes: must be at most 1048576"},
      {"query {}", "wait.query: needs read or store"},
      {"query { read: '' }", "wait.query.read: 0 bytes: must be from 1 to 256"},
      {"query { read: " + long_text(257) + " }", "wait.query.read: 257 bytes: must be from 1 to 256"},
      {"query { store {} }", "wait.query.store.key: 0 bytes: must be from 1 to 256"},
      {"query { store { key: 'a' value: " + long_text((1 << 20) + 1) + " } }",
       "wait.query.store.value: 1048577 bytes: must be at most 1048576"},
      {"remote { wait { simulated {} } }", "wait.remote.wait.simulated: needs constant or spec"},
      {"remote { wait { remote { wait { simulated { constant { seconds: 61 } } } } } }",
       "wait.remote.wait.remote.wait.simulated.constant=1m1s: must be from 0 to 1m"},
      {"remote { wait { file_read {} } }", "wait.remote.wait.file_read.path: 0 bytes: must be from 1 to 1024"},
      {"remote { wait { file_write {} } }", "wait.remote.wait.file_write.path: 0 bytes: must be from 1 to 1024"},
      {"remote { wait { query {} } }", "wait.remote.wait.query: needs read or store"},
  };
  for (const auto& [wait, message] : cases) {
    const grpc::Status status = Check(Parsed<v1::FetchRequest>("wait { " + wait + " }"));
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << wait.substr(0, 80);
    EXPECT_EQ(status.error_message(), message);
  }
  for (const std::string& wait : {"file_read { path: " + long_text(1024) + " length: 1048576 }",
                                  "file_write { path: " + long_text(1024) + " content: " + long_text(1 << 20) + " }",
                                  "query { read: " + long_text(256) + " }",
                                  "query { store { key: " + long_text(256) + " value: " + long_text(1 << 20) + " } }",
                                  std::string("remote { wait { remote { wait { query { read: 'a' } } } } }")}) {
    EXPECT_TRUE(Check(Parsed<v1::FetchRequest>("wait { " + wait + " }")).ok()) << wait.substr(0, 80);
  }
}

TEST(ServiceRulesTest, RefusesAKindOfWaitThatItHasNotBeenGiven) {
  const BadRequest cases[] = {
      {"wait { file_read {} }", "wait.file_read: this server runs without --data-dir"},
      {"wait { file_write {} }", "wait.file_write: this server runs without --data-dir"},
      {"wait { remote {} }", "wait.remote: this server runs without --remote"},
  };
  for (const auto& [request, message] : cases) {
    const grpc::Status status = Check(Parsed<v1::FetchRequest>(request), ServiceRules(ServerOptions{}));
    EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION) << request;
    EXPECT_EQ(status.error_message(), message);
  }
  // Another server may have been given what this one has not.
  EXPECT_TRUE(Check(Parsed<v1::FetchRequest>("wait { remote { wait { file_read { path: 'a' } } } }"),
                    ServiceRules(ServerOptions{.remote = "127.0.0.1:1"}))
                  .ok());
}

TEST(ServiceRulesTest, RefusesAChainOfMoreThanEightHops) {
  std::string wait = "simulated { constant {} }";
  for (int hops = 1; hops <= 8; ++hops) wait = absl::StrCat("remote { wait { ", wait, " } }");
  EXPECT_TRUE(Check(Parsed<v1::FetchRequest>("wait { " + wait + " }")).ok());
  wait = "remote { wait { " + wait + " } }";
  const grpc::Status status = Check(Parsed<v1::FetchRequest>("wait { " + wait + " }"));
  EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(),
            "wait.remote.wait.remote.wait.remote.wait.remote.wait.remote.wait.remote.wait.remote.wait.remote.wait"
            ".remote: hop 9 of the call: must be at most 8");
}

TEST(ServiceRulesTest, RefusesMessagesOfStreamsOutOfBounds) {
  EXPECT_EQ(Check(Parsed<v1::WatchRequest>("")).error_message(), "count=0: must be from 1 to 1000000");
  EXPECT_EQ(Check(Parsed<v1::WatchRequest>("count: 1000001")).error_message(),
            "count=1000001: must be from 1 to 1000000");
  EXPECT_TRUE(Check(Parsed<v1::WatchRequest>("count: 1000000")).ok());
  EXPECT_EQ(Check(Parsed<v1::WatchRequest>("count: 1 wait { simulated {} }")).error_message(),
            "wait.simulated: needs constant or spec");
  EXPECT_EQ(Check(Parsed<v1::CollectRequest>("wait { simulated {} }")).error_message(),
            "wait.simulated: needs constant or spec");
  EXPECT_EQ(Check(Parsed<v1::ExchangeRequest>("wait { simulated {} }")).error_message(),
            "wait.simulated: needs constant or spec");
  const std::string too_long = "payload: '" + std::string((1 << 20) + 1, 'x') + "'";
  const char* const message = "payload: 1048577 bytes: must be at most 1048576";
  EXPECT_EQ(Check(Parsed<v1::WatchRequest>("count: 1 " + too_long)).error_message(), message);
  EXPECT_EQ(Check(Parsed<v1::CollectRequest>(too_long)).error_message(), message);
  EXPECT_EQ(Check(Parsed<v1::ExchangeRequest>(too_long)).error_message(), message);
}

TEST(ServiceRulesTest, AnswersWithThePayloadTheTimesAndTheValue) {
  const Waited waited{.status = grpc::Status(), .elapsed = absl::Milliseconds(1500), .value = "found"};
  v1::FetchResponse response;
  ServiceRules::Answer(Parsed<v1::FetchRequest>("payload: 'hello'"), waited, &response);
  EXPECT_EQ(response.ShortDebugString(), "payload: \"hello\" waited { seconds: 1 nanos: 500000000 } value: \"found\"");

  v1::WatchResponse item;
  ServiceRules::Answer(Parsed<v1::WatchRequest>("payload: 'hello'"), 7, waited, &item);
  EXPECT_EQ(item.ShortDebugString(), "index: 7 payload: \"hello\" waited { seconds: 1 nanos: 500000000 }");

  v1::ExchangeResponse exchanged;
  ServiceRules::Answer(Parsed<v1::ExchangeRequest>("payload: 'hello'"), waited, &exchanged);
  EXPECT_EQ(exchanged.ShortDebugString(), "payload: \"hello\" waited { seconds: 1 nanos: 500000000 }");

  v1::CollectResponse collected;
  ServiceRules::Add(Parsed<v1::CollectRequest>("payload: 'hello'"), waited, &collected);
  ServiceRules::Add(Parsed<v1::CollectRequest>("payload: 'you'"), waited, &collected);
  EXPECT_EQ(collected.ShortDebugString(), "count: 2 bytes: 8 waited { seconds: 3 }");
}

// Computed with another program from the papers' definition of xorshift64*.
TEST(ServiceRulesTest, ComputesTheDigestOfXorshift64Star) {
  const struct {
    std::uint64_t seed;
    std::uint64_t rounds;
    std::uint64_t digest;
  } cases[] = {
      {1u, 1, 5180492295206395165u},
      {0u, 1, 973819730272012410u},
      {42u, 1000, 6605736456558739232u},
      {18446744073709551615u, 12345, 7718988659362391904u},
  };
  for (const auto& [seed, rounds, digest] : cases) {
    v1::ComputeRequest request;
    request.set_seed(seed);
    request.set_rounds(rounds);
    v1::ComputeResponse response;
    EXPECT_TRUE(ServiceRules::Compute(
                    request, [] { return StatusCode::OK; }, &response)
                    .ok());
    EXPECT_EQ(response.digest(), digest) << "seed " << seed << ", rounds " << rounds;
  }
}

TEST(ServiceRulesTest, ComputingEndsWithTheCallAndWithItsReason) {
  for (const auto& [reason, message] :
       {std::pair(StatusCode::CANCELLED, "cancelled while computing"),
        std::pair(StatusCode::DEADLINE_EXCEEDED, "deadline exceeded while computing")}) {
    v1::ComputeRequest request;
    request.set_rounds(1'000'000'000);
    v1::ComputeResponse response;
    int looks = 0;
    const grpc::Status status = ServiceRules::Compute(
        request, [&, end = reason] { return ++looks == 2 ? end : StatusCode::OK; }, &response);
    EXPECT_EQ(status.error_code(), reason);
    EXPECT_EQ(status.error_message(), message);
    EXPECT_EQ(response.digest(), 0u);
  }
}

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

ServiceRules RulesWith(const std::string& backend) {
  return ServiceRules(ServerOptions{.backend = *ParseBackendSpec(backend)});
}

async::Duration LeastOfFetch(const ServiceRules& rules, const std::string& request) {
  const auto fetch = Parsed<v1::FetchRequest>(request);
  return rules.LeastTime(CallMethod::kFetch, &fetch);
}

TEST(ServiceRulesTest, ACallTakesAtLeastTheConstantThatItAsksFor) {
  const ServiceRules rules = RulesWith("constant:50ms");
  EXPECT_EQ(LeastOfFetch(rules, "wait { simulated { constant { seconds: 2 nanos: 1000000 } } }"), 2001ms);
  EXPECT_EQ(LeastOfFetch(rules, "wait { simulated { constant {} } }"), 0ms);
  const auto watch = Parsed<v1::WatchRequest>("count: 5 wait { simulated { constant { seconds: 2 } } }");
  EXPECT_EQ(rules.LeastTime(CallMethod::kWatch, &watch), 2s) << "of the first item";
}

TEST(ServiceRulesTest, ACallThatLeavesTheWaitToTheServerTakesAtLeastWhatAlmostAllDrawsTake) {
  EXPECT_EQ(LeastOfFetch(RulesWith("constant:50ms"), ""), 50ms);
  EXPECT_EQ(LeastOfFetch(RulesWith("bimodal:1ms,100ms,0.5"), "wait {}"), 1ms);
  EXPECT_LT(LeastOfFetch(RulesWith("exponential:20ms"), ""), 1ms);
  const async::Duration normal = LeastOfFetch(RulesWith("normal:50ms,5ms"), "");
  EXPECT_GT(normal, 25ms);
  EXPECT_LT(normal, 28ms);
}

TEST(ServiceRulesTest, AGatherTakesAtLeastTheSumOrTheLongestOrTheShortestOfItsWaits) {
  const ServiceRules rules = RulesWith("constant:50ms");
  const auto least = [&](const std::string& mode) {
    const auto gather = Parsed<v1::GatherRequest>(
        mode +
        " waits {} waits { simulated { constant { seconds: 1 } } } waits { simulated { constant { seconds: 2 } } }");
    return rules.LeastTime(CallMethod::kGather, &gather);
  };
  EXPECT_EQ(least(""), 3050ms);
  EXPECT_EQ(least("mode: IN_SEQUENCE"), 3050ms);
  EXPECT_EQ(least("mode: AT_ONCE"), 2s);
  EXPECT_EQ(least("mode: FIRST_OF"), 50ms);
  const auto nothing = Parsed<v1::GatherRequest>("mode: FIRST_OF");
  EXPECT_EQ(rules.LeastTime(CallMethod::kGather, &nothing), 0ms);
}

TEST(ServiceRulesTest, OfWhatItCannotKnowOrWillRefuseACallIsTakenToNeedNoTime) {
  const ServiceRules rules = RulesWith("constant:50ms");
  for (const char* request :
       {"wait { simulated { spec: 'constant:1s' } }", "wait { file_read { path: 'x' } }",
        "wait { query { read: 'x' } }", "wait { remote {} }", "wait { simulated {} }",
        "wait { simulated { constant { seconds: 61 } } }", "wait { simulated { constant { seconds: -1 } } }",
        "wait { simulated { constant { seconds: 1 nanos: -1 } } }",
        "wait { simulated { constant { seconds: 315576000001 } } }"}) {
    EXPECT_EQ(LeastOfFetch(rules, request), 0ms) << request;
  }
  for (const CallMethod method : {CallMethod::kCollect, CallMethod::kExchange, CallMethod::kCompute}) {
    EXPECT_EQ(rules.LeastTime(method, nullptr), 0ms);
  }
}

}  // namespace
}  // namespace meanwhile
