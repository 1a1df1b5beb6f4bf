// BackendDraws decides the fate of one wait after another: how long it takes and how it ends. It is the random half of
// the simulated backend; the waiting is done elsewhere.
//
// Owned by a loop, or by a thread that makes blocking waits, and used only there: it has no lock. Copying it copies the
// random numbers to come.
//
// A trace is replayed in the order of its file, round and round, so that bursts stay bursts. Each stream begins at a
// random place of it: one place that all shared would be a lock between the loops, and one that all began at would
// let every burst come everywhere at once.
#ifndef MEANWHILE_SERVER_BACKEND_SIMULATED_BACKEND_DRAWS_H_
#define MEANWHILE_SERVER_BACKEND_SIMULATED_BACKEND_DRAWS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/backend/simulated/backend_spec.h"
#include "server/backend/simulated/random_bits.h"

namespace meanwhile {

struct BackendDraw {
  // From 0 to 1 h.
  absl::Duration latency;

  // How the wait ends after that time: OK or the spec's `fail_status`.
  absl::StatusCode status;

  bool operator==(const BackendDraw&) const = default;
};

class BackendDraws {
 public:
  // `stream` numbers the owners that share a spec: the loop's number. With a seed in the spec, equal seeds and streams
  // give equal draws in every run; different streams give different ones. Without, the draws are random.
  BackendDraws(const BackendSpec& spec, uint64_t stream);

  // The next wait on the backend itself.
  BackendDraw Next();

  // The next wait on a backend that a request describes. Takes as many random numbers as the other Next().
  BackendDraw Next(const BackendSpec& requested);

 private:
  BackendSpec spec_;
  RandomBits bits_;
  // Where in the trace, if there is one, the next latency is.
  uint64_t place_ = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_SIMULATED_BACKEND_DRAWS_H_
