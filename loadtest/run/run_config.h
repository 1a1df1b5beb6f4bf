// `--config` of `run`: all its flags, the phases of a load as a list (phases.h), and a mix of methods
// (call/mix_file.h).
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_RUN_RUN_CONFIG_H_
#define MEANWHILE_LOADTEST_RUN_RUN_CONFIG_H_

#include <CLI/CLI.hpp>

#include "loadtest/flags/call_flags.h"

namespace meanwhile {

// The flags of the app have been added, `--load` among them and those of `call_flags`, which takes the mix and outlives
// the parsing.
CLI::Option* AddRunConfigFlag(CLI::App& app, CallFlags* call_flags);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_RUN_RUN_CONFIG_H_
