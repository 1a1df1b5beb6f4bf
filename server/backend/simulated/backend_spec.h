// BackendSpec is what `--backend=SPEC` says about the simulated backend:
//
//     DISTRIBUTION[,fail=RATE:STATUS][,capacity=N][,queue=M][,seed=S]
//
//     normal:50ms,5ms
//     lognormal:20ms,200ms,fail=0.01:UNAVAILABLE,capacity=100,queue=1000,seed=7
//
// A plain value; the options come in any order, each at most once.
#ifndef MEANWHILE_SERVER_BACKEND_SIMULATED_BACKEND_SPEC_H_
#define MEANWHILE_SERVER_BACKEND_SIMULATED_BACKEND_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/backend/simulated/latency_distribution.h"

namespace meanwhile {

struct BackendSpec {
  // How long a wait takes.
  LatencyDistribution latency;

  // The share of the waits that end in `fail_status`, after their time. From 0 to 1.
  double fail_rate = 0;

  // Never OK. Its numbers are gRPC's.
  absl::StatusCode fail_status = absl::StatusCode::kUnavailable;

  // How many waits the backend serves at a time, as a pool of so many connections would; those over it queue. From 1 to
  // 1,000,000. Without it every wait starts at once.
  std::optional<uint32_t> capacity = std::nullopt;

  // How many waits may queue; those over it are refused. From 0, where a wait is refused whenever the backend is busy,
  // to 1,000,000. Only with a capacity. Without it nobody is refused, and the queue is as long as there are calls in
  // flight.
  std::optional<uint32_t> queue = std::nullopt;

  // Makes the draws repeatable. Without it they are different in each run.
  std::optional<uint64_t> seed = std::nullopt;

  bool operator==(const BackendSpec&) const = default;
};

// What `text`, of at most 256 characters, says. An InvalidArgumentError names the text, the part of it that is wrong,
// unless that is all of it, and the bound: `normal:50ms: needs MEAN,STDDEV`, `constant:1ms,fail=1.5: fail=1.5: must be
// from 0 to 1`. What cannot be printed is escaped. The caller puts the name of the flag or field before it.
absl::StatusOr<BackendSpec> ParseBackendSpec(absl::string_view text);

// The same for a request's own wait, which has no say over the backend's capacity, queue and seed, and may not make the
// server read a trace.
absl::StatusOr<BackendSpec> ParseRequestedSpec(absl::string_view text);

// The canonical text: parses to an equal spec, and equal specs have equal texts.
std::string ToString(const BackendSpec& spec);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_SIMULATED_BACKEND_SPEC_H_
