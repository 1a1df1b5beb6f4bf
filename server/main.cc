// The server: `server --model=async --listen=127.0.0.1:50051 --backend=normal:50ms,5ms`.

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "client/flags.h"
#include "server/observe/log.h"
#include "server/server.h"
#include "server/server_flags.h"
#include "server/server_options.h"

namespace meanwhile {
namespace {

constexpr int kExitError = 1;

// A connection takes a descriptor: take as many as the system gives without asking.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
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

void LogServing(const ServerOptions& options, const Server& server) {
  const std::string model = ToString(options.model);
  const std::string backend = ToString(options.backend);
  Log(LogLevel::kInfo, "serving",
      absl::StrCat("serving on ", server.address(), ": model ", model, ", backend ", backend),
      {{"address", server.address()}, {"model", model}, {"backend", backend}});
  if (const std::string url = server.metrics_url(); !url.empty()) {
    Log(LogLevel::kInfo, "metrics", absl::StrCat("metrics on ", url), {{"url", url}});
  }
}

void LogStopped(const v1::GetServerStatsResponse& stats, const Acceptor& acceptor, absl::Duration served) {
  Log(LogLevel::kInfo, "stopped", Summary(stats, acceptor, served),
      {{"served", absl::ToDoubleSeconds(served)},
       {"started", static_cast<double>(stats.started())},
       {"shed", static_cast<double>(stats.shed())},
       {"peak_in_flight", static_cast<double>(stats.peak_in_flight())},
       {"peak_threads", static_cast<double>(stats.peak_threads())},
       {"connections", static_cast<double>(acceptor.accepted())}});
}

int Main(int argc, char** argv) {
#ifdef NDEBUG
  // Debian builds Abseil with assertions, so its mutexes look for deadlocks at every lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  ServerOptions options;
  if (std::optional<int> exit_code = ParseServerFlags(argc, argv, &options)) return *exit_code;
  RaiseDescriptorLimit();

  // Blocked in every thread, so that only sigwait below gets them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  const ServerLog log(options.observe.log);

  if (options.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  if (!server.ok()) {
    const std::string error(server.status().message());
    Log(LogLevel::kError, "cannot_serve", absl::StrCat("server: ", error), {{"error", error}});
    return absl::IsInvalidArgument(server.status()) ? kUsageExitCode : kExitError;
  }
  const absl::Time start = absl::Now();
  LogServing(options, **server);

  int signal_number = 0;
  sigwait(&stop_signals, &signal_number);
  if (const std::uint64_t in_flight = (*server)->GetStats().in_flight(); in_flight > 0) {
    const std::string signal_name = strsignal(signal_number);
    Log(LogLevel::kInfo, "finishing",
        absl::StrCat(signal_name, ": finishing ", in_flight, " calls in flight within ",
                     absl::FormatDuration(options.grace)),
        {{"signal", signal_name},
         {"in_flight", static_cast<double>(in_flight)},
         {"grace", absl::ToDoubleSeconds(options.grace)}});
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
  LogStopped((*server)->GetStats(), (*server)->acceptor(), absl::Now() - start);
  return 0;
}

}  // namespace
}  // namespace meanwhile

int main(int argc, char** argv) { return meanwhile::Main(argc, argv); }
