#include "server/admission/admission.h"

#include <grpcpp/test/server_context_test_spouse.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/numbers.h"

namespace meanwhile {
namespace {

using namespace std::chrono_literals;
using grpc::StatusCode;

constexpr async::Duration kNothing = async::Duration::zero();

async::Duration NoTime() { return kNothing; }

// The hint that `call` would be sent, in milliseconds; 0 without one.
int HintOf(grpc::ServerContext& call) {
  const auto metadata = grpc::testing::ServerContextTestSpouse(&call).GetTrailingMetadata();
  const auto found = metadata.find("grpc-retry-pushback-ms");
  int hint = 0;
  EXPECT_TRUE(found == metadata.end() || absl::SimpleAtoi(found->second, &hint)) << found->second;
  return hint;
}

TEST(AdmissionTest, ShedsWhatFindsNoPlaceAndSaysWhenToTryAgain) {
  Admission admission(1, 100ms);
  grpc::ServerContext first, second, third;
  EXPECT_TRUE(admission.TryAdmit(&first, NoTime).ok());
  const grpc::Status refused = admission.TryAdmit(&second, NoTime);
  EXPECT_EQ(refused.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.error_message(), "the server is full: 1 calls are in flight");
  EXPECT_EQ(Admission::ReasonOf(refused.error_code()), ShedReason::kMaxInFlight);
  EXPECT_GE(HintOf(second), 50);
  EXPECT_LE(HintOf(second), 150);

  admission.OnReturned(&first, StatusCode::OK, 10ms);
  EXPECT_EQ(HintOf(first), 0);
  EXPECT_TRUE(admission.TryAdmit(&third, NoTime).ok());
}

TEST(AdmissionTest, AnAdmittedCallThatFoundAQueueFullIsToldWhenToTryAgain) {
  Admission admission(0, 100ms);
  grpc::ServerContext call;
  EXPECT_TRUE(admission.TryAdmit(&call, NoTime).ok());
  admission.OnReturned(&call, StatusCode::RESOURCE_EXHAUSTED, 0ms);
  EXPECT_GE(HintOf(call), 50);
}

TEST(AdmissionTest, ACallThatNoRetryCanHelpIsNotToldToTryAgain) {
  Admission admission(0, 100ms);
  grpc::ServerContext call;
  EXPECT_TRUE(admission.TryAdmit(&call, NoTime).ok());
  admission.OnReturned(&call, StatusCode::OUT_OF_RANGE, 0ms);
  EXPECT_EQ(HintOf(call), 0);
}

TEST(AdmissionTest, ACallWithoutADeadlineHasAllTheTimeAndIsNotAskedHowMuchItNeeds) {
  Admission admission(0, 100ms);
  grpc::ServerContext call;
  const auto least = [] {
    ADD_FAILURE() << "asked";
    return async::Duration(1h);
  };
  EXPECT_TRUE(admission.TryAdmit(&call, least).ok());
  EXPECT_TRUE(Admission::CheckDeadline(call, least).ok());
}

TEST(AdmissionTest, ADeadlineThatCannotBeMetIsNamed) {
  const Admission::SystemTime now{1'000'000h};
  EXPECT_TRUE(Admission::CheckDeadline(now + 1ns, now, kNothing).ok());
  EXPECT_TRUE(Admission::CheckDeadline(now + 51ms, now, 50ms).ok());
  EXPECT_TRUE(Admission::CheckDeadline(Admission::SystemTime::max(), now, 1h).ok());

  const grpc::Status passed = Admission::CheckDeadline(now, now, kNothing);
  EXPECT_EQ(passed.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(passed.error_message(), "the deadline had passed before the call was begun");
  EXPECT_EQ(Admission::ReasonOf(passed.error_code()), ShedReason::kDeadline);
  EXPECT_EQ(Admission::CheckDeadline(now - 1h, now, 50ms).error_message(), passed.error_message());

  const grpc::Status hopeless = Admission::CheckDeadline(now + 10ms, now, 50ms);
  EXPECT_EQ(hopeless.error_code(), StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(hopeless.error_message(), "the deadline leaves 10ms, and the call takes at least 50ms");
  EXPECT_EQ(Admission::CheckDeadline(now + 50ms, now, 50ms).error_code(), StatusCode::DEADLINE_EXCEEDED)
      << "the answer is to be sent, too";
}

}  // namespace
}  // namespace meanwhile
