#include "loadtest/compare/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace meanwhile {
namespace {

using testing::Each;
using testing::ElementsAre;

// The paths of the first `count` calls; those of Fetch must carry the payload.
std::vector<std::string> FirstCalls(Scenario scenario, int count) {
  v1::FetchRequest fetch;
  fetch.set_payload("payload");
  const std::shared_ptr<const CallPlan> plan = PlanOf(scenario, fetch);
  const std::unique_ptr<CallSource> source = plan->make_source(*plan, 0);
  std::vector<std::string> paths;
  for (int i = 0; i < count; ++i) {
    const OutgoingCall call = source->Next();
    paths.push_back(plan->methods[call.method].path);
    EXPECT_EQ(call.messages.size(), 1u);
    if (paths.back() == "/meanwhile.v1.Meanwhile/Fetch") {
      EXPECT_EQ(call.messages[0], fetch.SerializeAsString());
    } else {
      v1::ComputeRequest compute;
      EXPECT_TRUE(compute.ParseFromString(call.messages[0]));
      EXPECT_GT(compute.rounds(), 0u);
    }
  }
  return paths;
}

constexpr char kFetch[] = "/meanwhile.v1.Meanwhile/Fetch";
constexpr char kCompute[] = "/meanwhile.v1.Meanwhile/Compute";

TEST(ScenarioTest, WaitingOnlyFetches) { EXPECT_THAT(FirstCalls(Scenario::kWaiting, 5), Each(kFetch)); }

TEST(ScenarioTest, ComputingOnlyComputes) { EXPECT_THAT(FirstCalls(Scenario::kComputing, 5), Each(kCompute)); }

TEST(ScenarioTest, MixedComputesInEveryFourthCall) {
  EXPECT_THAT(FirstCalls(Scenario::kMixed, 8),
              ElementsAre(kFetch, kFetch, kFetch, kCompute, kFetch, kFetch, kFetch, kCompute));
}

TEST(ScenarioTest, NamesAreReadAsTheyAreWritten) {
  for (const Scenario scenario : {Scenario::kWaiting, Scenario::kComputing, Scenario::kMixed}) {
    EXPECT_EQ(*ParseScenario(NameOf(scenario)), scenario);
  }
  EXPECT_EQ(ParseScenario("idle").status().message(), "must be waiting, computing or mixed");
}

}  // namespace
}  // namespace meanwhile
