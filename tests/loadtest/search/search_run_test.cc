#include "loadtest/search/search_run.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>

namespace meanwhile {
namespace {

TEST(SearchRunTest, DrawsPoissonArrivalsAnewForEachRunAndTheSameWithTheSameSeed) {
  SearchOptions options;
  options.arrival = {.kind = Arrival::Kind::kPoisson, .seed = 7};
  std::set<uint64_t> seeds;
  for (std::size_t number = 0; number < 20; ++number) {
    const LoadOptions load = LoadOf(options, 500, number);
    ASSERT_TRUE(load.shape.has_value());
    EXPECT_EQ(load.shape->phases.front().begin_rate, 500);
    EXPECT_EQ(load.shape->arrival.kind, Arrival::Kind::kPoisson);
    EXPECT_EQ(LoadOf(options, 300, number).shape->arrival.seed, load.shape->arrival.seed);
    seeds.insert(load.shape->arrival.seed);
  }
  EXPECT_EQ(seeds.size(), 20u);
  options.arrival.seed = 8;
  EXPECT_EQ(seeds.count(LoadOf(options, 500, 0).shape->arrival.seed), 0u);
}

}  // namespace
}  // namespace meanwhile
