#include "server/backend/simulated/standard_normal.h"

#include <cmath>

#include "gtest/gtest.h"

namespace meanwhile {
namespace {

// Values of the published algorithm's own checks: p = 0.25, 0.001, 1e-20.
TEST(StandardNormalTest, QuantilesHaveTheValuesOfThePublishedTable) {
  EXPECT_NEAR(StandardNormalQuantile(0.25), -0.6744897501960817, 1e-15);
  EXPECT_NEAR(StandardNormalQuantile(0.001), -3.090232306167814, 1e-14);
  EXPECT_NEAR(StandardNormalQuantile(1e-20), -9.262340089798408, 1e-14);
}

TEST(StandardNormalTest, TheMedianIsZeroAndTheTailsMirrorEachOther) {
  EXPECT_EQ(StandardNormalQuantile(0.5), 0);
  for (const double p : {0.4, 0.1, 0.01, 1e-5}) {
    EXPECT_NEAR(StandardNormalQuantile(p), -StandardNormalQuantile(1 - p), 1e-10) << p;
  }
}

// On both sides of the places where the approximation changes its formula, 0.075 and exp(-25), too.
TEST(StandardNormalTest, TheProbabilityOfAQuantileIsItsShare) {
  for (const double p :
       {1e-300, 1e-16, 1.38e-11, 1.40e-11, 1e-6, 0.0749, 0.0751, 0.3, 0.5, 0.9, 0.9249, 0.9251, 0.999}) {
    EXPECT_NEAR(StandardNormalProbability(StandardNormalQuantile(p)) / p, 1, 1e-12) << p;
  }
}

TEST(StandardNormalTest, TheDensityIsTheSlopeOfTheProbability) {
  for (const double z : {-5.0, -1.0, 0.0, 0.5, 3.0}) {
    constexpr double kStep = 1e-5;
    const double slope = (StandardNormalProbability(z + kStep) - StandardNormalProbability(z - kStep)) / (2 * kStep);
    EXPECT_NEAR(StandardNormalDensity(z), slope, 1e-9) << z;
  }
}

}  // namespace
}  // namespace meanwhile
