// CallOptionFlags: the flags of `run` that say how calls are sent, whatever they are: --metadata, --gzip,
// --wait-for-ready,
// --stream-messages and --stream-interval.
//
// Thread: the one that parses.

#ifndef MEANWHILE_LOADTEST_FLAGS_CALL_OPTION_FLAGS_H_
#define MEANWHILE_LOADTEST_FLAGS_CALL_OPTION_FLAGS_H_

#include <CLI/CLI.hpp>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "loadtest/engine/call_options.h"
#include "loadtest/engine/call_source.h"

namespace meanwhile {

class CallOptionFlags {
 public:
  // Both outlive the parsing.
  void Add(CLI::App& app, CallOptions* options);

  // Whether the flags fit the calls that will be sent; the error is complete. `plan` is null for calls of Fetch.
  absl::Status Check(const CallPlan* plan) const;

 private:
  CLI::Option* messages_option_ = nullptr;
  CLI::Option* interval_option_ = nullptr;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_FLAGS_CALL_OPTION_FLAGS_H_
