#include "client/metrics_flag.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/flags.h"
#include "client/listener.h"

namespace meanwhile {

CLI::Option* AddMetricsFlag(CLI::App& app, std::string* address) {
  return AddParsedFlag(
      app, "--metrics",
      [address](const std::string& text) {
        *address = text.rfind(':') == 0 ? absl::StrCat("127.0.0.1", text) : text;
        if (!absl::StrContains(text, ':') || absl::StartsWith(text, "unix:")) {
          return absl::InvalidArgumentError(FlagError("--metrics", text, "must be HOST:PORT or :PORT"));
        }
        return Listener::Check(*address, "--metrics");
      },
      "ADDRESS", "", "Where Prometheus asks for metrics: HOST:PORT, or :PORT of the loopback");
}

}  // namespace meanwhile
