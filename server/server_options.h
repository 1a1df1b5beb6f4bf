// ServerOptions: what a server is started with. main.cc fills it from the flags; tests fill it directly. A plain value.

#ifndef MEANWHILE_SERVER_SERVER_OPTIONS_H_
#define MEANWHILE_SERVER_SERVER_OPTIONS_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "client/credentials.h"
#include "server/backend/simulated/backend_spec.h"
#include "server/lifecycle_options.h"
#include "server/net/limits.h"
#include "server/net/tls.h"
#include "server/observe/observe_options.h"

namespace meanwhile {

enum class ModelKind {
  kAsync,     // Coroutines on a few loops.
  kCallback,  // Reactors on gRPC's threads, which wait on a few loops.
  kThread,    // A thread for each call in flight.
  kPool,      // A bounded number of threads; the calls that find none wait in a bounded queue.
};
inline constexpr ModelKind kAllModels[] = {ModelKind::kAsync, ModelKind::kCallback, ModelKind::kThread,
                                           ModelKind::kPool};

// `async`, `callback`, `thread`, `pool`.
const char* ToString(ModelKind model);

struct ServerOptions {
  ModelKind model = ModelKind::kAsync;

  // `HOST:PORT` or `unix:PATH`; port 0 takes a free one.
  std::string listen = "127.0.0.1:50051";

  // Loops of every model but `thread`, each with a thread: they take the calls (async, pool) and wait for them (async,
  // callback). More than processors gain nothing.
  std::size_t loops = 1;

  // How many slots each loop keeps armed for Fetch; Gather and Compute have a quarter. More take a larger burst without
  // a detour through gRPC's own list, for about 3 KB each.
  std::size_t armed = 128;

  // Threads that run blocking handlers. In the pool model these are all handlers, so it is how many calls are served at
  // a time. In the models async and callback only calls that compute block: more than processors gain nothing. The
  // thread model has no bound.
  std::size_t pool_threads = 1;

  // How many calls may wait for such a thread; one more is shed.
  std::size_t pool_queue = 1024;

  // How many handlers may be live at a time, in every model; one more call is shed. 0: no bound. What the right number
  // is only the backend can tell (docs/overload.md), and a wrong one sheds calls that could have been served; each
  // costs memory, some 17 to 30 KB in async and more in thread.
  std::size_t max_in_flight = 0;

  BackendSpec backend{.latency = LatencyDistribution::Constant(absl::Milliseconds(50))};

  // What file waits read and write, and nothing outside of it. Empty: such waits are refused.
  std::string data_dir = {};

  // The SQLite file that query waits ask, created if there is none. Empty: a private file, removed at the end.
  std::string database = {};

  // The PostgreSQL server that query waits ask instead: a URL as libpq takes it. Empty: SQLite.
  std::string postgres = {};

  // `HOST:PORT` or `unix:PATH` of the server that remote waits call. Empty: such waits are refused.
  std::string remote = {};

  // How that server is spoken to: plaintext by default.
  CredentialFlags remote_credentials = {};

  // The longest wait that a request may ask for.
  absl::Duration max_wait = absl::Minutes(1);

  // The thread model's MAX_POLLERS: how many threads may wait for the next call. gRPC's own default is 2: above two
  // idle threads one that has finished its call ends, so a busy server makes and ends threads all the time.
  std::optional<int> sync_max_pollers = std::nullopt;

  // Plaintext by default.
  TlsOptions tls = {};

  // What a client may take.
  LimitOptions limits = {};

  // Serve grpc.reflection, for grpcurl. It brings a synchronous queue with threads of its own.
  bool reflection = true;

  // Serve grpc.channelz.v1, which tells about the server, its connections and their calls. It has a synchronous queue,
  // too, and gRPC keeps books for it with each call. The program adds gRPC's plugin for it before the server starts.
  bool channelz = false;

  LifecycleOptions lifecycle = {};

  // Metrics, slow calls, the trace and the log.
  ObserveOptions observe = {};
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_SERVER_OPTIONS_H_
