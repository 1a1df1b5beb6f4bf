#include "loadtest/compare/comparison_run.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "loadtest/compare/comparison.h"

namespace meanwhile {
namespace {

TEST(ComparisonRunTest, DrawsPoissonArrivalsAnewForEachRoundAndTheSameForAllServersInIt) {
  ComparisonOptions options;
  options.levels = {{.rate = 500}};
  options.arrival = {.kind = Arrival::Kind::kPoisson, .seed = 7};
  const auto seed_of = [&options](std::size_t server, uint32_t round) {
    const LoadOptions load = LoadOf(options, RoundStep{server, 0, round});
    EXPECT_EQ(load.shape->phases.front().begin_rate, 500);
    EXPECT_EQ(load.shape->arrival.kind, Arrival::Kind::kPoisson);
    return load.shape->arrival.seed;
  };
  EXPECT_EQ(seed_of(0, 1), seed_of(1, 1));
  EXPECT_EQ(seed_of(0, 2), seed_of(1, 2));
  EXPECT_NE(seed_of(0, 1), seed_of(0, 2));
  const uint64_t first = seed_of(0, 1);
  options.arrival.seed = 8;
  EXPECT_NE(seed_of(0, 1), first);
}

TEST(ComparisonRunTest, ALevelOfCallsInFlightHasNoSchedule) {
  ComparisonOptions options;
  options.levels = {{.in_flight = 40, .rate = std::nullopt}};
  const LoadOptions load = LoadOf(options, RoundStep{0, 0, 1});
  EXPECT_EQ(load.in_flight, 40u);
  EXPECT_FALSE(load.shape.has_value());
}

}  // namespace
}  // namespace meanwhile
