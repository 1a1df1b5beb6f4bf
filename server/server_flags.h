// The server's command line: every flag of `server`, with its bounds, its help and the error of a bad value.
//
// A flag sets a field of ServerOptions, where it is documented. Flags that belong together are added by one function.
//
// Thread: the one that parses, before others start.

#ifndef MEANWHILE_SERVER_SERVER_FLAGS_H_
#define MEANWHILE_SERVER_SERVER_FLAGS_H_

#include <optional>

#include "server/server_options.h"

namespace meanwhile {

// Fills `options`. Gives the code to exit with when the program shall not go on, after it has said why: see ParseFlags
// in client/flags.h.
std::optional<int> ParseServerFlags(int argc, const char* const* argv, ServerOptions* options);

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_SERVER_FLAGS_H_
