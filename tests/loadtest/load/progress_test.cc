#include "loadtest/load/progress.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace meanwhile {
namespace {

LoadProgress SomeProgress() {
  LoadProgress progress;
  progress.rate = 28'412;
  progress.in_flight = 1000;
  progress.p50 = absl::Milliseconds(50.3);
  progress.p99 = absl::Milliseconds(53.1);
  progress.time_left = absl::Milliseconds(6500);
  return progress;
}

TEST(ProgressTest, TellsRateCallsInFlightLatenciesAndTimeLeft) {
  EXPECT_EQ(FormatProgress(SomeProgress()), "28,412 calls/s · 1,000 in flight · p50 50.3 ms · p99 53.1 ms · 7s left");
}

TEST(ProgressTest, TellsTheWarmUpAndLeavesOutWhatIsNotKnown) {
  LoadProgress progress;
  progress.warming_up = true;
  progress.time_left = absl::InfiniteDuration();
  EXPECT_EQ(FormatProgress(progress), "warming up · 0 calls/s · 0 in flight");
}

TEST(ProgressTest, WritesNothingToWhatIsNoTerminal) {
  std::FILE* file = std::tmpfile();
  {
    ProgressLine line(file);
    line.Show(SomeProgress());
  }
  EXPECT_EQ(std::ftell(file), 0);
  std::fclose(file);
}

}  // namespace
}  // namespace meanwhile
