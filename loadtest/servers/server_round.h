// One measurement of a comparison: a fresh server, the load, what both spent, and the server's end; or the same of a
// server that somebody else has started.
//
// Thread: the main thread (see server_process.h).

#ifndef MEANWHILE_LOADTEST_SERVERS_SERVER_ROUND_H_
#define MEANWHILE_LOADTEST_SERVERS_SERVER_ROUND_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "loadtest/load/load_run.h"
#include "loadtest/servers/server_process.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

struct ServerRound {
  v1::Cell cell;
  LoadResult result;
  // The server's model, when its Admin service tells it.
  std::string model;
  // The mean wait of the server's backend, when its Admin service tells it.
  std::optional<absl::Duration> mean_wait;
};

// Starts the server on `processors` (see ServerProcess::Start), loads it and ends it. `load.target` is set here. Tells
// `on_progress` twice a second. When `stopped` says so it ends early, and what it returns means nothing. Errors: those
// of ServerProcess; UNAVAILABLE when the server cannot be reached.
absl::StatusOr<ServerRound> MeasureServer(const ServerCommand& server, const std::string& processors, LoadOptions load,
                                          const std::function<void(const LoadProgress&)>& on_progress,
                                          const std::function<bool()>& stopped);

// Loads the server that runs at `load.target`; `name` is the cell's model. What the server spent is known where it has
// an Admin service.
absl::StatusOr<ServerRound> MeasureTarget(const std::string& name, const LoadOptions& load,
                                          const std::function<void(const LoadProgress&)>& on_progress,
                                          const std::function<bool()>& stopped);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_SERVERS_SERVER_ROUND_H_
