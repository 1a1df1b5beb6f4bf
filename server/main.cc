// The server: `server --model=async --listen=127.0.0.1:50051 --backend=normal:50ms,5ms`.

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "client/channel_pool.h"
#include "client/flags.h"
#include "server/server.h"
#include "server/server_options.h"

namespace meanwhile {
namespace {

constexpr int kExitError = 1;

// A usual size of thread pools, for handlers that mostly wait.
constexpr std::size_t kPoolModelThreads = 64;

// Processors that this process may use.
std::size_t Processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<std::size_t>(CPU_COUNT(&set));
}

// A connection takes a descriptor: take as many as the system gives without asking.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::optional<int> ParseOptions(int argc, char** argv, ServerOptions* options) {
  CLI::App app("A gRPC server whose calls wait on a slow backend. The model says how calls are mapped to threads.",
               "server");
  AddParsedFlag(
      app, "--model",
      [options](const std::string& text) {
        for (const ModelKind model : kAllModels) {
          if (text != ToString(model)) continue;
          options->model = model;
          return absl::OkStatus();
        }
        return absl::InvalidArgumentError(FlagError("--model", text, "must be async, callback, thread or pool"));
      },
      "async|callback|thread|pool", ToString(options->model), "How calls are mapped to threads");
  app.add_option("--listen", options->listen, "Where to listen: HOST:PORT (port 0 takes a free one) or unix:PATH")
      ->capture_default_str()
      ->type_name("ADDRESS");
  AddParsedFlag(
      app, "--backend",
      [options](const std::string& text) {
        absl::StatusOr<BackendSpec> spec = ParseBackendSpec(text);
        if (!spec.ok()) return absl::InvalidArgumentError(absl::StrCat("--backend=", spec.status().message()));
        options->backend = *std::move(spec);
        return absl::OkStatus();
      },
      "SPEC", ToString(options->backend),
      "What calls wait for: DISTRIBUTION[,fail=RATE:STATUS][,capacity=N][,queue=M][,seed=S]");
  AddParsedFlag(
      app, "--remote",
      [options](const std::string& text) {
        options->remote = text;
        if (absl::Status status = CheckTarget(text); !status.ok()) {
          return absl::InvalidArgumentError(FlagError("--remote", text, "must be HOST:PORT or unix:PATH"));
        }
        return absl::OkStatus();
      },
      "ADDRESS", "", "The Meanwhile server that remote waits call");
  AddDurationFlag(app, "--max-wait", &options->max_wait, {absl::ZeroDuration(), absl::Hours(1)},
                  "The longest wait that a request may ask for");
  AddDurationFlag(app, "--grace", &options->grace, {absl::ZeroDuration(), absl::Hours(1)},
                  "How long calls in flight may go on after SIGTERM or SIGINT");
  AddCountFlag(app, "--loops", &options->loops, {1, 256}, "Loops, each with a thread; model thread has none");
  AddCountFlag(app, "--armed", &options->armed, {1, 100'000},
               "Models async and pool: calls that each loop keeps armed");
  CLI::Option* pool_threads = AddCountFlag(
      app, "--pool-threads", &options->pool_threads, {1, 10'000},
      absl::StrCat("Threads that run blocking handlers: all calls in model pool, where ", kPoolModelThreads,
                   " is the default, those that\ncompute in async and callback; model thread has no bound"));
  AddCountFlag(app, "--pool-queue", &options->pool_queue, {0, 1'000'000},
               "Calls that may wait for such a thread; one more is shed");
  std::size_t max_pollers = 0;
  CLI::Option* sync_max_pollers = AddCountFlag(app, "--sync-max-pollers", &max_pollers, {1, 10'000},
                                               "Model thread: gRPC's MAX_POLLERS instead of its default");
  AddParsedFlag(
      app, "--reflection",
      [options](const std::string& text) {
        options->reflection = text == "true";
        if (options->reflection || text == "false") return absl::OkStatus();
        return absl::InvalidArgumentError(FlagError("--reflection", text, "must be true or false"));
      },
      "true|false", options->reflection ? "true" : "false", "Tell clients the schema, as grpcurl asks for it");
  if (std::optional<int> exit_code = ParseFlags(app, argc, argv)) return exit_code;
  if (options->model == ModelKind::kPool && pool_threads->count() == 0) options->pool_threads = kPoolModelThreads;
  if (sync_max_pollers->count() > 0) options->sync_max_pollers = static_cast<int>(max_pollers);
  return std::nullopt;
}

std::string Summary(const v1::GetServerStatsResponse& stats, const Acceptor& acceptor, absl::Duration served) {
  std::vector<std::string> finished;
  for (const auto& [status, count] : stats.finished()) finished.push_back(absl::StrCat(count, " ", status));
  std::sort(finished.begin(), finished.end());
  return absl::StrCat("stopped after ", absl::FormatDuration(absl::Trunc(served, absl::Milliseconds(1))), ": ",
                      stats.started(), " calls (", finished.empty() ? "none finished" : absl::StrJoin(finished, ", "),
                      "), ", stats.shed(), " shed, at most ", stats.peak_in_flight(), " in flight on ",
                      stats.peak_threads(), " threads, ", acceptor.accepted(), " connections",
                      acceptor.failed() == 0 ? "" : absl::StrCat(" taken, ", acceptor.failed(), " tries failed"));
}

int Main(int argc, char** argv) {
#ifdef NDEBUG
  // Debian builds Abseil with assertions, so its mutexes look for deadlocks at every lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  ServerOptions options;
  options.loops = Processors();
  options.pool_threads = Processors();
  if (std::optional<int> exit_code = ParseOptions(argc, argv, &options)) return *exit_code;
  RaiseDescriptorLimit();

  // Blocked in every thread, so that only sigwait below gets them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  if (options.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  if (!server.ok()) {
    std::fprintf(stderr, "server: %s\n", std::string(server.status().message()).c_str());
    return absl::IsInvalidArgument(server.status()) ? kUsageExitCode : kExitError;
  }
  const absl::Time start = absl::Now();
  std::fprintf(stderr, "serving on %s: model %s, backend %s\n", (*server)->address().c_str(), ToString(options.model),
               ToString(options.backend).c_str());

  int signal_number = 0;
  sigwait(&stop_signals, &signal_number);
  if (const std::uint64_t in_flight = (*server)->GetStats().in_flight(); in_flight > 0) {
    std::fprintf(stderr, "%s: finishing %lu calls in flight within %s\n", strsignal(signal_number),
                 static_cast<unsigned long>(in_flight), absl::FormatDuration(options.grace).c_str());
  }
  // A second signal means: now.
  std::atomic<bool> done = false;
  std::thread impatience([&] {
    const timespec look{0, 50'000'000};
    while (!done) {
      if (sigtimedwait(&stop_signals, nullptr, &look) > 0) (*server)->CancelCalls();
    }
  });
  (*server)->Shutdown(options.grace);
  done = true;
  impatience.join();
  std::fprintf(stderr, "%s\n", Summary((*server)->GetStats(), (*server)->acceptor(), absl::Now() - start).c_str());
  return 0;
}

}  // namespace
}  // namespace meanwhile

int main(int argc, char** argv) { return meanwhile::Main(argc, argv); }
