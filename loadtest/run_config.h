// `--config` of `run`: all its flags, and the phases of a load as a list (phases.h).
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_RUN_CONFIG_H_
#define MEANWHILE_LOADTEST_RUN_CONFIG_H_

#include <CLI/CLI.hpp>

namespace meanwhile {

// The flags of the app have been added, `--load` among them.
CLI::Option* AddRunConfigFlag(CLI::App& app);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_RUN_CONFIG_H_
