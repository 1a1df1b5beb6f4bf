// --wait=WAIT: what the server waits for in each call of Fetch.
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_FLAGS_FETCH_WAIT_FLAG_H_
#define MEANWHILE_LOADTEST_FLAGS_FETCH_WAIT_FLAG_H_

#include <CLI/CLI.hpp>
#include <string>

#include "meanwhile/v1/meanwhile.pb.h"

namespace meanwhile {

// `request` outlives the parsing.
CLI::Option* AddFetchWaitFlag(CLI::App& app, v1::FetchRequest* request, const std::string& description);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_FETCH_WAIT_FLAG_H_
