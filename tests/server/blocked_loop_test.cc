// A loop that is blocked: what the server says of it, on its log and to Prometheus.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "async/loop_stats.h"
#include "server/observe/log.h"
#include "tests/server/model/served_model.h"
#include "tests/server/prometheus_text.h"

namespace meanwhile {
namespace {

using testing::ContainsRegex;

// Holds the thread of whoever ends a call for longer than a loop may be held.
class Blocks final : public CallSink {
 public:
  void OnCallEnded(const CallRecord& /*call*/) override {
    const auto end = std::chrono::steady_clock::now() + 2 * async::LoopStats::kBlocked;
    while (std::chrono::steady_clock::now() < end) {
    }
  }
};

// A model with loops, and how long its backend waits: nothing, so that a call is over in the run in which it has come,
// or a moment, so that it ends when its loop goes on with it.
class BlockedLoopTest : public testing::TestWithParam<std::tuple<ModelKind, const char*>> {};

INSTANTIATE_TEST_SUITE_P(Models, BlockedLoopTest,
                         testing::Combine(testing::Values(ModelKind::kAsync, ModelKind::kCallback, ModelKind::kPool),
                                          testing::Values("0ms", "1ms")),
                         [](const testing::TestParamInfo<std::tuple<ModelKind, const char*>>& info) {
                           return absl::StrCat(ToString(std::get<0>(info.param)), "_", std::get<1>(info.param));
                         });

TEST_P(BlockedLoopTest, IsCountedAndLoggedWithTheMethodsName) {
  const auto& [model, wait] = GetParam();
  testing::internal::CaptureStderr();
  Blocks blocks;
  {
    const ServerLog log({.level = LogLevel::kDebug});
    ServerOptions options = ServedModel::SmallServer(model);
    options.loops = 1;
    options.backend = *ParseBackendSpec(absl::StrCat("constant:", wait));
    options.observe.metrics = "127.0.0.1:0";
    ServedModel served(options, &blocks);
    const std::string url = served.server().metrics_url();
    EXPECT_EQ(PrometheusText::Fetch(url).Value("meanwhile_loop_blocked_total{loop=\"0\"}"), 0);
    served.Call("Fetch", "");
    // The run is over a moment after the call. On a busy machine others may take as long.
    EXPECT_TRUE(
        WaitUntil([&] { return PrometheusText::Fetch(url).Value("meanwhile_loop_blocked_total{loop=\"0\"}") >= 1; }));
    const PrometheusText metrics = PrometheusText::Fetch(url);
    EXPECT_GE(metrics.Value("meanwhile_loop_longest_run_seconds{loop=\"0\"}"), 0.020);
    EXPECT_GE(metrics.Value("meanwhile_loop_busy_seconds_total{loop=\"0\"}"), 0.020);
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(), ContainsRegex("a loop was blocked for [0-9]+ ms by Fetch\n"));
}

}  // namespace
}  // namespace meanwhile
