#include "loadtest/flags/fetch_wait_flag.h"

#include <utility>

#include "absl/status/statusor.h"
#include "client/flags.h"
#include "client/wait_flag.h"

namespace meanwhile {

CLI::Option* AddFetchWaitFlag(CLI::App& app, v1::FetchRequest* request, const std::string& description) {
  auto parse = [request](const std::string& text) {
    absl::StatusOr<v1::Wait> wait = ParseWait("--wait", text);
    if (!wait.ok()) return wait.status();
    *request->mutable_wait() = *std::move(wait);
    return absl::OkStatus();
  };
  return AddParsedFlag(app, "-w,--wait", parse, "WAIT", "", description);
}

}  // namespace meanwhile
