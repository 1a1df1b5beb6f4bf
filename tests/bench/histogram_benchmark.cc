// What it costs to count a call, and to add up the histograms of several threads.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "loadtest/measure/histogram.h"

namespace meanwhile {
namespace {

// Latencies around a wait of 50 ms, with a long tail.
std::vector<int64_t> Latencies() {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> latency(17.7, 0.5);
  std::vector<int64_t> nanos(1 << 16);
  for (int64_t& value : nanos) value = static_cast<int64_t>(latency(random));
  return nanos;
}

Histogram Filled() {
  Histogram histogram;
  for (const int64_t nanos : Latencies()) histogram.RecordNanos(nanos);
  return histogram;
}

void BM_RecordNanos(benchmark::State& state) {
  const std::vector<int64_t> latencies = Latencies();
  Histogram histogram;
  size_t i = 0;
  for (auto _ : state) histogram.RecordNanos(latencies[i++ % latencies.size()]);
  benchmark::DoNotOptimize(histogram.count());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RecordNanos);

void BM_RecordDuration(benchmark::State& state) {
  std::vector<absl::Duration> latencies;
  for (const int64_t nanos : Latencies()) latencies.push_back(absl::Nanoseconds(nanos));
  Histogram histogram;
  size_t i = 0;
  for (auto _ : state) histogram.Record(latencies[i++ % latencies.size()]);
  benchmark::DoNotOptimize(histogram.count());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RecordDuration);

void BM_Add(benchmark::State& state) {
  const Histogram other = Filled();
  Histogram total;
  for (auto _ : state) {
    total.Add(other);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_Add);

void BM_ValueAtQuantile(benchmark::State& state) {
  const Histogram histogram = Filled();
  for (auto _ : state) benchmark::DoNotOptimize(histogram.ValueAtQuantile(0.999));
}
BENCHMARK(BM_ValueAtQuantile);

}  // namespace
}  // namespace meanwhile

BENCHMARK_MAIN();
