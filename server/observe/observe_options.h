// ObserveOptions: how a server is watched. A plain value.

#ifndef MEANWHILE_SERVER_OBSERVE_OBSERVE_OPTIONS_H_
#define MEANWHILE_SERVER_OBSERVE_OBSERVE_OPTIONS_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/observe/log.h"

namespace meanwhile {

struct ObserveOptions {
  // `HOST:PORT` where Prometheus asks for the metrics, over HTTP and without authentication; port 0 takes a free one.
  // Empty: nowhere, and what only they need is not counted.
  std::string metrics = {};

  // Calls that take longer are told on the log, with where their time went. None: no call is.
  std::optional<absl::Duration> slow_call = std::nullopt;

  // The file that the last calls are drawn in when the server stops, and how many of them. Empty: none.
  std::string trace = {};
  std::size_t trace_calls = 1000;

  LogOptions log = {};
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_OBSERVE_OPTIONS_H_
