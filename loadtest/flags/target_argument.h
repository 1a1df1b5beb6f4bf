// TARGET, the server or servers that `run` and `search` put load on.
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_FLAGS_TARGET_ARGUMENT_H_
#define MEANWHILE_LOADTEST_FLAGS_TARGET_ARGUMENT_H_

#include <CLI/CLI.hpp>
#include <string>

namespace meanwhile {

// `target` outlives the parsing.
void AddTargetArgument(CLI::App& app, std::string* target);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_TARGET_ARGUMENT_H_
