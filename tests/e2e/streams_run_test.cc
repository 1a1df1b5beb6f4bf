// RunLoad with methods that stream, with both engines, against the real server: how many messages went and came, and
// that their times are told apart from the calls'.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "loadtest/engine/call_source.h"
#include "loadtest/engine/engine_set.h"
#include "loadtest/load/load_run.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "tests/server/server_process.h"

namespace meanwhile {
namespace {

constexpr std::size_t kCalls = 40;
const TargetMethod kWatch{"/meanwhile.v1.Meanwhile/Watch", CallKind::kServerStreaming};
const TargetMethod kCollect{"/meanwhile.v1.Meanwhile/Collect", CallKind::kClientStreaming};
const TargetMethod kExchange{"/meanwhile.v1.Meanwhile/Exchange", CallKind::kBidirectional};

std::string Message(const std::string& payload) {
  v1::CollectRequest message;
  message.set_payload(payload);
  return message.SerializeAsString();
}

class StreamsRunTest : public testing::TestWithParam<EngineKind> {
 protected:
  LoadResult Run(const TargetMethod& method, const std::vector<std::string>& messages, StreamOptions stream = {}) {
    LoadOptions options;
    options.engine = GetParam();
    options.target = server_.target();
    options.connections = 2;
    options.loops = 2;
    options.in_flight = 8;
    options.total = kCalls;
    options.duration = absl::InfiniteDuration();
    options.plan = RepeatedCall(method, messages);
    options.call.stream = stream;
    const absl::StatusOr<LoadResult> result = RunLoad(options);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return {};
    EXPECT_EQ(result->measurement.succeeded(), kCalls);
    EXPECT_TRUE(result->streams);
    return *result;
  }

  ServerProcess server_{{"--backend=constant:0ms", "--grace=0s"}};
};

TEST_P(StreamsRunTest, MeasuresWhatTheServerStreams) {
  v1::WatchRequest watch;
  watch.set_count(5);
  watch.mutable_wait()->mutable_simulated()->mutable_constant()->set_nanos(2'000'000);
  const LoadResult result = Run(kWatch, {watch.SerializeAsString()});
  ASSERT_TRUE(result.streams);
  EXPECT_EQ(result.streams->received, 5 * kCalls);
  EXPECT_EQ(result.streams->sent, 0u) << "the one request is no stream";
  EXPECT_EQ(result.streams->times_to_first.count(), kCalls);
  EXPECT_EQ(result.streams->times_between.count(), 4 * kCalls);
  EXPECT_GE(result.streams->times_to_first.min(), absl::Milliseconds(2));
  EXPECT_GE(result.measurement.response_times().min(), absl::Milliseconds(10));
  EXPECT_LE(result.streams->times_to_first.max(), result.measurement.response_times().max());
}

TEST_P(StreamsRunTest, CountsWhatItSends) {
  const LoadResult result = Run(kCollect, {Message("a"), Message("bb")}, {.messages = 7});
  ASSERT_TRUE(result.streams);
  EXPECT_EQ(result.streams->sent, 7 * kCalls);
  EXPECT_EQ(result.streams->received, 0u) << "the one answer is no stream";
  EXPECT_EQ(result.streams->times_to_first.count(), 0u);
}

TEST_P(StreamsRunTest, SendsAtIntervals) {
  const LoadResult result = Run(kExchange, {Message("a")}, {.messages = 4, .interval = std::chrono::milliseconds(5)});
  ASSERT_TRUE(result.streams);
  EXPECT_EQ(result.streams->sent, 4 * kCalls);
  EXPECT_EQ(result.streams->received, 4 * kCalls);
  EXPECT_GE(result.measurement.response_times().min(), absl::Milliseconds(15)) << "the last leaves three intervals on";
}

TEST_P(StreamsRunTest, AnswersComeWhileItStillSends) {
  const LoadResult result = Run(kExchange, {Message("a")}, {.messages = 3, .interval = std::chrono::milliseconds(40)});
  ASSERT_TRUE(result.streams);
  EXPECT_GE(result.streams->times_between.max(), absl::Milliseconds(20)) << "they came all at once, at the end";
}

TEST_P(StreamsRunTest, TellsNothingOfStreamsWhenNoneIs) {
  LoadOptions options;
  options.engine = GetParam();
  options.target = server_.target();
  options.in_flight = 2;
  options.total = 10;
  const absl::StatusOr<LoadResult> result = RunLoad(options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->streams);
}

INSTANTIATE_TEST_SUITE_P(Both, StreamsRunTest, testing::Values(EngineKind::kHttp2, EngineKind::kGrpc),
                         [](const auto& info) { return std::string(NameOf(info.param)); });

}  // namespace
}  // namespace meanwhile
