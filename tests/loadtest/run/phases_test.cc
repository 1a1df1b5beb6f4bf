#include "loadtest/run/phases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace meanwhile {
namespace {

using testing::StartsWith;

absl::StatusOr<std::string> Load(const std::string& text) {
  const absl::StatusOr<ConfigNode> config = ParseConfig(text);
  EXPECT_TRUE(config.ok()) << config.status();
  return LoadOfPhases(config->children.front());
}

std::string ErrorOf(const std::string& text) { return std::string(Load(text).status().message()); }

TEST(PhasesTest, BecomeOneLoad) {
  EXPECT_EQ(*Load("phases:\n- rps: 100\n  duration: 30s\n- load: ramp:100..1e3/1m\n- {rps: 0.5, duration: 2m}"),
            "step:100/30s+ramp:100..1e3/1m+step:0.5/2m");
  EXPECT_EQ(*Load("phases: [{load: 'spike:1..2/1s,1s'}]"), "spike:1..2/1s,1s");
}

TEST(PhasesTest, WhatIsWrongIsToldWithItsLineAndItsKey) {
  EXPECT_EQ(ErrorOf("phases: 5"), "1: phases: must be a list of phases; each must have rps and duration, or load");
  EXPECT_EQ(ErrorOf("phases: []"), "1: phases: must be a list of phases; each must have rps and duration, or load");
  EXPECT_EQ(ErrorOf("phases:\n- load: step:1/1s\n- 5"), "3: phases: each must have rps and duration, or load");
  EXPECT_EQ(ErrorOf("phases:\n- rps: 5"), "2: phases: each must have rps and duration, or load");
  EXPECT_EQ(ErrorOf("phases:\n- rps: 5\n  load: step:1/1s\n  duration: 5s"),
            "2: phases: each must have rps and duration, or load");
  EXPECT_EQ(ErrorOf("phases:\n- rps: 5\n  duraton: 5s"),
            "3: duraton: unknown key of a phase; each must have rps and duration, or load");
  EXPECT_EQ(ErrorOf("phases:\n- rps: 0\n  duration: 5s"),
            "2: rps: 0: must be a number of calls a second from 0.001 to 10000000");
  EXPECT_EQ(ErrorOf("phases:\n- rps: 1,2\n  duration: 5s"),
            "2: rps: 1,2: must be a number of calls a second from 0.001 to 10000000");
  EXPECT_EQ(ErrorOf("phases:\n- rps: 5\n  duration: 5"), "3: duration: 5: must be a duration from 1ms to 24h");
  EXPECT_EQ(ErrorOf("phases:\n- rps: 5\n  duration: 5s+step:1/1s"),
            "3: duration: 5s+step:1/1s: must be a duration from 1ms to 24h");
  EXPECT_EQ(ErrorOf("phases:\n- rps:\n  duration: 5s"), "2: rps: must be a single value");
  EXPECT_THAT(ErrorOf("phases:\n\n- load: saw:5"), StartsWith("3: load: saw:5: must be ramp:"));
  EXPECT_THAT(ErrorOf("phases:\n- load: replay:x"), StartsWith("2: load: replay:x: must be ramp:"));
}

}  // namespace
}  // namespace meanwhile
