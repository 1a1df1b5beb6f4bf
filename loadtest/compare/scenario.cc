#include "loadtest/compare/scenario.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "loadtest/load/own_methods.h"

namespace meanwhile {
namespace {

constexpr Scenario kScenarios[] = {Scenario::kWaiting, Scenario::kComputing, Scenario::kMixed};

// Of the hash of Compute.
constexpr uint64_t kRounds = 100'000;
constexpr int kFetchesForEachCompute = 3;

}  // namespace

absl::string_view NameOf(Scenario scenario) {
  switch (scenario) {
    case Scenario::kWaiting:
      return "waiting";
    case Scenario::kComputing:
      return "computing";
    case Scenario::kMixed:
      break;
  }
  return "mixed";
}

absl::StatusOr<Scenario> ParseScenario(absl::string_view name) {
  for (const Scenario scenario : kScenarios) {
    if (name == NameOf(scenario)) return scenario;
  }
  return absl::InvalidArgumentError("must be waiting, computing or mixed");
}

std::shared_ptr<const CallPlan> PlanOf(Scenario scenario, const v1::FetchRequest& fetch) {
  v1::ComputeRequest compute;
  compute.set_rounds(kRounds);
  if (scenario == Scenario::kWaiting) return RepeatedCall({kFetchPath}, {fetch.SerializeAsString()});
  if (scenario == Scenario::kComputing) return RepeatedCall({kComputePath}, {compute.SerializeAsString()});
  std::vector<FixedCall> calls(kFetchesForEachCompute, {.method = 0, .messages = {fetch.SerializeAsString()}});
  calls.push_back({.method = 1, .messages = {compute.SerializeAsString()}});
  return CallsInTurn({{.path = kFetchPath}, {.path = kComputePath}}, std::move(calls));
}

}  // namespace meanwhile
