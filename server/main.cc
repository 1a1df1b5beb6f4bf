// The server: `server --model=async --listen=127.0.0.1:50051 --backend=normal:50ms,5ms`.

#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "client/flags.h"
#include "server/lifecycle.h"
#include "server/observe/log.h"
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

// Gives the code to exit with.
int LogError(std::string_view event, const absl::Status& status) {
  const std::string error(status.message());
  Log(LogLevel::kError, event, absl::StrCat("server: ", error), {{"error", error}});
  return kExitError;
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
  const ServerLog log(options.observe.log);
  AddPlugins(options);
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  if (!server.ok()) {
    const int exit_code = LogError("cannot_serve", server.status());
    return absl::IsInvalidArgument(server.status()) ? kUsageExitCode : exit_code;
  }
  if (std::optional<int> signal = signals.Next(absl::InfinitePast())) {
    const std::string name = strsignal(*signal);
    Log(LogLevel::kInfo, "stopped", absl::StrCat(name, ": stopped before it served"), {{"signal", name}});
    return 0;
  }
  const absl::Time start = absl::Now();
  LogServing(options, **server);
  ServeUntilStopped(**server, signals, options.lifecycle);
  const absl::Status traced = (*server)->WriteTrace();
  LogStopped((*server)->GetStats(), (*server)->acceptor(), absl::Now() - start);
  if (!traced.ok()) return LogError("trace", traced);
  return 0;
}

}  // namespace
}  // namespace meanwhile

int main(int argc, char** argv) { return meanwhile::Main(argc, argv); }
