// The server: `server --model=async --listen=127.0.0.1:50051 --backend=normal:50ms,5ms`.

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "client/flags.h"
#include "server/lifecycle.h"
#include "server/server.h"
#include "server/server_flags.h"
#include "server/server_options.h"
#include "server/stop_signals.h"

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

void PrepareProcess() {
#ifdef NDEBUG
  // Debian builds Abseil with assertions, so its mutexes look for deadlocks at every lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  RaiseDescriptorLimit();
  signal(SIGPIPE, SIG_IGN);
}

// gRPC's own services are plugins of all servers of a program.
void AddPlugins(const ServerOptions& options) {
  if (options.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  if (options.channelz) grpc::channelz::experimental::InitChannelzService();
}

int Main(int argc, char** argv) {
  StopSignals signals;
  ServerOptions options;
  if (std::optional<int> exit_code = ParseServerFlags(argc, argv, &options)) return *exit_code;
  PrepareProcess();
  AddPlugins(options);
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  if (!server.ok()) {
    std::fprintf(stderr, "server: %s\n", std::string(server.status().message()).c_str());
    return absl::IsInvalidArgument(server.status()) ? kUsageExitCode : kExitError;
  }
  if (std::optional<int> signal = signals.Next(absl::InfinitePast())) {
    std::fprintf(stderr, "%s: stopped before it served\n", strsignal(*signal));
    return 0;
  }
  const absl::Time start = absl::Now();
  std::fprintf(stderr, "serving on %s: model %s, backend %s\n", (*server)->address().c_str(), ToString(options.model),
               ToString(options.backend).c_str());
  ServeUntilStopped(**server, signals, options.lifecycle);
  const absl::Status traced = (*server)->WriteTrace();
  std::fprintf(stderr, "%s\n", Summary((*server)->GetStats(), (*server)->acceptor(), absl::Now() - start).c_str());
  if (!traced.ok()) {
    std::fprintf(stderr, "server: %s\n", std::string(traced.message()).c_str());
    return kExitError;
  }
  return 0;
}

}  // namespace
}  // namespace meanwhile

int main(int argc, char** argv) { return meanwhile::Main(argc, argv); }
