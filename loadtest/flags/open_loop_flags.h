// The flags of an open loop that `run`, `compare` and `search` share: --arrival, --max-in-flight and
// --max-dispatch-delay, each with the same bounds in all of them. What they mean for a command is its own to say.
//
// Thread: the one that parses. What is pointed to outlives the parsing.

#ifndef MEANWHILE_LOADTEST_FLAGS_OPEN_LOOP_FLAGS_H_
#define MEANWHILE_LOADTEST_FLAGS_OPEN_LOOP_FLAGS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "loadtest/load/load_run.h"
#include "loadtest/load/schedule.h"

namespace meanwhile {

CLI::Option* AddArrivalFlag(CLI::App& app, Arrival* arrival, const std::string& description);
CLI::Option* AddMaxInFlightFlag(CLI::App& app, LoadOptions* load, const std::string& description);
CLI::Option* AddMaxDispatchDelayFlag(CLI::App& app, LoadOptions* load, const std::string& description);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_OPEN_LOOP_FLAGS_H_
