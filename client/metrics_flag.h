// `--metrics`, as the server and `loadtest run` take it.
//
// Thread: the one that parses.

#ifndef MEANWHILE_CLIENT_METRICS_FLAG_H_
#define MEANWHILE_CLIENT_METRICS_FLAG_H_

#include <CLI/CLI.hpp>
#include <string>

namespace meanwhile {

// Sets `address` to `HOST:PORT`; `:PORT` is taken for one of the loopback. It outlives the parsing.
CLI::Option* AddMetricsFlag(CLI::App& app, std::string* address);

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_METRICS_FLAG_H_
