// RunComparison: all measurements of a comparison on this machine, one after another, and the report that they make.
//
// Thread: the main one, before it has started others: servers and pinning want it (see server_process.h, pinning.h).

#ifndef MEANWHILE_LOADTEST_COMPARE_COMPARISON_RUN_H_
#define MEANWHILE_LOADTEST_COMPARE_COMPARISON_RUN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "loadtest/compare/comparison.h"
#include "loadtest/load/load_run.h"
#include "loadtest/load/schedule.h"
#include "loadtest/report/level.h"
#include "loadtest/servers/server_process.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// A server that runs already.
struct RunningServer {
  std::string name;
  // `HOST:PORT` or `unix:PATH`.
  std::string target;
};
// One that is started for each round, or not.
using ComparedServer = std::variant<ServerCommand, RunningServer>;

inline const std::string& NameOf(const ComparedServer& server) {
  return std::visit([](const auto& one) -> const std::string& { return one.name; }, server);
}

struct ComparisonOptions {
  // The first is compared with each other one. No two have the same name.
  std::vector<ComparedServer> servers;
  // Calls in flight, or calls a second of an open loop that then leave as `arrival` says; none twice.
  std::vector<Level> levels;
  Arrival arrival;
  uint32_t rounds = 1;
  // Of each measurement; target and level are set here.
  LoadOptions load;
  // Sets the calls of `load`, once the load tester is pinned: it may start threads. They are in `load` already if null.
  std::function<absl::Status(LoadOptions* load)> prepare_calls;
  // What reports call the calls: a scenario's name or the file that has them; empty when flags say what they are.
  std::string scenario;
  // Whether all calls do nothing but wait for the server's backend, so that its mean wait says what can be reached.
  bool only_wait = false;
  // What calls wait for, for the report; empty when each server knows for itself.
  std::string backend;
  // Whether servers and load tester get processors of their own.
  bool pin = true;
};

// The load of that measurement, but for the target. Poisson arrivals are drawn anew for each round, and are the same
// for all servers in it.
LoadOptions LoadOf(const ComparisonOptions& options, const RoundStep& step);

// Measures until all is done or `stopped` says otherwise; a report that was interrupted tells of the measurements that
// were finished. Shows the progress on stderr. Errors: those of `prepare_calls` and MeasureServer, or the load tester
// could not be pinned.
absl::StatusOr<v1::ComparisonReport> RunComparison(ComparisonOptions options, const std::function<bool()>& stopped);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_COMPARISON_RUN_H_
