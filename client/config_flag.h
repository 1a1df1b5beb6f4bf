// --config=FILE: flags out of a file, one a line, each by its long name without the dashes:
//
//   # What this server is for.
//   model = async
//   backend = normal:50ms,5ms
//   grace = 30s                  # A comment stands on a line of its own or behind a space.
//   data-dir = " strange name"   # "…" or '…' keep what is between them as it is; nothing in them is escaped.
//   quick = true                 # A flag that takes no value on the command line.
//
// A flag given on the command line wins; its line in the file is then read but not looked into. Everything else that is
// wrong is an error that names the file and the line: an unknown key, a bad value, a key that is there twice, a line
// that is none of these.
//
// CLI11's own reader of such files is not used: it passes over short lines, takes a key without a value for `true`, the
// first of two equal keys for both, and cuts values at commas, spaces and every #.
//
// Thread: the one that parses.

#ifndef MEANWHILE_CLIENT_CONFIG_FLAG_H_
#define MEANWHILE_CLIENT_CONFIG_FLAG_H_

#include <CLI/CLI.hpp>

namespace meanwhile {

// Adds the flag to an app or a subcommand; the file is for the flags of the same one. ParseFlags gives kConfigExitCode
// when something is wrong with the file.
CLI::Option* AddConfigFlag(CLI::App& app);

}  // namespace meanwhile

#endif  // MEANWHILE_CLIENT_CONFIG_FLAG_H_
