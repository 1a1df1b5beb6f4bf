// ServerOptions: what a server is started with. main.cc fills it from the flags; tests fill it directly. A plain value.

#ifndef MEANWHILE_SERVER_SERVER_OPTIONS_H_
#define MEANWHILE_SERVER_SERVER_OPTIONS_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/backend/simulated/backend_spec.h"

namespace meanwhile {

enum class ModelKind {
  kAsync,   // Coroutines on a few loops.
  kThread,  // A thread for each call in flight.
};

// `async`, `thread`.
const char* ToString(ModelKind model);

struct ServerOptions {
  ModelKind model = ModelKind::kAsync;

  // `HOST:PORT` or `unix:PATH`; port 0 takes a free one.
  std::string listen = "127.0.0.1:50051";

  // Loops of the async model, each with a thread. More than processors gain nothing.
  std::size_t loops = 1;

  // How many slots each loop keeps armed for Fetch; Gather and Compute have a quarter. More take a larger burst without
  // a detour through gRPC's own list, for about 3 KB each.
  std::size_t armed = 512;

  // Threads of the async model's pool, for calls that compute. More than processors gain nothing.
  std::size_t pool_threads = 1;

  BackendSpec backend{.latency = LatencyDistribution::Constant(absl::Milliseconds(50))};

  // What file waits read and write, and nothing outside of it. Empty: such waits are refused.
  std::string data_dir = {};

  // `HOST:PORT` or `unix:PATH` of the server that remote waits call. Empty: such waits are refused.
  std::string remote = {};

  // The longest wait that a request may ask for.
  absl::Duration max_wait = absl::Minutes(1);

  // The thread model's MAX_POLLERS: how many threads may wait for the next call. gRPC's own default is 2: above two
  // idle threads one that has finished its call ends, so a busy server makes and ends threads all the time.
  std::optional<int> sync_max_pollers = std::nullopt;

  // Serve grpc.reflection, for grpcurl. It brings a synchronous queue with threads of its own.
  bool reflection = true;

  // How long calls in flight may go on after the signal to stop. Then they are cancelled.
  absl::Duration grace = absl::Seconds(10);
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_SERVER_OPTIONS_H_
