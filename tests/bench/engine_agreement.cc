// Whether the two engines measure the same: the same schedule of calls at a low rate, with one engine and the other in
// turn, against this project's async server. Prints each engine's percentiles of the response time, the median over the
// rounds with the least and the most of any round: where the engines differ by less than an engine differs from itself,
// they agree. And the same counts must come out.
//
//   ./bazelw run //tests/bench:engine_agreement -- --rounds=7 --seconds=5
//
// Run it on an idle machine.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "loadtest/load/load_run.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

constexpr std::array<double, 3> kQuantiles = {0.5, 0.9, 0.99};
constexpr std::array<EngineKind, 2> kEngines = {EngineKind::kHttp2, EngineKind::kGrpc};

struct Settings {
  std::size_t rounds = 7;
  std::size_t seconds = 5;
  double rate = 200;
  std::string wait = "constant:10ms";
};

// Of one engine, a value for each round.
struct Samples {
  std::array<std::vector<double>, kQuantiles.size()> millis;
  std::vector<double> micros_per_call;
  std::vector<uint64_t> calls;
};

std::optional<LoadResult> Measure(EngineKind engine, const std::string& target, const Settings& settings) {
  LoadOptions load;
  load.engine = engine;
  load.target = target;
  load.shape.emplace().phases = {{settings.rate, settings.rate}};
  load.connections = 4;
  load.loops = 1;
  load.timeout = absl::Seconds(20);
  load.warmup = absl::Seconds(1);
  load.duration = absl::Seconds(settings.seconds);
  const absl::StatusOr<LoadResult> result = RunLoad(load);
  if (!result.ok() || result->measurement.succeeded() != result->measurement.calls()) {
    std::fprintf(stderr, "engine %s failed: %s\n", std::string(NameOf(engine)).c_str(),
                 std::string(result.status().message()).c_str());
    return std::nullopt;
  }
  return *result;
}

void Add(const LoadResult& result, Samples* samples) {
  const Histogram times = result.measurement.response_times();
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
    samples->millis[i].push_back(absl::ToDoubleMilliseconds(times.ValueAtQuantile(kQuantiles[i])));
  }
  const uint64_t calls = result.measurement.calls();
  samples->calls.push_back(calls);
  samples->micros_per_call.push_back(absl::ToDoubleMicroseconds(result.processor_time) / static_cast<double>(calls));
}

std::string Spread(std::vector<double> values, const char* unit) {
  std::sort(values.begin(), values.end());
  std::array<char, 100> text{};
  std::snprintf(text.data(), text.size(), "%.2f %s (%.2f to %.2f)", values[values.size() / 2], unit, values.front(),
                values.back());
  return text.data();
}

int Main(int argc, char** argv) {
  Settings settings;
  std::string server = "server/server";
  CLI::App app("Whether the two engines measure the same at a low rate.");
  app.add_option("--rounds", settings.rounds, "How often each is measured")->check(CLI::Range(1, 100));
  app.add_option("--seconds", settings.seconds, "Of each measurement")->check(CLI::Range(1, 600));
  app.add_option("--rate", settings.rate, "Calls a second")->check(CLI::Range(1.0, 10'000.0));
  app.add_option("--backend", settings.wait, "What the server waits for in each call");
  app.add_option("--server", server, "The server");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  Process process({server, "--model=async", "--listen=127.0.0.1:0", "--reflection=false", "--grace=0s",
                   absl::StrCat("--backend=", settings.wait)});
  int port = 0;
  while (port == 0) {
    const std::optional<std::string> line = process.ReadErrorLine();
    if (!line) break;
    const std::size_t place = line->find("serving on 127.0.0.1:");
    if (place != std::string::npos) std::sscanf(line->c_str() + place, "serving on 127.0.0.1:%d", &port);
  }
  if (port == 0) {
    std::fprintf(stderr, "%s does not serve\n", server.c_str());
    return 1;
  }

  std::array<Samples, kEngines.size()> samples;
  for (std::size_t round = 0; round < settings.rounds; ++round) {
    for (std::size_t turn = 0; turn < kEngines.size(); ++turn) {
      // A, B, then B, A: what a machine does slower and slower hits both.
      const std::size_t i = round % 2 == 0 ? turn : kEngines.size() - 1 - turn;
      const std::optional<LoadResult> result = Measure(kEngines[i], absl::StrCat("127.0.0.1:", port), settings);
      if (!result) return 1;
      Add(*result, &samples[i]);
    }
  }
  std::printf("%.0f calls/s, backend %s, %zu rounds of %zu s\n\n", settings.rate, settings.wait.c_str(),
              settings.rounds, settings.seconds);
  std::printf(
      "| engine | calls | p50 | p90 | p99 | processor time of the client per call |\n|---|---|---|---|---|---|\n");
  for (std::size_t i = 0; i < kEngines.size(); ++i) {
    uint64_t calls = 0;
    for (const uint64_t each : samples[i].calls) calls += each;
    std::printf("| `%s` | %llu |", std::string(NameOf(kEngines[i])).c_str(), static_cast<unsigned long long>(calls));
    for (const std::vector<double>& millis : samples[i].millis) std::printf(" %s |", Spread(millis, "ms").c_str());
    std::printf(" %s |\n", Spread(samples[i].micros_per_call, "µs").c_str());
  }
  const bool same_counts = samples[0].calls == samples[1].calls;
  if (!same_counts) std::printf("\nThe engines have not sent the same number of calls in each round.\n");
  process.Signal(SIGTERM);
  process.Wait();
  return same_counts ? 0 : 1;
}

}  // namespace
}  // namespace meanwhile

int main(int argc, char** argv) { return meanwhile::Main(argc, argv); }
