// What a run was set to do, for its report: each flag with what it was given, or else its default.
//
// Thread: any, after the parsing.

#ifndef MEANWHILE_LOADTEST_SETTINGS_H_
#define MEANWHILE_LOADTEST_SETTINGS_H_

#include <CLI/CLI.hpp>

#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// Adds the flags of `command` that have a value, in the order in which they were added to it. What calls carry as
// metadata may be a secret, so it is not told.
void AddSettings(const CLI::App& command, v1::RunReport* report);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_SETTINGS_H_
