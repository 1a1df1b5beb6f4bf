#include "loadtest/load/load_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

std::string Here(const std::string& name) { return testing::TempDir() + name; }

absl::StatusOr<LoadShape> Parse(const std::string& text) { return ParseLoadShape("--load", text, Here); }

std::string ErrorOf(const std::string& text) { return std::string(Parse(text).status().message()); }

void Write(const std::string& name, const std::string& text) { std::ofstream(Here(name)) << text; }

auto Phase(double begin_rate, double end_rate, absl::Duration length) {
  return testing::AllOf(testing::Field(&RatePhase::begin_rate, begin_rate),
                        testing::Field(&RatePhase::end_rate, end_rate), testing::Field(&RatePhase::length, length));
}

TEST(LoadShapeTest, ReadsShapesThatFollowOneAnother) {
  EXPECT_THAT(Parse("step:100/30s+ramp:100..1000/1m+step:1000/2m")->phases,
              ElementsAre(Phase(100, 100, absl::Seconds(30)), Phase(100, 1000, absl::Minutes(1)),
                          Phase(1000, 1000, absl::Minutes(2))));
  EXPECT_THAT(ErrorOf("step:1/1s+"), testing::StartsWith("--load=step:1/1s+: must be ramp:"));
  EXPECT_THAT(ErrorOf("step:1/1s+replay:file"), testing::StartsWith("--load=step:1/1s+replay:file: must be ramp:"));
  EXPECT_THAT(ErrorOf("step:1/1s+ramp:1..x/1s"), testing::HasSubstr("each rate must be a number"));
  std::string many = "step:1/1s";
  for (int i = 0; i < 1000; ++i) many += "+step:1/1s";
  EXPECT_THAT(ErrorOf(many), testing::HasSubstr("must have at most 1000 steps"));
}

TEST(LoadShapeTest, WritesArrivalsAsItReadsThem) {
  for (const char* text : {"constant", "poisson", "burst:10"}) {
    EXPECT_EQ(FormatArrival(*ParseArrival("--arrival", text)), text);
  }
}

TEST(LoadShapeTest, ReadsEachShape) {
  EXPECT_THAT(Parse("ramp:100..5000/60s")->phases, ElementsAre(Phase(100, 5000, absl::Seconds(60))));
  EXPECT_THAT(Parse("ramp:500..0/1m")->phases, ElementsAre(Phase(500, 0, absl::Minutes(1))));
  EXPECT_THAT(Parse("step:100,0.5/10s")->phases,
              ElementsAre(Phase(100, 100, absl::Seconds(10)), Phase(0.5, 0.5, absl::Seconds(10))));
  EXPECT_THAT(Parse("spike:100..5000/10s,2s")->phases,
              ElementsAre(Phase(100, 100, absl::Seconds(10)), Phase(5000, 5000, absl::Seconds(2)),
                          Phase(100, 100, absl::Seconds(10))));
}

TEST(LoadShapeTest, ReadsTheTimesToReplay) {
  Write("arrivals", "# seconds since the start\n0\n80ms  # a duration\n\n0.25\n0.25\n1.5s\n");
  const absl::StatusOr<LoadShape> shape = Parse("replay:arrivals");
  ASSERT_TRUE(shape.ok()) << shape.status();
  EXPECT_THAT(*shape->replay, ElementsAre(0ms, 80ms, 250ms, 250ms, 1500ms));
}

TEST(LoadShapeTest, SaysWhatIsWrongWithAShape) {
  const std::string shapes =
      ": must be ramp:RATE..RATE/TIME, step:RATE,RATE,…/TIME, spike:RATE..RATE/TIME,TIME, several with + between, "
      "or replay:FILE";
  for (const std::string text : {"", "saw:1..2/1s", "ramp", "ramp:1..2", "ramp:1..2..3/1s", "ramp:1..2/1s,2s",
                                 "spike:1..2/1s", "spike:1..2/1s,1s,1s", "step:1,2/1s,1s", "replay:"}) {
    EXPECT_EQ(ErrorOf(text), absl::StrCat("--load=", text, shapes));
  }
  for (const std::string text :
       {"ramp:1..x/1s", "ramp:-1..2/1s", "step:1,,2/1s", "step:0,0/1s", "step:nan/1s", "ramp:1..10000001/1s"}) {
    EXPECT_EQ(ErrorOf(text),
              "--load=" + text + ": each rate must be a number from 0 to 10000000, and one of them over 0");
  }
  for (const std::string text : {"ramp:1..2/", "ramp:1..2/0s", "ramp:1..2/25h", "ramp:1..2/inf", "spike:1..2/1s,x"}) {
    EXPECT_EQ(ErrorOf(text), "--load=" + text + ": each time must be a duration from 1ms to 24h");
  }
}

TEST(LoadShapeTest, SaysWhatIsWrongWithAFileAndWhere) {
  EXPECT_EQ(ErrorOf("replay:nobody"), "--load=replay:nobody: cannot be read");
  EXPECT_EQ(ErrorOf("replay:."), "--load=replay:.: cannot be read");
  Write("empty", "# nothing\n");
  EXPECT_EQ(ErrorOf("replay:empty"), "--load=replay:empty: must have a line with a time");
  Write("words", "1\nsoon\n");
  EXPECT_EQ(ErrorOf("replay:words"),
            "--load=replay:words: line 2: must be a time such as 1.25s or 80ms, or a number of seconds");
  Write("negative", "-1\n");
  EXPECT_EQ(ErrorOf("replay:negative"), "--load=replay:negative: line 1: must be from 0 to 24h");
  Write("nan", "nan\n");
  EXPECT_EQ(ErrorOf("replay:nan"), "--load=replay:nan: line 1: must be from 0 to 24h");
  Write("backwards", "2\n1\n");
  EXPECT_EQ(ErrorOf("replay:backwards"), "--load=replay:backwards: line 2: must not be before the line above");
}

TEST(LoadShapeTest, ReadsRates) {
  EXPECT_EQ(*ParseRate("-r,--rps", "500"), 500);
  EXPECT_EQ(*ParseRate("-r,--rps", "0.5"), 0.5);
  for (const std::string text : {"0", "-1", "10000001", "x", "", "nan", "inf"}) {
    EXPECT_EQ(ParseRate("-r,--rps", text).status().message(),
              "--rps=" + text + ": must be a number of calls a second from 0.001 to 10000000");
  }
}

TEST(LoadShapeTest, ReadsArrivals) {
  EXPECT_EQ(ParseArrival("--arrival", "constant")->kind, Arrival::Kind::kConstant);
  EXPECT_EQ(ParseArrival("--arrival", "poisson")->kind, Arrival::Kind::kPoisson);
  EXPECT_EQ(ParseArrival("--arrival", "burst:20")->kind, Arrival::Kind::kBurst);
  EXPECT_EQ(ParseArrival("--arrival", "burst:20")->burst, 20u);
  for (const std::string text : {"", "often", "burst", "burst:0", "burst:x", "burst:1000001"}) {
    EXPECT_EQ(ParseArrival("--arrival", text).status().message(),
              "--arrival=" + text + ": must be constant, poisson or burst:N with N from 1 to 1000000");
  }
}

}  // namespace
}  // namespace meanwhile
