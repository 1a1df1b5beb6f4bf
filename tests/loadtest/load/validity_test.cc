#include "loadtest/load/validity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace meanwhile {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// An open loop that kept to its schedule: 1,000 calls in 2 s, by two loops on four processors.
LoadResult GoodResult() {
  LoadResult result;
  result.elapsed = absl::Seconds(2);
  for (int i = 0; i < 1000; ++i) {
    result.measurement.Record({.response = 21ms, .service = 20ms}, absl::StatusCode::kOk, "");
  }
  result.succeeded_in_time = 1000;
  result.scheduled = 1000;
  result.processor_time = absl::Seconds(2);
  result.processors = 4;
  result.loops = 2;
  result.connections = 8;
  result.busiest_loop_time = absl::Seconds(1);
  result.max_in_flight = 10'000;
  result.longest_dispatch_delay = absl::Milliseconds(10);
  return result;
}

TEST(ValidityTest, FindsNoLimitInAGoodRun) {
  EXPECT_THAT(ClientLimits(GoodResult()), IsEmpty());
  EXPECT_FALSE(IsClientLimited(GoodResult()));
}

TEST(ValidityTest, FindsFullProcessors) {
  LoadResult result = GoodResult();
  result.processor_time = absl::Seconds(7.7);
  result.busiest_loop_time = absl::Seconds(1.95);
  EXPECT_THAT(ClientLimits(result),
              ElementsAre("the load tester used 3.85 of its 4 processors; run it on another machine"));
  result.processor_time = absl::Seconds(7.5);
  result.busiest_loop_time = absl::Seconds(1.8);
  EXPECT_THAT(ClientLimits(result), IsEmpty());
}

TEST(ValidityTest, DoesNotTellOfProcessorsAfterAFewCalls) {
  LoadResult result = GoodResult();
  result.elapsed = result.processor_time = result.busiest_loop_time = absl::Milliseconds(99);
  EXPECT_THAT(ClientLimits(result), IsEmpty());
  result.elapsed = result.processor_time = result.busiest_loop_time = absl::Milliseconds(100);
  EXPECT_FALSE(ClientLimits(result).empty());
}

TEST(ValidityTest, FindsAFullLoopAndSaysWhatToChange) {
  LoadResult result = GoodResult();
  result.busiest_loop_time = absl::Seconds(1.96);
  EXPECT_THAT(ClientLimits(result),
              ElementsAre("a loop of the load tester was busy for 98 % of the time; give it more --loops than 2"));
  result.connections = 2;
  EXPECT_THAT(ClientLimits(result), ElementsAre("a loop of the load tester was busy for 98 % of the time; give it more "
                                                "--loops than 2, and more --connections than they are"));
  result.loops = 4;
  EXPECT_THAT(ClientLimits(result), ElementsAre("a loop of the load tester was busy for 98 % of the time; run it on "
                                                "another machine, or on more of them"));
}

TEST(ValidityTest, FindsCallsThatLeftLate) {
  LoadResult result = GoodResult();
  for (int i = 0; i < 20; ++i) {
    result.measurement.Record({.response = 45ms, .service = 20ms}, absl::StatusCode::kOk, "");
  }
  EXPECT_THAT(ClientLimits(result), ElementsAre("1 % of the calls left 25.0 ms late or later, over "
                                                "--max-dispatch-delay, 10.0 ms; give it more --loops than 2"));
  result.longest_dispatch_delay = absl::Milliseconds(30);
  EXPECT_THAT(ClientLimits(result), IsEmpty());
}

TEST(ValidityTest, FindsCallsThatWereNotSent) {
  LoadResult result = GoodResult();
  result.not_sent = 15;
  EXPECT_THAT(ClientLimits(result),
              ElementsAre("15 of the 1,000 calls that were due were never sent, as 10,000 were in flight: raise "
                          "--max-in-flight, or lower the rate, which the server does not keep up with"));
  result.not_sent = 10;
  EXPECT_THAT(ClientLimits(result), IsEmpty());
}

TEST(ValidityTest, BlamesNobodyElseForCallsThatItDidNotComeTo) {
  LoadResult result = GoodResult();
  for (int i = 0; i < 20; ++i) result.measurement.Record({.response = 9s, .service = 1s}, absl::StatusCode::kOk, "");
  result.not_sent = 15;
  ASSERT_EQ(ClientLimits(result).size(), 2u);
  EXPECT_EQ(ClientLimits(result)[1], "15 of the 1,000 calls that were due were never sent");
}

TEST(ValidityTest, AsksNoScheduleOfAClosedLoop) {
  LoadResult result = GoodResult();
  result.scheduled = 0;
  result.longest_dispatch_delay = absl::Microseconds(1);
  EXPECT_THAT(ClientLimits(result), IsEmpty());
}

TEST(ValidityTest, CallsWithoutAPlaceAreTheServersFault) {
  LoadResult result = GoodResult();
  result.not_sent = 20;
  EXPECT_FALSE(ClientLimits(result).empty());
  EXPECT_THAT(OwnLimits(result), IsEmpty());
  EXPECT_TRUE(IsServerBehind(result));
  result.not_sent = 10;
  EXPECT_FALSE(IsServerBehind(result)) << "1 %";
}

TEST(ValidityTest, AServerIsBehindWhenFewerCallsEndThanWereDue) {
  LoadResult result = GoodResult();
  EXPECT_FALSE(IsServerBehind(result));
  result.succeeded_in_time = 940;
  result.in_flight_at_end = 60;
  EXPECT_TRUE(IsServerBehind(result));
  result.succeeded_in_time = 960;
  EXPECT_FALSE(IsServerBehind(result)) << "4 %";
}

TEST(ValidityTest, ManyCallsInFlightVaryInNumber) {
  LoadResult result = GoodResult();
  result.succeeded_in_time = 930;
  result.in_flight_at_end = 900;
  EXPECT_FALSE(IsServerBehind(result)) << "70 is less than 3 √900";
}

TEST(ValidityTest, CallsThatFailedWereAnswered) {
  LoadResult result = GoodResult();
  for (int i = 0; i < 500; ++i) {
    result.measurement.Record({.response = 1ms, .service = 1ms}, absl::StatusCode::kUnavailable, "");
  }
  result.succeeded_in_time = 500;
  EXPECT_FALSE(IsServerBehind(result));
}

TEST(ValidityTest, NobodyIsBehindInAClosedLoop) {
  LoadResult result = GoodResult();
  result.scheduled = 0;
  result.succeeded_in_time = 0;
  EXPECT_FALSE(IsServerBehind(result));
}

}  // namespace
}  // namespace meanwhile
