#include "server/observe/trace_file.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

using async::Duration;
using async::TimePoint;
using google::protobuf::Struct;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

TimePoint At(int ms) { return TimePoint(std::chrono::hours(1) + milliseconds(ms)); }

// What is drawn in a group of rows: `row: name from-to`, in milliseconds, in the order of the file.
std::vector<std::string> Drawn(const std::string& json, int group) {
  Struct file;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &file).ok()) << json;
  std::vector<std::string> drawn;
  for (const auto& value : file.fields().at("traceEvents").list_value().values()) {
    const auto& event = value.struct_value().fields();
    if (event.at("ph").string_value() != "X" || event.at("pid").number_value() != group) continue;
    const double begin = event.at("ts").number_value() / 1000;
    drawn.push_back(absl::StrCat(event.at("tid").number_value(), ": ", event.at("name").string_value(), " ", begin, "-",
                                 begin + event.at("dur").number_value() / 1000));
  }
  return drawn;
}

constexpr int kLoops = 1;
constexpr int kThreads = 2;
constexpr int kCalls = 3;

CallRecord Call(int arrived, int began, int ended) {
  return {.method = CallMethod::kFetch, .arrived = At(arrived), .began = At(began), .ended = At(ended)};
}

TracedRun OnLoop(std::size_t loop, int arrived, int begin, int end) {
  return {.run = {CallMethod::kFetch, At(arrived), At(begin), At(end), /*on_loop=*/true}, .loop = loop};
}

TracedRun OnThread(int arrived, int begin, int end) {
  return {.run = {CallMethod::kFetch, At(arrived), At(begin), At(end), /*on_loop=*/false}};
}

TEST(TraceFileTest, ShowsWhenACallRanAndWhenItWaited) {
  const std::string json = TraceJson({Call(10, 10, 62)}, {OnLoop(1, 10, 60, 62), OnLoop(1, 10, 10, 11)});
  EXPECT_THAT(Drawn(json, kLoops), ElementsAre("1: Fetch 0-1", "1: Fetch 50-52"));
  EXPECT_THAT(Drawn(json, kThreads), IsEmpty());
  EXPECT_THAT(Drawn(json, kCalls),
              ElementsAre("1: Fetch 0-52", "1: running 0-1", "1: waiting 1-50", "1: running 50-52"));
}

TEST(TraceFileTest, ARowIsTakenAgainWhenItsCallHasEnded) {
  const std::string json = TraceJson({Call(4, 4, 9), Call(0, 0, 3), Call(1, 1, 6)}, {});
  EXPECT_THAT(Drawn(json, kCalls), ElementsAre("1: Fetch 0-3", "1: waiting 0-3", "2: Fetch 1-6", "2: waiting 1-6",
                                               "1: Fetch 4-9", "1: waiting 4-9"));
}

TEST(TraceFileTest, ThreadsHeldAtOneMomentHaveRowsOfTheirOwn) {
  const std::string json =
      TraceJson({Call(0, 5, 20), Call(1, 1, 10)}, {OnThread(0, 5, 20), OnThread(1, 1, 10), OnThread(2, 10, 12)});
  EXPECT_THAT(Drawn(json, kThreads), ElementsAre("1: Fetch 1-10", "2: Fetch 5-20", "1: Fetch 10-12"));
  EXPECT_THAT(Drawn(json, kCalls), ElementsAre("1: Fetch 0-20", "1: queued 0-5", "1: holding a thread 5-20",
                                               "2: Fetch 1-10", "2: holding a thread 1-10"));
}

TEST(TraceFileTest, ARunThatOutlivesItsCallIsCutInTheCallsRow) {
  const std::string json = TraceJson({Call(0, 0, 5)}, {OnLoop(2, 0, 4, 6)});
  EXPECT_THAT(Drawn(json, kLoops), ElementsAre("2: Fetch 4-6"));
  EXPECT_THAT(Drawn(json, kCalls), ElementsAre("1: Fetch 0-5", "1: waiting 0-4", "1: running 4-5"));
}

TEST(TraceFileTest, RunsBeforeTheFirstCallAreLeftOut) {
  const std::string json = TraceJson({Call(10, 10, 12)}, {OnLoop(1, 5, 5, 6), OnLoop(1, 5, 11, 12)});
  EXPECT_THAT(Drawn(json, kLoops), ElementsAre("1: Fetch 1-2"));
  EXPECT_THAT(Drawn(json, kCalls), ElementsAre("1: Fetch 0-2", "1: waiting 0-2"));
}

TEST(TraceFileTest, NothingRecordedIsAFileAllTheSame) {
  const std::string json = TraceJson({}, {});
  EXPECT_THAT(Drawn(json, kCalls), IsEmpty());
}

}  // namespace
}  // namespace meanwhile
