// What files say about calls: the flags of CallFlags and CallOptionFlags as keys, and a mix of methods
// (call/mix_file.h). `--config` of each command takes them, and the file of `--scenario` has nothing else.
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_FLAGS_CALL_CONFIG_H_
#define MEANWHILE_LOADTEST_FLAGS_CALL_CONFIG_H_

#include <CLI/CLI.hpp>
#include <string>

#include "client/config_flag.h"
#include "loadtest/flags/call_flags.h"

namespace meanwhile {

// Adds the rules of these keys. `flags` take the mix, and outlive the parsing.
void AddCallRules(CallFlags* flags, ConfigRules* rules);

// Gives the flags of `app` what the file says; those that have been given win. Throws as client/config_flag.h does when
// it is wrong or has another key.
void ReadCallFile(CLI::App& app, const std::string& file, CallFlags* flags);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_CALL_CONFIG_H_
