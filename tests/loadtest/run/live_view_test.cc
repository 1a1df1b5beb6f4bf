#include "loadtest/run/live_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "loadtest/report/text_layout.h"

namespace meanwhile {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::ResultOf;
using testing::StartsWith;

LiveFigures SomeFigures() {
  LiveFigures figures;
  LiveStats stats;
  for (int i = 0; i < 1000; ++i) {
    stats.OnDue();
    stats.OnEnded(std::chrono::milliseconds(50), i < 12 ? absl::StatusCode::kUnavailable : absl::StatusCode::kOk);
  }
  stats.AddTo(&figures.progress.recent);
  figures.progress.recent_length = absl::Milliseconds(500);
  figures.progress.totals = figures.progress.recent;
  figures.progress.totals.not_sent = 7;
  figures.progress.in_flight = 1234;
  figures.progress.time_left = absl::Milliseconds(6500);
  figures.server = ServerSight{0.61, 74e6, 13};
  figures.p99s = {absl::Milliseconds(10), absl::Milliseconds(40), absl::Milliseconds(80)};
  figures.share_done = 0.35;
  return figures;
}

TEST(LiveViewTest, ShowsEverythingInEightyColumns) {
  EXPECT_THAT(
      LiveFrame(SomeFigures(), 80, false),
      ElementsAre("measuring  ██████████████                            35 %  7s left",
                  "offered 2,000 calls/s · achieved 1,976 calls/s · 1,234 in flight",
                  "response p50 49.7 ms · p90 49.7 ms · p99 49.7 ms", "p99 of the last minute  ▂▅█  up to 80.0 ms",
                  "errors 12 (1 %) · not sent 7", "server 0.61 processors · 74 MB · 13 threads"));
}

TEST(LiveViewTest, NoLineIsWiderThanTheTerminal) {
  for (std::size_t width = 1; width <= 100; ++width) {
    EXPECT_THAT(LiveFrame(SomeFigures(), width, false), Each(ResultOf(&TextWidth, testing::Le(width)))) << width;
  }
  EXPECT_THAT(LiveFrame(SomeFigures(), 30, false),
              ElementsAre("measuring  █▍    35 %  7s left", "offered 2,000 calls/s", "achieved 1,976 calls/s",
                          "1,234 in flight", "response p50 49.7 ms", "p90 49.7 ms · p99 49.7 ms", "▂▅█",
                          "errors 12 (1 %) · not sent 7", "server 0.61 processors · 74 MB", "13 threads"));
}

TEST(LiveViewTest, LeavesOutWhatIsNotKnown) {
  LiveFigures figures;
  figures.progress.warming_up = true;
  figures.progress.time_left = absl::InfiniteDuration();
  EXPECT_THAT(LiveFrame(figures, 80, false),
              ElementsAre("warming up  ", "achieved 0 calls/s · 0 in flight", "response –", "errors 0"));
}

TEST(LiveViewTest, ColoursOnlyWhenAsked) {
  EXPECT_THAT(LiveFrame(SomeFigures(), 80, false), Each(Not(HasSubstr("\x1b"))));
  const std::vector<std::string> coloured = LiveFrame(SomeFigures(), 80, true);
  EXPECT_THAT(coloured[4], AllOf(StartsWith("\x1b[31m"), testing::EndsWith("\x1b[0m")));
  LiveFigures good = SomeFigures();
  good.progress.totals = LiveCounts();
  EXPECT_EQ(LiveFrame(good, 80, true)[4], "errors 0");
}

TEST(LiveViewTest, ALineTellsTheSame) {
  EXPECT_EQ(LiveLine(SomeFigures()),
            "measuring · offered 2,000 calls/s · achieved 1,976 calls/s · 1,234 in flight · response p50 49.7 ms · "
            "p90 49.7 ms · p99 49.7 ms · errors 12 (1 %) · not sent 7 · server 0.61 processors · 74 MB · 13 threads · "
            "7s left");
}

TEST(LiveViewTest, ASparklineHasABarForTheHighestOfItsValues) {
  const auto milliseconds = [](std::initializer_list<int> values) {
    std::vector<absl::Duration> durations;
    for (const int value : values) durations.push_back(absl::Milliseconds(value));
    return durations;
  };
  EXPECT_EQ(Sparkline({}, 10), "");
  EXPECT_EQ(Sparkline(milliseconds({0, 0}), 10), "▁▁");
  EXPECT_EQ(Sparkline(milliseconds({1, 2, 3, 4, 5, 6, 7, 8}), 8), "▂▃▄▅▆▇██");
  EXPECT_EQ(Sparkline(milliseconds({1, 2, 3, 4, 5, 6, 7, 8}), 4), "▃▅▇█");
  EXPECT_EQ(Sparkline(milliseconds({1, 8, 1}), 2), "█▂");
}

TEST(LiveViewTest, WritesALineEveryTenSecondsToWhatIsNoTerminal) {
  std::FILE* file = std::tmpfile();
  {
    LiveView view(file);
    for (int half_seconds = 0; half_seconds <= 50; ++half_seconds) {
      view.Show(SomeFigures().progress, std::nullopt, absl::UnixEpoch() + half_seconds * absl::Milliseconds(500));
    }
  }
  std::string written(static_cast<std::size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  ASSERT_EQ(std::fread(written.data(), 1, written.size(), file), written.size());
  std::fclose(file);
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 2);
  EXPECT_THAT(written, AllOf(StartsWith("measuring · offered "), Not(HasSubstr("\x1b"))));
}

}  // namespace
}  // namespace meanwhile
