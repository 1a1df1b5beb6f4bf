// Scenario: what the calls of a comparison have the servers do. Which model is the better one depends on it.
//
//   waiting    Fetch, which waits for the server's backend: what asynchrony is for
//   computing  Compute, some 0.2 ms of a processor: no model can make that faster
//   mixed      three calls of Fetch, then one of Compute
//
// Thread: any; all of it is pure.

#ifndef MEANWHILE_LOADTEST_COMPARE_SCENARIO_H_
#define MEANWHILE_LOADTEST_COMPARE_SCENARIO_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "loadtest/engine/call_source.h"
#include "meanwhile/v1/meanwhile.pb.h"

namespace meanwhile {

enum class Scenario { kWaiting, kComputing, kMixed };

absl::string_view NameOf(Scenario scenario);
// INVALID_ARGUMENT says which there are.
absl::StatusOr<Scenario> ParseScenario(absl::string_view name);

// The calls; `fetch` is what those of Fetch ask for.
std::shared_ptr<const CallPlan> PlanOf(Scenario scenario, const v1::FetchRequest& fetch);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_COMPARE_SCENARIO_H_
