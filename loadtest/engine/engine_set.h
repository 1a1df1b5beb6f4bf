// EngineSet: the engines of one run, all of one kind, each with its share of the connections and of the calls in
// flight.
//
// Ownership: it owns engines and connections. Thread: made and destroyed on one; each engine belongs to the thread in
// its Run; `targets` may be called from any.

#ifndef MEANWHILE_LOADTEST_ENGINE_ENGINE_SET_H_
#define MEANWHILE_LOADTEST_ENGINE_ENGINE_SET_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/credentials.h"
#include "loadtest/engine/call_options.h"
#include "loadtest/engine/call_source.h"
#include "loadtest/engine/engine.h"

namespace meanwhile {

enum class EngineKind {
  // Our own, on nghttp2.
  kHttp2,
  // gRPC's C++ client, the reference.
  kGrpc,
};

// `http2`, `grpc`.
absl::string_view NameOf(EngineKind kind);
// INVALID_ARGUMENT says which there are.
absl::StatusOr<EngineKind> ParseEngineKind(absl::string_view name);

struct EngineSetOptions {
  EngineKind kind = EngineKind::kHttp2;
  // One or several, with commas between them: `HOST:PORT`, `dns:///HOST:PORT` or `unix:PATH`. Connections go to them in
  // turn, and with `dns:///` to all addresses of the host.
  std::string target;
  // Plaintext by default.
  Credentials credentials;
  // Sockets, from 1 on.
  std::size_t connections = 1;
  // Engines, from 1 on. An engine of kind http2 has connections to itself, so there are no more engines than these.
  std::size_t engines = 1;
  // Calls in flight, no fewer than there are engines.
  std::size_t slots = 1;
  // Not null.
  std::shared_ptr<const CallPlan> plan;
  CallOptions call;
  // After which a call ends with DEADLINE_EXCEEDED.
  absl::Duration timeout = absl::InfiniteDuration();
};

// The single ones in the form above.
std::vector<std::string> TargetsOf(const std::string& target);

// Whether that is a single server for sure, which can be asked about itself.
bool IsOneServer(const std::string& target);

// The connections to one of the targets.
struct TargetConnections {
  // As it was given.
  std::string target;
  std::size_t opened = 0;
  // That stand now.
  std::size_t standing = 0;
};

class EngineSet {
 public:
  virtual ~EngineSet() = default;

  virtual std::size_t size() const = 0;
  virtual Engine& engine(std::size_t i) = 0;
  virtual std::size_t connections() const = 0;
  // Of engine i: its slot s sends over number s modulo these.
  virtual std::size_t connections_of(std::size_t i) const = 0;
  // In the order in which they were given.
  virtual std::vector<TargetConnections> targets() const = 0;
};

// Part i of `whole` in `parts` parts that differ by at most one.
template <typename T>
T PartOf(T whole, std::size_t parts, std::size_t i) {
  return whole / parts + (i < whole % parts ? 1 : 0);
}

// Opens all connections and blocks until they stand. UNAVAILABLE, with the target's name and what is wrong, when they
// do not within `timeout`, or when there is no such host. Engine i has PartOf(slots, size, i) slots.
absl::StatusOr<std::unique_ptr<EngineSet>> ConnectEngines(const EngineSetOptions& options, absl::Duration timeout);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_ENGINE_ENGINE_SET_H_
