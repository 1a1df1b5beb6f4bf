// Pinning: server and load tester each get processors of their own, so that one cannot take what the other is measured
// by.
//
// Thread: pin before the load tester has started any other; threads inherit it.

#ifndef MEANWHILE_LOADTEST_COMPARE_PINNING_H_
#define MEANWHILE_LOADTEST_COMPARE_PINNING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace meanwhile {

struct Pinning {
  // The server's processors, as taskset(1) takes them; empty when it is not pinned.
  std::string server;
  // What was done, for the report: `server on processor 0, load tester on processor 1`.
  std::string description;
};

// Splits `processors` in two: the first half, rounded down, is the server's, the rest the load tester's, because a call
// costs the client no less. Needs two or more.
struct PinningPlan {
  std::vector<int> server;
  std::vector<int> load_tester;
};
PinningPlan PlanPinning(const std::vector<int>& processors);

// Pins the calling thread to the load tester's half. With one processor it does nothing and says so.
absl::StatusOr<Pinning> PinLoadTester();

// `none`: nobody is pinned.
Pinning NoPinning();

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_PINNING_H_
