#include "server/model/gathered_waits.h"

#include <gtest/gtest.h>

#include <string>

namespace meanwhile {
namespace {

using grpc::StatusCode;

v1::GatherRequest Request(v1::GatherRequest::Mode mode, int waits) {
  v1::GatherRequest request;
  request.set_mode(mode);
  for (int i = 0; i < waits; ++i) request.add_waits();
  return request;
}

Waited Good(const std::string& value = "") { return {.elapsed = absl::Seconds(1), .value = value}; }
Waited Bad(StatusCode code) { return {.status = grpc::Status(code, "bad"), .elapsed = absl::Seconds(2)}; }

StatusCode CodeOf(GatheredWaits& gathered) {
  v1::GatherResponse response;
  return gathered.Answer(absl::Seconds(3), &response).error_code();
}

TEST(GatheredWaitsTest, AnswersWithTheTimesAndTheValuesInTheOrderOfTheRequest) {
  GatheredWaits gathered(Request(v1::GatherRequest::AT_ONCE, 2));
  EXPECT_TRUE(gathered.Add(1, Good("second")));
  EXPECT_TRUE(gathered.Add(0, Good("first")));
  v1::GatherResponse response;
  EXPECT_TRUE(gathered.Answer(absl::Seconds(3), &response).ok());
  EXPECT_EQ(response.ShortDebugString(),
            "waited { seconds: 1 } waited { seconds: 1 } elapsed { seconds: 3 } values: \"first\" values: \"second\"");
}

TEST(GatheredWaitsTest, AFailureEndsTheOthersAndOutweighsTheCancellationsThatItCaused) {
  GatheredWaits gathered(Request(v1::GatherRequest::AT_ONCE, 3));
  EXPECT_TRUE(gathered.Add(0, Good()));
  EXPECT_FALSE(gathered.Add(2, Bad(StatusCode::DATA_LOSS)));
  EXPECT_FALSE(gathered.Add(1, Bad(StatusCode::CANCELLED)));
  EXPECT_EQ(CodeOf(gathered), StatusCode::DATA_LOSS);
}

TEST(GatheredWaitsTest, AFailureOutweighsThoseThatCameAfterIt) {
  GatheredWaits gathered(Request(v1::GatherRequest::AT_ONCE, 2));
  EXPECT_FALSE(gathered.Add(1, Bad(StatusCode::NOT_FOUND)));
  EXPECT_FALSE(gathered.Add(0, Bad(StatusCode::DEADLINE_EXCEEDED)));
  EXPECT_EQ(CodeOf(gathered), StatusCode::NOT_FOUND);
}

TEST(GatheredWaitsTest, ACancelledWaitFailsTheCallWhenNothingElseDid) {
  GatheredWaits gathered(Request(v1::GatherRequest::IN_SEQUENCE, 2));
  EXPECT_FALSE(gathered.Add(0, Bad(StatusCode::CANCELLED)));
  EXPECT_EQ(CodeOf(gathered), StatusCode::CANCELLED);
}

TEST(GatheredWaitsTest, TheFirstOfThemThatSucceedsEndsTheOthers) {
  GatheredWaits gathered(Request(v1::GatherRequest::FIRST_OF, 4));
  EXPECT_TRUE(gathered.Add(0, Bad(StatusCode::ABORTED))) << "a failure ends nothing";
  EXPECT_FALSE(gathered.Add(2, Good("won")));
  EXPECT_FALSE(gathered.Add(1, Good("too late")));
  EXPECT_FALSE(gathered.Add(3, Bad(StatusCode::CANCELLED)));
  v1::GatherResponse response;
  EXPECT_TRUE(gathered.Answer(absl::Seconds(3), &response).ok());
  EXPECT_EQ(response.ShortDebugString(),
            "waited { seconds: 2 } waited { seconds: 1 } waited { seconds: 1 } waited { seconds: 2 } "
            "elapsed { seconds: 3 } values: \"won\" first: 2");
}

TEST(GatheredWaitsTest, FirstOfFailsWithTheFirstFailureThatIsNoCancellation) {
  GatheredWaits gathered(Request(v1::GatherRequest::FIRST_OF, 3));
  EXPECT_TRUE(gathered.Add(2, Bad(StatusCode::DATA_LOSS)));
  EXPECT_TRUE(gathered.Add(0, Bad(StatusCode::CANCELLED)));
  EXPECT_TRUE(gathered.Add(1, Bad(StatusCode::ABORTED)));
  EXPECT_EQ(CodeOf(gathered), StatusCode::ABORTED);
}

TEST(GatheredWaitsTest, ValuesOfMoreThan3MiBTogetherAreRefused) {
  const std::string mebibyte(1 << 20, 'x');
  GatheredWaits gathered(Request(v1::GatherRequest::AT_ONCE, 5));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(gathered.Add(i, Good(mebibyte)));
  EXPECT_FALSE(gathered.Add(3, Good("x")));
  EXPECT_FALSE(gathered.Add(4, Good("not even kept")));
  v1::GatherResponse response;
  const grpc::Status status = gathered.Answer(absl::Seconds(3), &response);
  EXPECT_EQ(status.error_code(), StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(status.error_message(), "values: 3145729 bytes or more together: must be at most 3145728");

  GatheredWaits small_enough(Request(v1::GatherRequest::IN_SEQUENCE, 3));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(small_enough.Add(i, Good(mebibyte)));
  EXPECT_EQ(CodeOf(small_enough), StatusCode::OK);
}

}  // namespace
}  // namespace meanwhile
