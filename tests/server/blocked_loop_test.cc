// A loop that is blocked: what the server says of it, on its log and to Prometheus.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

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

TEST(BlockedLoopTest, IsCountedAndLogged) {
  testing::internal::CaptureStderr();
  Blocks blocks;
  {
    const ServerLog log({.level = LogLevel::kDebug});
    for (const ModelKind model : {ModelKind::kAsync, ModelKind::kCallback, ModelKind::kPool}) {
      SCOPED_TRACE(ToString(model));
      ServerOptions options = ServedModel::SmallServer(model);
      options.loops = 1;
      options.observe.metrics = "127.0.0.1:0";
      ServedModel served(options, &blocks);
      const std::string url = served.server().metrics_url();
      EXPECT_EQ(PrometheusText::Fetch(url).Value("meanwhile_loop_blocked_total{loop=\"0\"}"), 0);
      served.Call("Fetch", "");
      // The run is over a moment after the call. On a busy machine others may take as long.
      EXPECT_TRUE(
          WaitUntil([&] { return PrometheusText::Fetch(url).Value("meanwhile_loop_blocked_total{loop=\"0\"}") >= 1; }));
      EXPECT_GE(PrometheusText::Fetch(url).Value("meanwhile_loop_longest_run_seconds{loop=\"0\"}"), 0.020);
    }
  }
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, ContainsRegex("a loop was blocked for [0-9]+ ms by Fetch\n"));
  // In the model callback a loop does not know which call a coroutine is of.
  EXPECT_THAT(said, ContainsRegex("a loop was blocked for [0-9]+ ms by a coroutine without an activity\n"));
}

}  // namespace
}  // namespace meanwhile
