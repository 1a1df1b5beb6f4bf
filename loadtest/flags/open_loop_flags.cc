#include "loadtest/flags/open_loop_flags.h"

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/flags.h"
#include "loadtest/load/load_shape.h"

namespace meanwhile {

CLI::Option* AddArrivalFlag(CLI::App& app, Arrival* arrival, const std::string& description) {
  auto parse = [arrival](const std::string& text) {
    const absl::StatusOr<Arrival> parsed = ParseArrival("--arrival", text);
    if (parsed.ok()) *arrival = *parsed;
    return parsed.status();
  };
  return AddParsedFlag(app, "--arrival", parse, "KIND", "constant", description);
}

CLI::Option* AddMaxInFlightFlag(CLI::App& app, LoadOptions* load, const std::string& description) {
  return AddCountFlag(app, "--max-in-flight", &load->max_in_flight, {1, 100'000}, description);
}

CLI::Option* AddMaxDispatchDelayFlag(CLI::App& app, LoadOptions* load, const std::string& description) {
  return AddDurationFlag(app, "--max-dispatch-delay", &load->longest_dispatch_delay,
                         {absl::Microseconds(1), absl::Hours(1)}, description);
}

}  // namespace meanwhile
