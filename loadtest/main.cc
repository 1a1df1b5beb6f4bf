// `loadtest`: puts load on gRPC servers and tells what they make of it.
//
//   loadtest compare
//   loadtest run localhost:50051 -c 1000 --connections=8 -z 10s
//   loadtest search localhost:50051 --slo='p99<100ms,errors<0.1%'

#include <optional>

#include "absl/synchronization/mutex.h"
#include "client/flags.h"
#include "client/grpc_log.h"
#include "loadtest/compare/compare_command.h"
#include "loadtest/interrupt.h"
#include "loadtest/run/run_command.h"
#include "loadtest/search/search_command.h"

int main(int argc, char** argv) {
#ifdef NDEBUG
  // Debian's Abseil was built with its deadlock detection on, which costs a graph search at each lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  meanwhile::LogNoHandshakes();
  CLI::App app("Puts load on gRPC servers and tells what they make of it.", "loadtest");
  app.footer("`loadtest run --help`, `loadtest compare --help` and `loadtest search --help` tell the rest.");
  app.require_subcommand(1);
  meanwhile::RunCommand run(app);
  meanwhile::CompareCommand compare(app);
  meanwhile::SearchCommand search(app);
  if (const std::optional<int> exit_code = meanwhile::ParseFlags(app, argc, argv)) return *exit_code;

  const meanwhile::Interrupt interrupt;
  if (compare.chosen()) return compare.Execute(interrupt.notification());
  if (search.chosen()) return search.Execute(interrupt.notification());
  return run.Execute(interrupt.notification());
}
