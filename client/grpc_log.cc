#include "client/grpc_log.h"

#include <grpc/support/log.h>

#include <cstdlib>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

// One call a line, from any thread.
void Log(gpr_log_func_args* entry) {
  if (absl::StrContains(entry->file, "ssl_transport_security")) return;
  std::cerr << absl::StrCat("gRPC: ", entry->message, "\n");
}

}  // namespace

void LogNoHandshakes() {
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function(&Log);
}

}  // namespace meanwhile
