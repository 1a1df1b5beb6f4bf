// `--engine`, which `run` and `compare` share.

#ifndef MEANWHILE_LOADTEST_FLAGS_ENGINE_FLAG_H_
#define MEANWHILE_LOADTEST_FLAGS_ENGINE_FLAG_H_

#include <CLI/CLI.hpp>

#include "loadtest/engine/engine_set.h"

namespace meanwhile {

// Sets `kind`, which holds the default, and outlives the parsing.
CLI::Option* AddEngineFlag(CLI::App& app, EngineKind* kind);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_ENGINE_FLAG_H_
