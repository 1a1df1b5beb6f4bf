#include "server/backend/simulated/latency_distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "server/backend/simulated/random_bits.h"

namespace meanwhile {
namespace {

constexpr int kDraws = 1'000'000;
constexpr double kZ99 = 2.3263478740408408;  // The standard normal distribution's 99 % quantile.

LatencyDistribution Parsed(const std::string& text) {
  const absl::StatusOr<LatencyDistribution> distribution = LatencyDistribution::Parse(text);
  EXPECT_TRUE(distribution.ok()) << distribution.status();
  return *distribution;
}

// The density and the probability of the normal distribution, written apart from the code under test.
double Density(double z) { return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi); }
double Probability(double z) { return 0.5 * (1 + std::erf(z / std::numbers::sqrt2)); }

// What a million draws must show. In milliseconds.
struct Expectation {
  std::string text;
  double mean;
  double p99;
  // The density of the waits at p99, in 1/ms. Infinite where a share of the waits is exactly p99.
  double density = std::numeric_limits<double>::infinity();

  friend std::ostream& operator<<(std::ostream& out, const Expectation& e) { return out << e.text; }
};

const double kLognormalSigma = std::log(10) / kZ99;
const double kClampedSigma = std::log(60) / kZ99;
constexpr double kHour = 3'600'000;

const Expectation kExpectations[] = {
    {"constant:50ms", 50, 50},
    {"constant:0", 0, 0},
    {"uniform:40ms,60ms", 50, 59.8, 1.0 / 20},
    {"uniform:5ms,5ms", 5, 5},
    {"normal:50ms,5ms", 50, 50 + 5 * kZ99, Density(kZ99) / 5},
    {"normal:50ms,0", 50, 50},
    // Clamped at 0: the mean of max(X, 0) is m Φ(m/σ) + σ φ(m/σ).
    {"normal:1ms,5ms", Probability(0.2) + 5 * Density(0.2), 1 + 5 * kZ99, Density(kZ99) / 5},
    {"normal:0,1ms", Density(0), kZ99, Density(kZ99)},
    // Clamped at both ends, 0 and 1 h, each two standard deviations from the mean.
    {"normal:30m,15m", kHour / 2, kHour},
    {"normal:1h,1m", kHour - 60'000 * Density(0), kHour},
    {"lognormal:20ms,200ms", 20 * std::exp(kLognormalSigma* kLognormalSigma / 2), 200,
     Density(kZ99) / (200 * kLognormalSigma)},
    {"lognormal:20ms,20ms", 20, 20},
    // Clamped at its p99: E[X; X < c] is m exp(σ²/2) Φ(z(0.99) - σ), and the last hundredth of the waits takes an hour.
    {"lognormal:1m,1h",
     60'000 * std::exp(kClampedSigma* kClampedSigma / 2) * Probability(kZ99 - kClampedSigma) + 0.01 * kHour, kHour,
     Density(kZ99) / (kHour * kClampedSigma)},
    {"exponential:20ms", 20, 20 * std::log(100), 0.01 / 20},
    {"exponential:0", 0, 0},
    {"exponential:1h", kHour * (1 - std::exp(-1)), kHour},
    {"pareto:10ms,3.5", 10 * 3.5 / 2.5, 10 * std::pow(100, 1 / 3.5), 3.5 * 0.01 / (10 * std::pow(100, 1 / 3.5))},
    // So close to a shape of 1 that the mean of the clamped wait is s (1 + ln(c/s)), its limit.
    {"pareto:1ms,1.0000000001", 1 + std::log(kHour), 100, 0.01 / 100},
    // Clamped at four times the scale: the mean is s + ∫ (s/x)² dx from s to 4s.
    {"pareto:15m,2", kHour / 4 * (1 + 0.75), kHour},
    {"bimodal:1ms,100ms,0.05", 0.95 * 1 + 0.05 * 100, 100},
    {"bimodal:1ms,100ms,0.005", 0.995 * 1 + 0.005 * 100, 1},
    {"bimodal:1ms,100ms,0", 1, 1},
    {"bimodal:1ms,100ms,1", 100, 100},
};

class LatencyDistributionTest : public testing::TestWithParam<Expectation> {};

INSTANTIATE_TEST_SUITE_P(All, LatencyDistributionTest, testing::ValuesIn(kExpectations));

TEST_P(LatencyDistributionTest, SaysItsMeanAndItsP99) {
  const LatencyDistribution distribution = Parsed(GetParam().text);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(distribution.Mean()), GetParam().mean, 1e-6 + 1e-9 * GetParam().mean);
  EXPECT_NEAR(absl::ToDoubleMilliseconds(distribution.Quantile(0.99)), GetParam().p99, 1e-6);
}

TEST_P(LatencyDistributionTest, AMillionDrawsHaveItsMeanAndItsP99) {
  const LatencyDistribution distribution = Parsed(GetParam().text);
  RandomBits bits(42, 0);
  std::vector<double> draws;
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    draws.push_back(absl::ToDoubleMilliseconds(distribution.Draw(bits)));
    sum += draws.back();
  }
  const double mean = sum / kDraws;
  double squares = 0;
  for (const double draw : draws) squares += (draw - mean) * (draw - mean);

  // Five standard errors of a mean, σ/√n, and the nanosecond that a draw is rounded to.
  EXPECT_NEAR(mean, GetParam().mean, 5 * std::sqrt(squares) / kDraws + 1e-6);
  // Five standard errors of a quantile, √(p(1-p)/n) / f(x) for large n.
  std::nth_element(draws.begin(), draws.begin() + kDraws * 99 / 100, draws.end());
  EXPECT_NEAR(draws[kDraws * 99 / 100], GetParam().p99,
              5 * std::sqrt(0.99 * 0.01 / kDraws) / GetParam().density + 1e-6);
}

TEST_P(LatencyDistributionTest, QuantilesRiseAndStayFromZeroToAnHour) {
  const LatencyDistribution distribution = Parsed(GetParam().text);
  absl::Duration last = absl::ZeroDuration();
  for (const double p : {0x1p-53, 1e-9, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999999, 1 - 0x1p-53}) {
    const absl::Duration quantile = distribution.Quantile(p);
    EXPECT_GE(quantile, last) << p;
    EXPECT_LE(quantile, absl::Hours(1)) << p;
    last = quantile;
  }
}

TEST_P(LatencyDistributionTest, ItsTextParsesToItself) {
  const LatencyDistribution distribution = Parsed(GetParam().text);
  EXPECT_EQ(distribution.ToString(), GetParam().text);
  EXPECT_EQ(Parsed(distribution.ToString()), distribution);
}

// A list of shares p against the distribution function F, written apart from the code under test: F(Quantile(p)) = p.
TEST(LatencyDistributionQuantileTest, InvertsTheDistributionFunction) {
  for (const double p : {0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.9999}) {
    const auto quantile = [p](const std::string& text) { return absl::ToDoubleMilliseconds(Parsed(text).Quantile(p)); };
    EXPECT_NEAR((quantile("uniform:40ms,60ms") - 40) / 20, p, 1e-7);
    EXPECT_NEAR(Probability((quantile("normal:50ms,5ms") - 50) / 5), p, 1e-7);
    EXPECT_NEAR(Probability(std::log(quantile("lognormal:20ms,200ms") / 20) / kLognormalSigma), p, 1e-7);
    EXPECT_NEAR(1 - std::exp(-quantile("exponential:20ms") / 20), p, 1e-7);
    EXPECT_NEAR(1 - std::pow(quantile("pareto:10ms,3.5") / 10, -3.5), p, 1e-7);
  }
}

TEST(LatencyDistributionDrawTest, AWideNormalIsZeroAsOftenAsItIsNegative) {
  const LatencyDistribution distribution = Parsed("normal:1ms,5ms");
  RandomBits bits(42, 0);
  int zeros = 0;
  for (int i = 0; i < kDraws; ++i) zeros += distribution.Draw(bits) == absl::ZeroDuration();
  const double share = Probability(-0.2);
  EXPECT_NEAR(zeros, share * kDraws, 5 * std::sqrt(share * (1 - share) * kDraws));
}

TEST(LatencyDistributionDrawTest, TheShareOfABimodalTakesTheHighTime) {
  const LatencyDistribution distribution = Parsed("bimodal:1ms,100ms,0.3");
  RandomBits bits(42, 0);
  int high = 0;
  for (int i = 0; i < kDraws; ++i) {
    const absl::Duration draw = distribution.Draw(bits);
    ASSERT_TRUE(draw == absl::Milliseconds(1) || draw == absl::Milliseconds(100)) << draw;
    high += draw == absl::Milliseconds(100);
  }
  EXPECT_NEAR(high, 0.3 * kDraws, 5 * std::sqrt(0.3 * 0.7 * kDraws));
}

TEST(LatencyDistributionDrawTest, AUniformFillsItsRangeAndKeepsToIt) {
  const LatencyDistribution distribution = Parsed("uniform:40ms,60ms");
  RandomBits bits(42, 0);
  absl::Duration lowest = absl::InfiniteDuration(), highest = absl::ZeroDuration();
  for (int i = 0; i < kDraws; ++i) {
    const absl::Duration draw = distribution.Draw(bits);
    lowest = std::min(lowest, draw);
    highest = std::max(highest, draw);
  }
  EXPECT_GE(lowest, absl::Milliseconds(40));
  EXPECT_LE(highest, absl::Milliseconds(60));
  // The chance to miss an end by more than 20 in a million of the range is exp(-20).
  EXPECT_LT(lowest, absl::Milliseconds(40) + absl::Nanoseconds(400));
  EXPECT_GT(highest, absl::Milliseconds(60) - absl::Nanoseconds(400));
}

TEST(LatencyDistributionDrawTest, TheHeaviestTailEndsAtAnHour) {
  const LatencyDistribution distribution = Parsed("pareto:1h,1.0001");
  RandomBits bits(42, 0);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(distribution.Draw(bits), absl::Hours(1));
}

}  // namespace
}  // namespace meanwhile
