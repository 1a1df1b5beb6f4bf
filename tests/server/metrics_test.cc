// A server that is watched: what it shows to Prometheus, in every model, over HTTP.

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/version.h"
#include "tests/server/fetches_in_flight.h"
#include "tests/server/model/served_model.h"
#include "tests/server/prometheus_text.h"

namespace meanwhile {
namespace {

ServerOptions WatchedServer(ModelKind model) {
  ServerOptions options = ServedModel::SmallServer(model);
  options.observe.metrics = "127.0.0.1:0";
  return options;
}

class MetricsTest : public testing::TestWithParam<ModelKind> {
 protected:
  static PrometheusText Read(ServedModel& served) { return PrometheusText::Fetch(served.server().metrics_url()); }
};

INSTANTIATE_TEST_SUITE_P(Models, MetricsTest, testing::ValuesIn(kAllModels),
                         [](const testing::TestParamInfo<ModelKind>& info) { return ToString(info.param); });

TEST_P(MetricsTest, CountsCallsByMethodAndStatus) {
  ServedModel served(WatchedServer(GetParam()));
  served.Call("Fetch", "");
  served.Call("Fetch", "");
  served.Call("Gather", "");
  EXPECT_TRUE(served.HasInFlight(0));
  FetchesInFlight fetches(served.target(), 3, absl::Seconds(60));
  EXPECT_TRUE(served.HasInFlight(3));
  const PrometheusText metrics = Read(served);
  EXPECT_EQ(metrics.Value("meanwhile_calls_total{method=\"Fetch\",code=\"OK\"}"), 2);
  EXPECT_EQ(metrics.Value("meanwhile_calls_total{method=\"Gather\",code=\"INVALID_ARGUMENT\"}"), 1);
  EXPECT_EQ(metrics.Value("meanwhile_calls_total{method=\"Gather\",code=\"OK\"}"), 0);
  EXPECT_FALSE(metrics.Has("meanwhile_calls_total{method=\"Gather\",code=\"UNKNOWN\"}"));
  EXPECT_EQ(metrics.Value("meanwhile_calls_started_total{method=\"Fetch\"}"), 5);
  EXPECT_EQ(metrics.Value("meanwhile_calls_in_flight{method=\"Fetch\"}"), 3);
  EXPECT_EQ(metrics.Value("meanwhile_calls_in_flight{method=\"Watch\"}"), 0);
  EXPECT_EQ(metrics.Value("meanwhile_handler_exceptions_total"), 0);
}

TEST_P(MetricsTest, TellsHowLongCallsWaitedAndRan) {
  ServedModel served(WatchedServer(GetParam()));
  served.Call("Fetch", "wait { simulated { constant { nanos: 20000000 } } }");
  EXPECT_TRUE(served.HasInFlight(0));
  const PrometheusText metrics = Read(served);
  for (const char* part : {"duration", "queued", "waiting", "running"}) {
    EXPECT_EQ(metrics.Value(absl::StrCat("meanwhile_call_", part, "_seconds_count{method=\"Fetch\"}")), 1) << part;
    EXPECT_EQ(metrics.Value(absl::StrCat("meanwhile_call_", part, "_seconds_count{method=\"Watch\"}")), 0) << part;
  }
  EXPECT_EQ(metrics.Value("meanwhile_call_duration_seconds_bucket{method=\"Fetch\",le=\"0.01\"}"), 0);
  EXPECT_EQ(metrics.Value("meanwhile_call_duration_seconds_bucket{method=\"Fetch\",le=\"+Inf\"}"), 1);
  const double duration = metrics.Value("meanwhile_call_duration_seconds_sum{method=\"Fetch\"}");
  const double waiting = metrics.Value("meanwhile_call_waiting_seconds_sum{method=\"Fetch\"}");
  const double running = metrics.Value("meanwhile_call_running_seconds_sum{method=\"Fetch\"}");
  EXPECT_GE(duration, 0.020);
  EXPECT_GT(waiting, 0);
  EXPECT_GT(running, 0);
  EXPECT_NEAR(duration, waiting + running + metrics.Value("meanwhile_call_queued_seconds_sum{method=\"Fetch\"}"), 1e-6);
}

TEST_P(MetricsTest, TellsOfTheProcessAndItsConnections) {
  ServedModel served(WatchedServer(GetParam()));
  served.Call("Fetch", "");
  const PrometheusText metrics = Read(served);
  EXPECT_EQ(metrics.Value(
                absl::StrCat("meanwhile_build_info{model=\"", ToString(GetParam()), "\",version=\"", kVersion, "\"}")),
            1);
  EXPECT_EQ(metrics.Value("meanwhile_connections_open"), 1);
  EXPECT_EQ(metrics.Value("meanwhile_connections_accepted_total"), 1);
  EXPECT_EQ(metrics.Value("meanwhile_connections_failed_total"), 0);
  EXPECT_EQ(metrics.Value("meanwhile_connections_refused_total"), 0);
  EXPECT_GT(metrics.Value("process_cpu_seconds_total"), 0);
  EXPECT_GT(metrics.Value("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(metrics.Value("process_virtual_memory_bytes"), metrics.Value("process_resident_memory_bytes"));
  EXPECT_GT(metrics.Value("process_threads"), 3);
  EXPECT_GT(metrics.Value("process_open_fds"), 5);
  EXPECT_GE(metrics.Value("process_max_fds"), metrics.Value("process_open_fds"));
  EXPECT_LT(metrics.Value("process_start_time_seconds"), absl::ToUnixSeconds(absl::Now()) + 1);
  EXPECT_GT(metrics.Value("process_start_time_seconds"), absl::ToUnixSeconds(absl::Now()) - 3600);
}

TEST_P(MetricsTest, AConnectionThatHasGoneIsNotOpenAnyMore) {
  ServedModel served(WatchedServer(GetParam()));
  const auto open = [&] { return Read(served).Value("meanwhile_connections_open"); };
  EXPECT_EQ(open(), 0);
  auto other = std::make_unique<FetchesInFlight>(served.target(), 1, absl::Seconds(60));
  EXPECT_TRUE(served.HasInFlight(1));
  served.Call("Fetch", "");
  EXPECT_EQ(open(), 2);
  other.reset();
  EXPECT_TRUE(WaitUntil([&] { return open() == 1; }));
  EXPECT_EQ(Read(served).Value("meanwhile_connections_accepted_total"), 2);
}

TEST_P(MetricsTest, CountsTheConnectionsThatAreOverALimit) {
  ServerOptions options = WatchedServer(GetParam());
  options.limits.max_connections = 1;
  ServedModel served(options);
  served.Call("Fetch", "");
  // The client may try again.
  const FetchesInFlight one_more(served.target(), 1, absl::ZeroDuration());
  EXPECT_TRUE(WaitUntil([&] { return Read(served).Value("meanwhile_connections_refused_total") >= 1; }));
  EXPECT_EQ(Read(served).Value("meanwhile_connections_accepted_total"), 1);
}

TEST_P(MetricsTest, TellsOfLoopsIfThereAreAny) {
  ServerOptions options = WatchedServer(GetParam());
  options.loops = 2;
  ServedModel served(options);
  served.Call("Fetch", "");
  const PrometheusText metrics = Read(served);
  for (const char* figure : {"busy_seconds_total", "blocked_total", "longest_run_seconds", "timers_fired_total",
                             "timer_lag_seconds_total"}) {
    for (const char* loop : {"0", "1"}) {
      EXPECT_EQ(metrics.Has(absl::StrCat("meanwhile_loop_", figure, "{loop=\"", loop, "\"}")),
                GetParam() != ModelKind::kThread);
    }
  }
  if (GetParam() == ModelKind::kAsync || GetParam() == ModelKind::kPool) {
    EXPECT_EQ(metrics.Value("meanwhile_slots_armed{loop=\"0\",method=\"Fetch\"}"), 8);
    EXPECT_GE(metrics.Value("meanwhile_slots{loop=\"1\",method=\"Fetch\"}"), 8);
    EXPECT_EQ(metrics.Value("meanwhile_slots_armed{loop=\"1\",method=\"Watch\"}"), 2);
    EXPECT_EQ(metrics.Value("meanwhile_slots_armed{loop=\"1\",method=\"Health.Watch\"}"), 4);
  } else {
    EXPECT_EQ(metrics.names().count("meanwhile_slots_armed"), 0u);
  }
}

TEST_P(MetricsTest, AnswersNothingButMetrics) {
  ServedModel served(WatchedServer(GetParam()));
  const std::string url = served.server().metrics_url();
  EXPECT_TRUE(absl::StartsWith(url, "http://127.0.0.1:")) << url;
  EXPECT_NONFATAL_FAILURE(FetchHttp(url.substr(0, url.rfind('/')) + "/"), "404");
}

TEST_P(MetricsTest, IsAskedWhileTheServerServesAndStops) {
  auto served = std::make_unique<ServedModel>(WatchedServer(GetParam()));
  const std::string url = served->server().metrics_url();
  FetchesInFlight fetches(served->target(), 20, absl::Seconds(60));
  EXPECT_TRUE(served->HasInFlight(20));
  for (int i = 0; i < 20; ++i) PrometheusText::Fetch(url);
  served->server().Shutdown(absl::ZeroDuration());
  EXPECT_EQ(served->server().GetStats().in_flight(), 0u);
}

TEST(PoolMetricsTest, TellsHowManyRunAndHowManyWait) {
  ServerOptions options = WatchedServer(ModelKind::kPool);
  options.pool_threads = 2;
  options.pool_queue = 2;
  ServedModel served(options);
  FetchesInFlight fetches(served.target(), 4, absl::Seconds(60));
  ASSERT_TRUE(served.HasInFlight(4));
  EXPECT_EQ(served.Call("Fetch", "").substr(0, 18), "RESOURCE_EXHAUSTED");
  EXPECT_TRUE(served.HasInFlight(4));
  // The threads take what is theirs a moment after the calls are there.
  const auto read = [&] { return PrometheusText::Fetch(served.server().metrics_url()); };
  EXPECT_TRUE(WaitUntil([&] { return read().Value("meanwhile_pool_running") == 2; }));
  const PrometheusText metrics = read();
  EXPECT_EQ(metrics.Value("meanwhile_pool_threads"), 2);
  EXPECT_EQ(metrics.Value("meanwhile_pool_threads_max"), 2);
  EXPECT_EQ(metrics.Value("meanwhile_pool_running"), 2);
  EXPECT_EQ(metrics.Value("meanwhile_pool_queue_length"), 2);
  EXPECT_EQ(metrics.Value("meanwhile_pool_queue_length_max"), 2);
  EXPECT_EQ(metrics.Value("meanwhile_pool_refused_total"), 1);
  EXPECT_EQ(metrics.Value("meanwhile_calls_shed_total{method=\"Fetch\",reason=\"pool_queue\"}"), 1);
}

// The page and the server tell of the same metrics.
TEST(MetricsPageTest, TellsOfEachMetricAndOfNoOther) {
  ServedModel served(WatchedServer(ModelKind::kAsync));
  PrometheusText::Fetch(served.server().metrics_url());  // The exposer's own are there after the first answer.
  const PrometheusText metrics = PrometheusText::Fetch(served.server().metrics_url());
  std::ifstream page("docs/watch-a-server.md");
  ASSERT_TRUE(page.good());
  std::set<std::string> told;
  for (std::string line; std::getline(page, line);) {
    std::string name;
    if (RE2::PartialMatch(line, "^\\| `([a-z_]+)` \\| (?:counter|gauge|histogram|summary) \\|", &name))
      told.insert(name);
  }
  EXPECT_EQ(told, metrics.names());
}

TEST(MetricsAddressTest, APortInUseIsAnErrorThatNamesTheFlag) {
  ServedModel first(WatchedServer(ModelKind::kAsync));
  ServerOptions options = WatchedServer(ModelKind::kAsync);
  const std::string url = first.server().metrics_url();
  options.observe.metrics = url.substr(7, url.rfind('/') - 7);
  const auto second = Server::Start(options);
  EXPECT_EQ(second.status(), absl::UnavailableError(absl::StrCat("--metrics=", options.observe.metrics,
                                                                 ": cannot bind: Address already in use")));
  options.observe.metrics = "127.0.0.1:65536";
  EXPECT_EQ(Server::Start(options).status(),
            absl::InvalidArgumentError("--metrics=127.0.0.1:65536: the port must be from 0 to 65535"));
}

}  // namespace
}  // namespace meanwhile
