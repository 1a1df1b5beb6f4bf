#include "loadtest/flags/call_option_flags.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "client/flags.h"
#include "loadtest/flags/metadata_flag.h"

namespace meanwhile {

void CallOptionFlags::Add(CLI::App& app, CallOptions* options) {
  auto parse_metadata = [options](const std::string& text) {
    absl::StatusOr<std::pair<std::string, std::string>> entry = ParseMetadata("--metadata", text);
    if (!entry.ok()) return entry.status();
    options->metadata.push_back(*std::move(entry));
    return absl::OkStatus();
  };
  AddRepeatedFlag(app, "-m,--metadata", parse_metadata, "KEY:VALUE",
                  "Metadata of each call; the value of a key in -bin is base64; may be repeated");
  app.add_flag("--gzip", options->gzip, "Compress what is sent");
  app.add_flag("--wait-for-ready", options->wait_for_ready,
               "Calls wait while their connection does not stand, instead of ending with UNAVAILABLE");
  messages_option_ = AddCountFlag(app, "--stream-messages", &options->stream.messages, {1, 1'000'000'000},
                                  "Messages that each call sends whose method streams from the client: the data's, "
                                  "over and over; the data's, each once, if not given")
                         ->default_str("");
  auto parse_interval = [options](const std::string& text) {
    const absl::StatusOr<absl::Duration> interval =
        ParseDuration("--stream-interval", text, {absl::Microseconds(1), absl::Hours(1)});
    if (interval.ok()) options->stream.interval = absl::ToChronoNanoseconds(*interval);
    return interval.status();
  };
  interval_option_ = AddParsedFlag(app, "--stream-interval", parse_interval, "TIME", "",
                                   "From one such message to the next, by a schedule; as fast as they go if not given");
}

absl::Status CallOptionFlags::Check(const CallPlan* plan) const {
  const bool streams = plan != nullptr && std::any_of(plan->methods.begin(), plan->methods.end(),
                                                      [](const auto& method) { return StreamsToServer(method.kind); });
  for (const CLI::Option* option : {messages_option_, interval_option_}) {
    if (option->count() == 0 || streams) continue;
    return absl::InvalidArgumentError(
        FlagError(option->get_name(), option->results().front(), "needs a method that streams from the client"));
  }
  return absl::OkStatus();
}

}  // namespace meanwhile
