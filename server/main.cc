// The server: `server --model=async --listen=127.0.0.1:50051 --backend=normal:50ms,5ms`.

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "client/flags.h"
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
                      acceptor.failed() == 0 ? "" : absl::StrCat(" taken, ", acceptor.failed(), " tries failed"),
                      acceptor.refused() == 0 ? "" : absl::StrCat(", ", acceptor.refused(), " refused"));
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
