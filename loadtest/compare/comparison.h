// From the measurements of single rounds to what a comparison says: medians over the rounds, ratios with their
// intervals, and whether the figures can be used. Pure functions, any thread.

#ifndef MEANWHILE_LOADTEST_COMPARE_COMPARISON_H_
#define MEANWHILE_LOADTEST_COMPARE_COMPARISON_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// One measurement to make.
struct RoundStep {
  std::size_t server;  // Index into the servers compared.
  std::size_t level;   // Index into the levels.
  uint32_t round;      // From 1.

  bool operator==(const RoundStep&) const = default;
};

// The order of all measurements: round by round, level by level, the servers forwards in odd rounds and backwards in
// even ones (A B B A). So what drifts over time (heat, neighbours) touches all servers alike.
std::vector<RoundStep> PlanRounds(std::size_t servers, std::size_t levels, uint32_t rounds);

// Sets `cells`, `comparisons` (with their sentences), `valid` and `problems` from `rounds` and `settings`. Each cell is
// a median over rounds; counts are sums and peaks the highest. The first model is compared with each other one, at each
// level that both have.
//
// Rounds of equal number are paired (see statistics.h), but for those of earlier runs.
//
// A server that does not keep up with an offered rate is told as such, and is no reason to distrust the figures.
//
// Not valid when nothing was measured, a server served no call, or the load tester was the limit of both sides of a
// comparison (or of the only server): the figures then tell of the load tester. Where it was the limit of one side
// only, the ratio is a bound, and is told as one.
void Summarize(v1::ComparisonReport* report);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_COMPARISON_H_
