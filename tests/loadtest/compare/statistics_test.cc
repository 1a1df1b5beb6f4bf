#include "loadtest/compare/statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;

TEST(MedianTest, IsTheMiddleValueInWhateverOrder) {
  EXPECT_DOUBLE_EQ(Median({7}), 7);
  EXPECT_DOUBLE_EQ(Median({9, 1, 5}), 5);
  EXPECT_DOUBLE_EQ(Median({-2, 100, 3, 4, 0}), 3);
}

TEST(MedianTest, IsTheMeanOfTheMiddleTwoWhenTheirNumberIsEven) {
  EXPECT_DOUBLE_EQ(Median({4, 1}), 2.5);
  EXPECT_DOUBLE_EQ(Median({10, 1, 2, 4}), 3);
}

TEST(MedianTest, IsNotANumberWithoutValues) { EXPECT_TRUE(std::isnan(Median({}))); }

TEST(BootstrapRatioTest, TheEstimateIsTheRatioOfTheMedians) {
  const absl::StatusOr<RatioEstimate> estimate = BootstrapRatio({30, 10, 20, 40, 50}, {10, 11, 12, 9, 8});
  ASSERT_TRUE(estimate.ok()) << estimate.status();
  EXPECT_DOUBLE_EQ(estimate->median, 3);
  EXPECT_LT(estimate->low, 3);
  EXPECT_GT(estimate->high, 3);
  EXPECT_TRUE(estimate->has_interval);
}

TEST(BootstrapRatioTest, WithTwoOrThreeRoundsTheIntervalIsTheRangeOfTheRounds) {
  const absl::StatusOr<RatioEstimate> two = BootstrapRatio({20, 30}, {10, 10});
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_DOUBLE_EQ(two->median, 2.5);
  EXPECT_DOUBLE_EQ(two->low, 2);
  EXPECT_DOUBLE_EQ(two->high, 3);

  const absl::StatusOr<RatioEstimate> three = BootstrapRatio({20, 24, 30}, {10, 10, 10});
  ASSERT_TRUE(three.ok()) << three.status();
  EXPECT_DOUBLE_EQ(three->median, 2.4);
  EXPECT_DOUBLE_EQ(three->low, 2);
  EXPECT_DOUBLE_EQ(three->high, 3);
}

TEST(BootstrapRatioTest, WithManyRoundsTheIntervalIsTheOneThatTheBinomialFormulaGives) {
  // The median of 21 draws from 1 to 21 is at most k when 11 or more of them are: P(Binomial(21, k / 21) >= 11). That
  // is 1.7 % at 6 and 5.3 % at 7, so the interval begins at 7, and by symmetry ends at 15.
  std::vector<double> subject(21);
  std::iota(subject.begin(), subject.end(), 1);
  const absl::StatusOr<RatioEstimate> estimate = BootstrapRatio(subject, std::vector<double>(21, 1));
  ASSERT_TRUE(estimate.ok()) << estimate.status();
  EXPECT_DOUBLE_EQ(estimate->median, 11);
  EXPECT_DOUBLE_EQ(estimate->low, 7);
  EXPECT_DOUBLE_EQ(estimate->high, 15);
}

TEST(BootstrapRatioTest, WhatSlowsBothSidesOfARoundDownDoesNotWidenTheInterval) {
  // The machine was slower from round to round; the ratio was 2 in each.
  const absl::StatusOr<RatioEstimate> estimate = BootstrapRatio({200, 160, 120, 80}, {100, 80, 60, 40});
  ASSERT_TRUE(estimate.ok()) << estimate.status();
  EXPECT_DOUBLE_EQ(estimate->low, 2);
  EXPECT_DOUBLE_EQ(estimate->median, 2);
  EXPECT_DOUBLE_EQ(estimate->high, 2);
  EXPECT_TRUE(estimate->has_interval);
}

TEST(BootstrapRatioTest, UnequalNumbersOfRoundsAreDrawnEachByItself) {
  const absl::StatusOr<RatioEstimate> estimate = BootstrapRatio({200, 160, 120, 80}, {100, 80, 40});
  ASSERT_TRUE(estimate.ok()) << estimate.status();
  EXPECT_DOUBLE_EQ(estimate->median, 1.75);
  EXPECT_LT(estimate->low, 1.5);
  EXPECT_GT(estimate->high, 3);
  EXPECT_TRUE(estimate->has_interval);
}

TEST(BootstrapRatioTest, OneRoundGivesARatioAndNoInterval) {
  for (const std::vector<double>& subject : {std::vector<double>{30}, std::vector<double>{20, 30, 40}}) {
    const absl::StatusOr<RatioEstimate> estimate = BootstrapRatio(subject, {10});
    ASSERT_TRUE(estimate.ok()) << estimate.status();
    EXPECT_DOUBLE_EQ(estimate->median, 3);
    EXPECT_DOUBLE_EQ(estimate->low, 3);
    EXPECT_DOUBLE_EQ(estimate->high, 3);
    EXPECT_FALSE(estimate->has_interval);
  }
}

TEST(BootstrapRatioTest, EqualSeedsGiveEqualIntervals) {
  const std::vector<double> subject = {21, 25, 19, 30, 22, 27};
  const std::vector<double> baseline = {10, 9, 11, 12, 10, 8};
  const auto low = [&](uint64_t seed) { return BootstrapRatio(subject, baseline, seed, /*resamples=*/5)->low; };
  EXPECT_DOUBLE_EQ(low(7), low(7));
  EXPECT_NE(low(7), low(8));
}

TEST(BootstrapRatioTest, ASubjectThatServedNothingHasARatioOfZero) {
  const absl::StatusOr<RatioEstimate> estimate = BootstrapRatio({0, 0}, {10, 12});
  ASSERT_TRUE(estimate.ok()) << estimate.status();
  EXPECT_DOUBLE_EQ(estimate->median, 0);
}

TEST(BootstrapRatioTest, RoundsThatWereNotMeasuredTogetherAreNotPaired) {
  const absl::StatusOr<RatioEstimate> paired = BootstrapRatio({2, 20}, {1, 10});
  EXPECT_DOUBLE_EQ(paired->low, 2);
  EXPECT_DOUBLE_EQ(paired->high, 2);
  const absl::StatusOr<RatioEstimate> apart =
      BootstrapRatio({2, 20}, {1, 10}, /*seed=*/1, /*resamples=*/10'000, Pairing::kNone);
  EXPECT_DOUBLE_EQ(apart->median, 2);
  EXPECT_DOUBLE_EQ(apart->low, 0.2);
  EXPECT_DOUBLE_EQ(apart->high, 20);
}

TEST(BootstrapRatioTest, RefusesRoundsThatHaveNoRatioAndNamesThem) {
  struct Case {
    std::vector<double> subject, baseline;
    std::string_view message;
  };
  const Case cases[] = {
      {{}, {1}, "subject: must have at least one round"},
      {{1}, {}, "baseline: must have at least one round"},
      {{1, 1}, {1, 0}, "baseline: round 2 is 0: must be finite and above 0"},
      {{-1}, {1}, "subject: round 1 is -1: must be finite and at least 0"},
      {{1}, {std::numeric_limits<double>::infinity()}, "baseline: round 1 is inf"},
      {{std::numeric_limits<double>::quiet_NaN()}, {1}, "subject: round 1 is nan"},
  };
  for (const Case& c : cases) {
    const absl::Status status = BootstrapRatio(c.subject, c.baseline).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(c.message)));
  }
  EXPECT_EQ(BootstrapRatio({1}, {1}, /*seed=*/1, /*resamples=*/0).status().message(),
            "resamples=0: must be at least 1");
}

}  // namespace
}  // namespace meanwhile
