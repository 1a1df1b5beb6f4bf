// Schedules know no clock, so their times are looked at as they are.

#include "loadtest/load/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace meanwhile {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::ElementsAre;

std::vector<nanoseconds> Take(std::size_t most, Schedule schedule) {
  std::vector<nanoseconds> times;
  while (times.size() < most) {
    const std::optional<nanoseconds> time = schedule.Next();
    if (!time) break;
    times.push_back(*time);
  }
  return times;
}

std::vector<nanoseconds> TakeAll(const LoadShape& shape) { return Take(1'000'000, Schedule(&shape)); }

std::size_t CountBetween(const std::vector<nanoseconds>& times, nanoseconds from, nanoseconds to) {
  return std::count_if(times.begin(), times.end(), [&](nanoseconds time) { return time >= from && time < to; });
}

double Seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

LoadShape Rate(double rate, Arrival arrival = {}) { return {{{rate, rate}}, nullptr, arrival}; }

TEST(ScheduleTest, SpacesCallsEvenlyAndWithoutDrift) {
  const LoadShape shape = Rate(3);  // A third of a second is no whole number of nanoseconds.
  const std::vector<nanoseconds> times = Take(300'001, Schedule(&shape));
  EXPECT_EQ(times[0], 0ns);
  EXPECT_EQ(times[1], 333'333'333ns);
  EXPECT_EQ(times[2], 666'666'667ns);
  EXPECT_EQ(times[300'000], 100'000s);
}

TEST(ScheduleTest, SendsBurstsAtTheRateOfSingleCalls) {
  const LoadShape shape = Rate(100, {Arrival::Kind::kBurst, 5});
  const std::vector<nanoseconds> times = Take(12, Schedule(&shape));
  EXPECT_THAT(times, ElementsAre(0ms, 0ms, 0ms, 0ms, 0ms, 50ms, 50ms, 50ms, 50ms, 50ms, 100ms, 100ms));
}

TEST(ScheduleTest, RampsFromOneRateToAnother) {
  const LoadShape shape{{{100, 500, absl::Seconds(10)}}, nullptr, {}};
  const std::vector<nanoseconds> times = TakeAll(shape);
  EXPECT_EQ(times.size(), 3000u);  // The mean rate is 300.
  // In second k from the begin the rate grows from 100 + 40 k by 40.
  for (int k = 0; k < 10; ++k) EXPECT_NEAR(CountBetween(times, k * 1s, (k + 1) * 1s), 120 + 40 * k, 1) << k;
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
}

TEST(ScheduleTest, RampsFromAndToNothing) {
  const LoadShape up{{{0, 100, absl::Seconds(2)}}, nullptr, {}};
  const LoadShape down{{{100, 0, absl::Seconds(2)}}, nullptr, {}};
  EXPECT_EQ(TakeAll(up).size(), 100u);
  EXPECT_EQ(TakeAll(down).size(), 100u);
  EXPECT_EQ(TakeAll(up)[0], 0ns);
  EXPECT_EQ(TakeAll(up)[25], 1s);  // 100 t^2 / 4 calls until t.
  EXPECT_LT(TakeAll(down).back(), 2s);
}

TEST(ScheduleTest, StepsFromRateToRate) {
  const LoadShape shape{
      {{10, 10, absl::Seconds(2)}, {0, 0, absl::Seconds(1)}, {40, 40, absl::Seconds(2)}}, nullptr, {}};
  const std::vector<nanoseconds> times = TakeAll(shape);
  EXPECT_EQ(times.size(), 100u);
  EXPECT_EQ(CountBetween(times, 0s, 2s), 20u);
  EXPECT_EQ(CountBetween(times, 2s, 3s), 0u);
  EXPECT_EQ(times[20], 3s);
  EXPECT_EQ(times[21], 3s + 25ms);
  EXPECT_EQ(shape.length(), absl::Seconds(5));
}

TEST(ScheduleTest, ReplaysTheTimesOfAFile) {
  LoadShape shape;
  shape.replay = std::make_shared<const std::vector<nanoseconds>>(std::vector<nanoseconds>{1ms, 1ms, 7ms});
  EXPECT_THAT(TakeAll(shape), ElementsAre(1ms, 1ms, 7ms));
  EXPECT_EQ(shape.length(), absl::Milliseconds(7) + absl::Nanoseconds(1));
}

TEST(ScheduleTest, TellsInWhichTimeSoManyCallsAreDue) {
  EXPECT_EQ(Rate(100).TimeFor(0), absl::ZeroDuration());
  EXPECT_EQ(Rate(100).TimeFor(1), absl::Milliseconds(10));
  EXPECT_EQ(Rate(100).TimeFor(250), absl::Seconds(2.5));
  EXPECT_EQ(Rate(100, {Arrival::Kind::kBurst, 50}).TimeFor(20), absl::Milliseconds(200));
  EXPECT_EQ(Rate(100, {Arrival::Kind::kPoisson}).TimeFor(20), absl::Milliseconds(200));
  const LoadShape steps{
      {{10, 10, absl::Seconds(2)}, {0, 0, absl::Seconds(1)}, {40, 40, absl::Seconds(2)}}, nullptr, {}};
  EXPECT_EQ(steps.TimeFor(20), absl::Seconds(2));
  EXPECT_EQ(steps.TimeFor(40), absl::Seconds(3.5));
  EXPECT_EQ(steps.TimeFor(101), absl::Seconds(5)) << "beyond its end";
  const LoadShape ramp{{{0, 100, absl::Seconds(2)}}, nullptr, {}};
  EXPECT_EQ(ramp.TimeFor(25), absl::Seconds(1));
}

TEST(ScheduleTest, TellsInWhichTimeSoManyCallsOfAReplayAreDue) {
  const auto time_for = [](uint64_t calls, std::vector<nanoseconds> times) {
    LoadShape shape;
    shape.replay = std::make_shared<const std::vector<nanoseconds>>(std::move(times));
    return shape.TimeFor(calls);
  };
  EXPECT_EQ(time_for(4, {0ms, 10ms, 20ms, 30ms}), absl::Milliseconds(40));
  EXPECT_EQ(time_for(2, {0ms, 10ms, 20ms, 30ms}), absl::Milliseconds(20));
  EXPECT_EQ(time_for(3, {5s, 6s, 7s}), absl::Seconds(8));
  EXPECT_EQ(time_for(9, {5s}), absl::Seconds(5));
  EXPECT_EQ(time_for(3, {0ms, 0ms, 0ms}), absl::ZeroDuration());
  EXPECT_EQ(time_for(0, {5s}), absl::ZeroDuration());
}

TEST(ScheduleTest, LoopsTogetherSendExactlyTheScheduleOfOne) {
  LoadShape replay;
  replay.replay = std::make_shared<const std::vector<nanoseconds>>(std::vector<nanoseconds>{1ms, 2ms, 2ms, 9ms, 9ms});
  const LoadShape ramp{{{0, 500, absl::Seconds(2)}}, nullptr, {Arrival::Kind::kPoisson}};
  for (const LoadShape& shape : {ramp, Rate(777), Rate(777, {Arrival::Kind::kBurst, 4}), replay}) {
    const std::vector<nanoseconds> alone = Take(700, Schedule(&shape));
    std::vector<nanoseconds> together;
    for (std::size_t part = 0; part < 7; ++part) {
      for (const nanoseconds time : Take(100, Schedule(&shape, part, 7))) together.push_back(time);
    }
    std::sort(together.begin(), together.end());
    EXPECT_EQ(together, alone);
  }
}

TEST(ScheduleTest, WarmsUpAtTheFirstRate) {
  const LoadShape shape = AfterWarmUp({{{10, 30, absl::Seconds(1)}}, nullptr, {}}, absl::Seconds(2));
  EXPECT_EQ(CountBetween(TakeAll(shape), 0s, 2s), 20u);
  EXPECT_EQ(CountBetween(TakeAll(shape), 2s, 3s), 20u);
  LoadShape replay;
  replay.replay = std::make_shared<const std::vector<nanoseconds>>(std::vector<nanoseconds>{1ms, 3ms});
  EXPECT_THAT(TakeAll(AfterWarmUp(replay, absl::Seconds(2))), ElementsAre(2001ms, 2003ms));
}

// The largest distance between the sample's distribution and that of gaps with `rate`, times the root of its size.
// Kolmogorov: for a sample of that distribution it is over 1.95 once in a thousand times. The seed is fixed, so that
// the test cannot fail by chance.
double KolmogorovSmirnov(std::vector<double> gaps, double rate) {
  std::sort(gaps.begin(), gaps.end());
  const auto count = static_cast<double>(gaps.size());
  double distance = 0;
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    const double expected = 1 - std::exp(-rate * gaps[i]);
    const auto rank = static_cast<double>(i);
    distance = std::max({distance, expected - rank / count, (rank + 1) / count - expected});
  }
  return distance * std::sqrt(count);
}

std::vector<double> GapsOf(const LoadShape& shape, std::size_t count) {
  const std::vector<nanoseconds> times = Take(count, Schedule(&shape));
  std::vector<double> gaps = {Seconds(times[0])};
  for (std::size_t i = 1; i < times.size(); ++i) gaps.push_back(Seconds(times[i] - times[i - 1]));
  return gaps;
}

TEST(ScheduleTest, PoissonsGapsAreExponential) {
  const LoadShape poisson = Rate(200, {Arrival::Kind::kPoisson});
  EXPECT_LT(KolmogorovSmirnov(GapsOf(poisson, 100'000), 200), 1.95);
  // That the test can tell: a rate that is 2 % off, and calls that are evenly spaced.
  EXPECT_GT(KolmogorovSmirnov(GapsOf(poisson, 100'000), 204), 1.95);
  EXPECT_GT(KolmogorovSmirnov(GapsOf(Rate(200), 1000), 200), 1.95);
}

// Calls in equal times are Poisson distributed when the rate is constant, whatever the times before had: their variance
// is their mean. Sum of (count - mean)^2 / mean over n times is chi-square with n degrees of freedom, which for n this
// large is normal with mean n and variance 2 n.
double ChiSquareDeviation(const std::vector<nanoseconds>& times, const std::vector<double>& expected,
                          nanoseconds width) {
  double chi_square = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto count = static_cast<double>(CountBetween(times, i * width, (i + 1) * width));
    chi_square += (count - expected[i]) * (count - expected[i]) / expected[i];
  }
  const auto n = static_cast<double>(expected.size());
  return (chi_square - n) / std::sqrt(2 * n);
}

TEST(ScheduleTest, PoissonsCountsAreIndependentAlsoWhileTheRateChanges) {
  const LoadShape ramp{{{100, 500, absl::Seconds(100)}}, nullptr, {Arrival::Kind::kPoisson}};
  std::vector<double> expected;  // In quarters of a second: 100 + 4 t calls a second.
  for (int i = 0; i < 400; ++i) expected.push_back((100 + 4 * (i + 0.5) * 0.25) * 0.25);
  EXPECT_LT(std::abs(ChiSquareDeviation(TakeAll(ramp), expected, 250ms)), 3.3);
  // Evenly spaced, the counts are far too regular.
  const LoadShape even{ramp.phases, nullptr, {}};
  EXPECT_LT(ChiSquareDeviation(TakeAll(even), expected, 250ms), -3.3);
}

TEST(ScheduleTest, TheSameSeedGivesTheSameTimesAndAnotherSeedOthers) {
  const LoadShape one = Rate(10, {Arrival::Kind::kPoisson, 1, 1});
  const LoadShape other = Rate(10, {Arrival::Kind::kPoisson, 1, 2});
  EXPECT_EQ(Take(10, Schedule(&one)), Take(10, Schedule(&one)));
  EXPECT_NE(Take(10, Schedule(&one)), Take(10, Schedule(&other)));
}

TEST(ScheduleTest, MeasurementsThatShareASeedHaveEachTheirOwn) {
  std::set<uint64_t> seeds;
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{2}, uint64_t{1} << 32}) {
    for (const uint64_t number : {uint64_t{0}, uint64_t{1}, uint64_t{2}, uint64_t{1} << 32}) {
      seeds.insert(SeedOf(seed, number));
      EXPECT_EQ(SeedOf(seed, number), SeedOf(seed, number));
    }
  }
  EXPECT_EQ(seeds.size(), 16u);
}

}  // namespace
}  // namespace meanwhile
