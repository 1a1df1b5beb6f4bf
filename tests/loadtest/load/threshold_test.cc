#include "loadtest/load/threshold.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace meanwhile {
namespace {

using namespace std::chrono_literals;

// 998 calls that took 10 ms, two that took 90 ms and failed; ten were not sent.
LoadResult Result() {
  LoadResult result;
  result.elapsed = absl::Seconds(2);
  for (int i = 0; i < 998; ++i) result.measurement.Record({10ms, 10ms}, absl::StatusCode::kOk, "");
  for (int i = 0; i < 2; ++i) result.measurement.Record({90ms, 90ms}, absl::StatusCode::kUnavailable, "");
  result.succeeded_in_time = 998;
  result.scheduled = 1010;
  result.not_sent = 10;
  return result;
}

v1::ThresholdVerdict VerdictOf(const std::string& text, const LoadResult& result = Result()) {
  const absl::StatusOr<Threshold> threshold = ParseThreshold("--threshold", text);
  EXPECT_TRUE(threshold.ok()) << threshold.status();
  return Judge({*threshold}, result).front();
}

TEST(ThresholdTest, JudgesTimes) {
  EXPECT_TRUE(VerdictOf("p99<80ms").passed());
  EXPECT_FALSE(VerdictOf("p99.9<80ms").passed());
  EXPECT_TRUE(VerdictOf("p99.9 < 91ms").passed());
  EXPECT_TRUE(VerdictOf("max>80ms").passed());
  EXPECT_TRUE(VerdictOf("mean<10.5ms").passed());
  EXPECT_FALSE(VerdictOf("mean<10ms").passed());
  EXPECT_NEAR(VerdictOf("p50<1s").actual(), 0.01, 1e-5);
  EXPECT_EQ(VerdictOf("p99.9<80ms").actual_text(), "90.0 ms");
  EXPECT_EQ(VerdictOf("p99.9<80ms").threshold(), "p99.9<80ms");
}

TEST(ThresholdTest, JudgesNumbersAndShares) {
  EXPECT_TRUE(VerdictOf("errors<=2").passed());
  EXPECT_FALSE(VerdictOf("errors<2").passed());
  EXPECT_TRUE(VerdictOf("errors<0.3%").passed());
  EXPECT_FALSE(VerdictOf("errors<0.2%").passed());
  EXPECT_TRUE(VerdictOf("errors<=0.2%").passed());
  EXPECT_TRUE(VerdictOf("not-sent<=10").passed());
  EXPECT_TRUE(VerdictOf("not-sent<1%").passed());
  EXPECT_FALSE(VerdictOf("not-sent<0.9%").passed());
  EXPECT_EQ(VerdictOf("errors<1%").actual_text(), "0.20 %");
}

TEST(ThresholdTest, JudgesTheRate) {
  EXPECT_TRUE(VerdictOf("rate>=499").passed());
  EXPECT_FALSE(VerdictOf("rate>499").passed());
  EXPECT_EQ(VerdictOf("rate>499").actual_text(), "499 calls/s");
}

TEST(ThresholdTest, FailsTimesOfARunWithoutCalls) {
  EXPECT_FALSE(VerdictOf("p99<80ms", LoadResult()).passed());
  EXPECT_FALSE(VerdictOf("p99>=0s", LoadResult()).passed());
  EXPECT_FALSE(VerdictOf("p99<80ms", LoadResult()).has_actual());
}

TEST(ThresholdTest, JudgesOneMethodOfSeveral) {
  LoadResult result = Result();
  EXPECT_FALSE(VerdictOf("errors{a.B/C}<1%", result).passed()) << "it was not told apart";
  EXPECT_FALSE(VerdictOf("errors{a.B/C}<1%", result).has_actual());
  result.methods.resize(2);
  result.methods[0].name = "a.B/C";
  result.methods[1].name = "x < y";
  for (int i = 0; i < 10; ++i) result.methods[0].measurement.Record({10ms, 10ms}, absl::StatusCode::kOk, "");
  for (int i = 0; i < 4; ++i) result.methods[1].measurement.Record({90ms, 90ms}, absl::StatusCode::kUnavailable, "");
  result.methods[0].succeeded_in_time = 10;
  EXPECT_TRUE(VerdictOf("max{a.B/C}<11ms", result).passed());
  EXPECT_FALSE(VerdictOf("max{x < y}<11ms", result).passed());
  EXPECT_FALSE(VerdictOf("max<11ms", result).passed());
  EXPECT_EQ(VerdictOf("errors{a.B/C} < 1", result).actual(), 0);
  EXPECT_EQ(VerdictOf("errors {x < y} > 1", result).actual(), 4);
  EXPECT_EQ(VerdictOf("errors{x < y}<=5%", result).actual(), 1);
  EXPECT_EQ(VerdictOf("rate{a.B/C}>1", result).actual(), 5);
  EXPECT_EQ(VerdictOf("rate{x < y}>1", result).actual(), 0);
  EXPECT_EQ(VerdictOf("rate{x < y}>1", result).threshold(), "rate{x < y}>1");
}

TEST(ThresholdTest, KnowsWhetherThereIsTheMethod) {
  const std::vector<Threshold> all = {*ParseThreshold("--threshold", "p99<1s")};
  const std::vector<Threshold> of_one = {*ParseThreshold("--threshold", "p99{b}<1s")};
  const CallPlan one{.methods = {{.path = "/b"}}};
  const CallPlan without{.methods = {{.path = "/a"}, {.path = "/b", .label = "c"}}};
  const CallPlan with{.methods = {{.path = "/a"}, {.path = "/c", .label = "b"}}};
  EXPECT_TRUE(CheckMethods("--threshold", all, nullptr).ok());
  EXPECT_TRUE(CheckMethods("--threshold", of_one, &with).ok());
  EXPECT_EQ(CheckMethods("--threshold", of_one, &without).message(),
            "--threshold=p99{b}<1s: no method b; there are a, c");
  for (const CallPlan* plan : {static_cast<const CallPlan*>(nullptr), &one}) {
    EXPECT_EQ(CheckMethods("--threshold", of_one, plan).message(),
              "--threshold=p99{b}<1s: no method b; only the methods of a mix are told apart");
  }
}

TEST(ThresholdTest, SaysWhatAThresholdMustBe) {
  for (const std::string text : {"",         "p99",       "p99=80ms",      "p99<",          "p99<80",   "p99<-1ms",
                                 "p99<inf",  "p0<1s",     "p100<1s",       "px<1s",         "p<1s",     "median<1s",
                                 "errors<x", "errors<-1", "errors<101%",   "rate>=10%",     "rate>=1s", "mean<5%",
                                 "<5",       "p99<<1s",   "p99{}<1s",      "p99{a<1s",      "p99a}<1s", "p99{a}b<1s",
                                 "{a}<1s",   "p99<{a}1s", "not-sent{a}<1", "not-sent{a}<1%"}) {
    EXPECT_EQ(ParseThreshold("--threshold", text).status().message(),
              "--threshold=" + text +
                  ": must be a metric (p99 or any other percentile, mean, max, errors, not-sent, rate), a comparison "
                  "(<, <=, >, >=) and a bound such as 80ms, 0.1% or 10000; of one method of a mix, but for not-sent, "
                  "p99{NAME}<80ms");
  }
}

TEST(ThresholdTest, AbortsForErrorsAlone) {
  EXPECT_TRUE(ParseAbortCondition("--abort-when", "errors>5%")->Holds(0.06));
  EXPECT_FALSE(ParseAbortCondition("--abort-when", "errors>5%")->Holds(0.05));
  EXPECT_TRUE(ParseAbortCondition("--abort-when", "errors>=100")->Holds(100));
  for (const std::string text : {"", "errors<5%", "p99>1s", "rate>5", "errors", "errors{a}>5%"}) {
    EXPECT_EQ(ParseAbortCondition("--abort-when", text).status().message(),
              "--abort-when=" + text + ": must be errors>N, errors>N% or one of these with >=");
  }
}

}  // namespace
}  // namespace meanwhile
