// What it costs to count a call: without metrics, with their histograms, and with a bound for slow calls as well. Each
// figure is for one call, from its start to its end. And what it costs to count the open connections: `each` is for
// one.
//
//   ./bazelw run //tests/bench:observe_benchmark

#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <vector>

#include "absl/time/time.h"
#include "server/net/open_connections.h"
#include "server/observe/call_record.h"
#include "server/observe/latency_histograms.h"
#include "server/observe/server_stats.h"
#include "server/observe/slow_calls.h"

namespace meanwhile {
namespace {

enum Watched { kNot, kByMetrics, kByMetricsAndForSlowCalls };

// A loop: it alone writes its counter, while the histograms are everybody's.
void CountCall(benchmark::State& state, Watched watched) {
  static LatencyHistograms histograms;
  static SlowCalls slow_calls(absl::Seconds(10));
  std::vector<CallSink*> sinks;
  if (watched != kNot) sinks.push_back(&histograms);
  if (watched == kByMetricsAndForSlowCalls) sinks.push_back(&slow_calls);
  CallCounter counter(CallCounter::Writers::kOne, &sinks);
  CallRecord call{.arrived = async::TimePoint(std::chrono::hours(1))};
  call.began = call.arrived;
  call.ended = call.began + std::chrono::milliseconds(50);
  call.running = std::chrono::microseconds(15);
  for ([[maybe_unused]] auto _ : state) {
    counter.OnStarted(call.method);
    counter.OnEnded(call);
  }
}
BENCHMARK_CAPTURE(CountCall, without_metrics, kNot)->Threads(1)->Threads(2);
BENCHMARK_CAPTURE(CountCall, with_metrics, kByMetrics)->Threads(1)->Threads(2);
BENCHMARK_CAPTURE(CountCall, with_metrics_and_slow_call, kByMetricsAndForSlowCalls)->Threads(1)->Threads(2);

// Looks at a connection: what each open one costs a scrape, and a full server that is asked for one more.
void LookAtConnection(benchmark::State& state) {
  const auto connections = static_cast<std::size_t>(state.range(0));
  OpenConnections open(connections, connections);
  std::vector<int> sockets;
  for (std::size_t i = 0; i < connections; ++i) {
    sockets.push_back(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    open.Add(sockets.back());
  }
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(open.Count());
  state.counters["each"] = benchmark::Counter(
      static_cast<double>(connections), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  for (const int fd : sockets) close(fd);
}
BENCHMARK(LookAtConnection)->Arg(100)->Arg(900);

}  // namespace
}  // namespace meanwhile

BENCHMARK_MAIN();
