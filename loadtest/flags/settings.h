// What a run was set to do, for its report: each flag with what it was given, or else its default.
//
// Thread: any, after the parsing.

#ifndef MEANWHILE_LOADTEST_FLAGS_SETTINGS_H_
#define MEANWHILE_LOADTEST_FLAGS_SETTINGS_H_

#include <google/protobuf/repeated_field.h>

#include <CLI/CLI.hpp>

#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// The flags of `command` that have a value, in the order in which they were added to it. What calls carry as
// metadata may be a secret, so it is not told.
google::protobuf::RepeatedPtrField<v1::Setting> SettingsOf(const CLI::App& command);

// Adds them.
void AddSettings(const CLI::App& command, v1::RunReport* report);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_SETTINGS_H_
