// What becomes of a server that is offered three times what it can do, with and without --max-in-flight.
//
//   ./bazelw run //tests/bench:overload_benchmark -- --models=async,thread --rounds=5
//
// Two loads, both of a server on one processor:
//
//   waiting     Fetch, on a backend that serves 40 waits of 20 ms at a time: 2,000 calls a second
//   computing   Compute, for some milliseconds of processor time
//
// Each call has a deadline, and goodput is what ends well before it, a second. The peak is what callers get who send a
// call when the last has returned; so many that the server is busy, and not so many that they wait for each other for
// long. Then calls are sent by a schedule (an open loop), at the peak's rate and at three times that, whatever becomes
// of those before.
//
// A round measures every model without and with the cap, so that what else goes on in the machine hits both; the table
// shows medians. It is no test: nothing is asserted.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "client/channel_pool.h"
#include "client/flags.h"
#include "client/meanwhile_client.h"
#include "loadtest/compare/pinning.h"
#include "loadtest/compare/statistics.h"
#include "loadtest/servers/server_process.h"

namespace meanwhile {
namespace {

using async::Task;
using async::TimePoint;
using std::chrono::duration_cast;

constexpr std::size_t kConnections = 8;
constexpr absl::Duration kDeadline = absl::Milliseconds(200);
constexpr double kOverload = 3;

struct Load {
  std::string name;
  std::string flags;     // Of the server.
  std::uint64_t rounds;  // To compute; 0: the call waits.
  std::size_t callers;   // Keep the server busy; and as many in flight as it may have.
};

const Load kLoads[] = {
    {"waiting", "--backend=constant:20ms,capacity=40", 0, 80},
    {"computing", "--pool-threads=1", 4'000'000, 20},
};

// A client of one server, on a loop that this thread runs. One phase a client.
class Sender {
 public:
  Sender(const Load& load, const std::string& target)
      : load_(load), channels_({.target = target, .connections = kConnections}), client_(&loop_, channels_) {
    compute_.set_rounds(load.rounds);
  }

  // Goodput, in calls a second, of callers that send when their last call has returned.
  double ClosedLoop(absl::Duration warmup, absl::Duration duration) {
    Begin(warmup, duration);
    for (std::size_t i = 0; i < load_.callers; ++i) loop_.Spawn(Caller());
    return Finish(duration);
  }

  // Goodput at `rate` calls a second, evenly spaced.
  double OpenLoop(double rate, absl::Duration warmup, absl::Duration duration) {
    Begin(warmup, duration);
    loop_.Spawn(Schedule(rate));
    return Finish(duration);
  }

  // How much later than intended the latest call was sent.
  std::chrono::nanoseconds latest() const { return latest_; }

 private:
  void Begin(absl::Duration warmup, absl::Duration duration) {
    if (absl::Status status = channels_.Connect(absl::Seconds(10)); !status.ok()) {
      std::fprintf(stderr, "%s\n", status.ToString().c_str());
    }
    start_ = std::chrono::steady_clock::now();
    begin_ = start_ + absl::ToChronoNanoseconds(warmup);
    end_ = begin_ + absl::ToChronoNanoseconds(duration);
  }

  double Finish(absl::Duration duration) {
    loop_.Stop();
    loop_.Run();  // Until the last call has ended.
    return static_cast<double>(good_) / absl::ToDoubleSeconds(duration);
  }

  Task<> Caller() {
    while (loop_.Now() < end_) co_await Call(loop_.Now());
  }

  Task<> Schedule(double rate) {
    const std::chrono::duration<double> step(1 / rate);
    for (std::uint64_t i = 0;; ++i) {
      const TimePoint intended = start_ + duration_cast<std::chrono::nanoseconds>(step * static_cast<double>(i));
      if (intended >= end_) co_return;
      const TimePoint now = loop_.Now();
      if (intended > now) co_await loop_.SleepUntil(intended);
      latest_ = std::max<std::chrono::nanoseconds>(latest_, loop_.Now() - intended);
      loop_.Spawn(Call(intended));
    }
  }

  // The time counts from when the call was to be sent.
  Task<> Call(TimePoint intended) {
    const CallOptions options{.timeout = kDeadline - absl::FromChrono(loop_.Now() - intended)};
    grpc::Status status;
    if (load_.rounds == 0) {
      v1::FetchResponse response;
      status = co_await client_.Fetch(fetch_, &response, options);
    } else {
      v1::ComputeResponse response;
      status = co_await client_.Compute(compute_, &response, options);
    }
    const TimePoint now = loop_.Now();
    const bool counts = intended >= begin_ && intended < end_;
    if (counts && status.ok() && absl::FromChrono(now - intended) <= kDeadline) ++good_;
  }

  const Load& load_;
  async::EventLoop loop_;
  ChannelPool channels_;
  MeanwhileClient client_;
  v1::FetchRequest fetch_;
  v1::ComputeRequest compute_;
  TimePoint start_, begin_, end_;
  std::uint64_t good_ = 0;
  std::chrono::nanoseconds latest_{0};
};

struct Options {
  std::string server = "server/server";
  std::vector<std::string> models = {"async", "callback", "thread", "pool"};
  std::size_t rounds = 5;
  absl::Duration duration = absl::Seconds(2);
  absl::Duration warmup = absl::Seconds(1);
};

// What was measured of a model under a load, a value a round.
struct Goodputs {
  std::vector<double> peak, once_without, over_without, once_with, over_with;
  std::chrono::nanoseconds latest{0};
};

absl::StatusOr<std::unique_ptr<ServerProcess>> StartServer(const Options& options, const std::string& model,
                                                           const Load& load, bool capped, const Pinning& pinning) {
  std::string command =
      absl::StrCat(options.server, " --listen=127.0.0.1:{port} --reflection=false --model=", model, " ", load.flags);
  // In the pool model calls that wait hold a thread, too.
  if (model == "pool" && load.rounds == 0) absl::StrAppend(&command, " --pool-threads=80");
  if (capped) absl::StrAppend(&command, " --max-in-flight=", load.callers);
  return ServerProcess::Start({.name = model, .command = command, .usage_exit_code = kUsageExitCode}, pinning.server,
                              [] { return false; });
}

absl::Status Measure(const Options& options, const std::string& model, const Load& load, const Pinning& pinning,
                     Goodputs* goodputs) {
  for (const bool capped : {false, true}) {
    absl::StatusOr<std::unique_ptr<ServerProcess>> server = StartServer(options, model, load, capped, pinning);
    if (!server.ok()) return server.status();
    const std::string& target = (*server)->target();
    if (!capped) goodputs->peak.push_back(Sender(load, target).ClosedLoop(options.warmup, options.duration));
    const double rate = std::max(1.0, goodputs->peak.back());
    Sender once(load, target);
    (capped ? goodputs->once_with : goodputs->once_without)
        .push_back(once.OpenLoop(rate, options.warmup, options.duration));
    Sender over(load, target);
    (capped ? goodputs->over_with : goodputs->over_without)
        .push_back(over.OpenLoop(rate * kOverload, options.warmup, options.duration));
    goodputs->latest = std::max({goodputs->latest, once.latest(), over.latest()});
    if (absl::Status status = (*server)->Stop(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void Print(const std::map<std::string, std::map<std::string, Goodputs>>& all) {
  for (const auto& [load, models] : all) {
    std::printf("\n%-10s %8s %16s %16s %16s %16s %10s\n", load.c_str(), "peak", "1x without", "1x with", "3x without",
                "3x with", "sent late");
    for (const auto& [model, goodputs] : models) {
      const double peak = Median(goodputs.peak);
      std::printf("%-10s %8.0f", model.c_str(), peak);
      for (const auto* values :
           {&goodputs.once_without, &goodputs.once_with, &goodputs.over_without, &goodputs.over_with}) {
        const double goodput = Median(*values);
        std::printf(" %9.0f (%3.0f%%)", goodput, 100 * goodput / peak);
      }
      std::printf(" %7.0f ms\n", std::chrono::duration<double, std::milli>(goodputs.latest).count());
    }
  }
}

int Main(int argc, char** argv) {
#ifdef NDEBUG
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  Options options;
  std::string models;
  CLI::App app("Goodput at once and three times what a server can do, with and without --max-in-flight.");
  app.add_option("--server", options.server, "The server's binary");
  app.add_option("--models", models, "Of them: async,callback,thread,pool");
  AddCountFlag(app, "--rounds", &options.rounds, {1, 100}, "How often everything is measured");
  AddDurationFlag(app, "--duration", &options.duration, {absl::Milliseconds(100), absl::Minutes(1)},
                  "Of a measurement");
  AddDurationFlag(app, "--warmup", &options.warmup, {absl::ZeroDuration(), absl::Minutes(1)}, "Before it");
  if (const std::optional<int> exit_code = ParseFlags(app, argc, argv)) return *exit_code;
  if (!models.empty()) options.models = absl::StrSplit(models, ',');

  const absl::StatusOr<Pinning> pinning = PinLoadTester();
  if (!pinning.ok()) {
    std::fprintf(stderr, "%s\n", pinning.status().ToString().c_str());
    return 1;
  }
  std::printf("%s; deadline %s\n", pinning->description.c_str(), absl::FormatDuration(kDeadline).c_str());
  std::map<std::string, std::map<std::string, Goodputs>> all;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (const Load& load : kLoads) {
      for (const std::string& model : options.models) {
        std::fprintf(stderr, "round %zu of %zu: %s, %s\n", round + 1, options.rounds, load.name.c_str(), model.c_str());
        if (absl::Status status = Measure(options, model, load, *pinning, &all[load.name][model]); !status.ok()) {
          std::fprintf(stderr, "%s\n", status.ToString().c_str());
          return 1;
        }
      }
    }
  }
  Print(all);
  return 0;
}

}  // namespace
}  // namespace meanwhile

int main(int argc, char** argv) { return meanwhile::Main(argc, argv); }
