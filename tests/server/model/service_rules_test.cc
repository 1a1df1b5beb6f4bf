#include "server/model/service_rules.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace meanwhile {
namespace {

using grpc::StatusCode;

template <typename Message>
Message Parsed(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

const ServiceRules kRules(absl::Minutes(1));

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
    RequestedWait wait;
    const grpc::Status status = kRules.Check(Parsed<v1::FetchRequest>(request), &wait);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << request;
    EXPECT_EQ(status.error_message(), message);
  }
}

TEST(ServiceRulesTest, RefusesAKindOfWaitThatItDoesNotKnow) {
  v1::FetchRequest request;
  request.mutable_wait()->GetReflection()->MutableUnknownFields(request.mutable_wait())->AddVarint(99, 1);
  RequestedWait wait;
  EXPECT_EQ(kRules.Check(request, &wait).error_message(), "wait: a kind that this server does not know");
}

TEST(ServiceRulesTest, TakesAPayloadOfUpTo1MiB) {
  v1::FetchRequest request;
  RequestedWait wait;
  request.set_payload(std::string(1 << 20, 'x'));
  EXPECT_TRUE(kRules.Check(request, &wait).ok());
  request.mutable_payload()->push_back('x');
  const grpc::Status status = kRules.Check(request, &wait);
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
    std::vector<RequestedWait> waits;
    const grpc::Status status = kRules.Check(Parsed<v1::GatherRequest>(request), &waits);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << request;
    EXPECT_EQ(status.error_message(), message);
  }
  v1::GatherRequest request = Parsed<v1::GatherRequest>("waits {}");
  request.set_mode(static_cast<v1::GatherRequest::Mode>(7));
  std::vector<RequestedWait> waits;
  EXPECT_EQ(kRules.Check(request, &waits).error_message(), "mode=7: must be IN_SEQUENCE or AT_ONCE");
}

TEST(ServiceRulesTest, RefusesAComputeOutOfBounds) {
  const BadRequest cases[] = {
      {"", "rounds=0: must be from 1 to 1000000000"},
      {"rounds: 1000000001", "rounds=1000000001: must be from 1 to 1000000000"},
  };
  for (const auto& [request, message] : cases) {
    const grpc::Status status = kRules.Check(Parsed<v1::ComputeRequest>(request));
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.error_message(), message);
  }
  EXPECT_TRUE(kRules.Check(Parsed<v1::ComputeRequest>("rounds: 1")).ok());
  EXPECT_TRUE(kRules.Check(Parsed<v1::ComputeRequest>("rounds: 1000000000")).ok());
}

TEST(ServiceRulesTest, GivesTheWaitsInTheOrderOfTheRequest) {
  std::vector<RequestedWait> waits;
  const grpc::Status status =
      kRules.Check(Parsed<v1::GatherRequest>("mode: AT_ONCE waits { simulated { constant { seconds: 60 } } } waits {} "
                                             "waits { simulated { spec: 'exponential:20ms,fail=0.5:ABORTED' } }"),
                   &waits);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(waits.size(), 3u);
  EXPECT_EQ(ToString(*waits[0]), "constant:1m");
  EXPECT_FALSE(waits[1].has_value()) << "the server's own backend";
  EXPECT_EQ(ToString(*waits[2]), "exponential:20ms,fail=0.5:ABORTED");
}

TEST(ServiceRulesTest, CutsARequestedDrawAtTheLongestWait) {
  const ServiceRules rules(absl::Milliseconds(20));
  const BackendSpec own{.latency = LatencyDistribution::Constant(absl::Seconds(5))};
  BackendDraws draws(own, 0);
  const RequestedWait requested = *ParseBackendSpec("exponential:20ms");
  absl::Duration longest;
  for (int i = 0; i < 1000; ++i) longest = std::max(longest, rules.Draw(requested, draws).latency);
  EXPECT_EQ(longest, absl::Milliseconds(20));
  EXPECT_EQ(rules.Draw(RequestedWait(), draws).latency, absl::Seconds(5))
      << "the server's own backend is its own affair";
}

TEST(ServiceRulesTest, AFailureOutweighsTheCancellationsThatItCaused) {
  const Waited good{grpc::Status(), absl::ZeroDuration()};
  const Waited cancelled{grpc::Status(StatusCode::CANCELLED, "c"), absl::ZeroDuration()};
  const Waited failed{grpc::Status(StatusCode::DATA_LOSS, "d"), absl::ZeroDuration()};
  EXPECT_TRUE(ServiceRules::StatusOf({good, good}).ok());
  EXPECT_EQ(ServiceRules::StatusOf({good, cancelled, failed}).error_code(), StatusCode::DATA_LOSS);
  EXPECT_EQ(ServiceRules::StatusOf({good, cancelled}).error_code(), StatusCode::CANCELLED);
}

TEST(ServiceRulesTest, AnswersWithThePayloadAndTheTimes) {
  v1::FetchRequest request;
  request.set_payload("hello");
  v1::FetchResponse response;
  ServiceRules::Answer(request, {grpc::Status(), absl::Milliseconds(1500)}, &response);
  EXPECT_EQ(response.ShortDebugString(), "payload: \"hello\" waited { seconds: 1 nanos: 500000000 }");

  v1::GatherResponse gathered;
  ServiceRules::Answer({{grpc::Status(), absl::Seconds(1)}, {grpc::Status(), absl::Seconds(2)}}, absl::Seconds(3),
                       &gathered);
  EXPECT_EQ(gathered.ShortDebugString(), "waited { seconds: 1 } waited { seconds: 2 } elapsed { seconds: 3 }");
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
                    request, [] { return false; }, &response)
                    .ok());
    EXPECT_EQ(response.digest(), digest) << "seed " << seed << ", rounds " << rounds;
  }
}

TEST(ServiceRulesTest, ComputingEndsWhenItIsCancelled) {
  v1::ComputeRequest request;
  request.set_rounds(1'000'000'000);
  v1::ComputeResponse response;
  int looks = 0;
  const grpc::Status status = ServiceRules::Compute(
      request, [&] { return ++looks == 2; }, &response);
  EXPECT_EQ(status.error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(status.error_message(), "cancelled while computing");
  EXPECT_EQ(response.digest(), 0u);
}

}  // namespace
}  // namespace meanwhile
