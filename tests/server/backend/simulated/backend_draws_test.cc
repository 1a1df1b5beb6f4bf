#include "server/backend/simulated/backend_draws.h"

#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/backend/simulated/backend_spec.h"

namespace meanwhile {
namespace {

BackendSpec Parsed(const std::string& text) {
  const absl::StatusOr<BackendSpec> spec = ParseBackendSpec(text);
  EXPECT_TRUE(spec.ok()) << spec.status();
  return *spec;
}

std::vector<BackendDraw> First1000(BackendDraws draws) {
  std::vector<BackendDraw> first;
  for (int i = 0; i < 1000; ++i) first.push_back(draws.Next());
  return first;
}

TEST(BackendDrawsTest, EqualSeedsAndStreamsGiveEqualDraws) {
  const BackendSpec spec = Parsed("exponential:20ms,fail=0.5,seed=7");
  EXPECT_EQ(First1000(BackendDraws(spec, 3)), First1000(BackendDraws(spec, 3)));
}

TEST(BackendDrawsTest, DifferentStreamsGiveDifferentDraws) {
  const BackendSpec spec = Parsed("exponential:20ms,seed=7");
  EXPECT_NE(First1000(BackendDraws(spec, 0)), First1000(BackendDraws(spec, 1)));
}

TEST(BackendDrawsTest, DifferentSeedsGiveDifferentDraws) {
  EXPECT_NE(First1000(BackendDraws(Parsed("exponential:20ms,seed=7"), 0)),
            First1000(BackendDraws(Parsed("exponential:20ms,seed=8"), 0)));
}

TEST(BackendDrawsTest, WithoutASeedEveryRunIsDifferent) {
  const BackendSpec spec = Parsed("exponential:20ms");
  EXPECT_NE(First1000(BackendDraws(spec, 0)), First1000(BackendDraws(spec, 0)));
}

TEST(BackendDrawsTest, FailsAsOftenAsTheSpecSays) {
  constexpr int kDraws = 1'000'000;
  for (const double rate : {0.01, 0.5}) {
    BackendSpec spec = Parsed("constant:1ms,fail=0:ABORTED,seed=7");
    spec.fail_rate = rate;
    BackendDraws draws(spec, 0);
    int failures = 0;
    for (int i = 0; i < kDraws; ++i) {
      const BackendDraw draw = draws.Next();
      if (draw.status == absl::StatusCode::kOk) continue;
      ASSERT_EQ(draw.status, absl::StatusCode::kAborted);
      ++failures;
    }
    // Five standard deviations of a binomial count.
    EXPECT_NEAR(failures, rate * kDraws, 5 * std::sqrt(rate * (1 - rate) * kDraws));
  }
}

TEST(BackendDrawsTest, ARateOf1AlwaysFailsAndARateOf0Never) {
  for (const BackendDraw& draw : First1000(BackendDraws(Parsed("constant:1ms,fail=1"), 0))) {
    EXPECT_EQ(draw.status, absl::StatusCode::kUnavailable);
  }
  for (const BackendDraw& draw : First1000(BackendDraws(Parsed("constant:1ms,fail=0"), 0))) {
    EXPECT_EQ(draw.status, absl::StatusCode::kOk);
  }
}

TEST(BackendDrawsTest, FailuresLeaveTheLatenciesAsTheyAre) {
  const std::vector<BackendDraw> without = First1000(BackendDraws(Parsed("exponential:20ms,seed=7"), 0));
  const std::vector<BackendDraw> with = First1000(BackendDraws(Parsed("exponential:20ms,fail=0.5,seed=7"), 0));
  for (size_t i = 0; i < without.size(); ++i) EXPECT_EQ(with[i].latency, without[i].latency);
}

TEST(BackendDrawsTest, ARequestsOwnWaitIsDrawnFromItsSpecAndDoesNotDisturbTheNext) {
  const BackendSpec own = Parsed("exponential:20ms,seed=7");
  BackendDraws disturbed(own, 0);
  const BackendDraw requested = disturbed.Next(Parsed("constant:3ms,fail=1:INTERNAL"));
  EXPECT_EQ(requested, (BackendDraw{absl::Milliseconds(3), absl::StatusCode::kInternal}));
  EXPECT_EQ(disturbed.Next(), First1000(BackendDraws(own, 0))[1]);
}

}  // namespace
}  // namespace meanwhile
