#include "loadtest/search/search_command.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/config_flag.h"
#include "client/credentials.h"
#include "client/flags.h"
#include "client/processors.h"
#include "loadtest/flags/call_config.h"
#include "loadtest/flags/call_flags.h"
#include "loadtest/flags/call_option_flags.h"
#include "loadtest/flags/engine_flag.h"
#include "loadtest/flags/exit_codes.h"
#include "loadtest/flags/fetch_wait_flag.h"
#include "loadtest/flags/open_loop_flags.h"
#include "loadtest/flags/output_files.h"
#include "loadtest/flags/settings.h"
#include "loadtest/flags/target_argument.h"
#include "loadtest/load/load_shape.h"
#include "loadtest/load/schedule.h"
#include "loadtest/load/threshold.h"
#include "loadtest/report/text_report.h"
#include "loadtest/search/search_run.h"

namespace meanwhile {

struct SearchCommand::Flags {
  SearchOptions search;
  CredentialFlags credentials;
  CallFlags call_flags;
  CallOptionFlags call_option_flags;
  std::size_t payload_size = 64;
  OutputFiles files;
};

namespace {

constexpr char kFooter[] =
    "Calls of Fetch, or of --call, are sent at one rate after another, whatever returns, each for --duration. A rate\n"
    "holds when all of --slo do and the server keeps up with it. The rate doubles until one fails twice; the highest\n"
    "that held and the lowest that failed are then brought within --precision, and the highest is measured --repeats\n"
    "times more: it is the answer when most of these runs hold, and else the search goes on below it.\n"
    "\n"
    "--slo takes what --threshold of `run` does, but for the rate, with commas between:\n"
    "  p99<100ms,errors<0.1%      or of one method of a mix: p99{NAME}<20ms\n"
    "\n"
    "Exit codes: 0 found; 1 the target cannot be reached or went away; 2 bad usage; 99 no rate holds; 105 "
    "interrupted,\n"
    "what was found is told; 106 the load tester was the limit, so the server may hold more; 104 bad --config.\n"
    "\n"
    "  loadtest search localhost:50051 --slo='p99<100ms,errors<0.1%'\n"
    "  loadtest search localhost:50051 --slo='p99<20ms' --call=grpc.health.v1.Health/Check --expect-json "
    "status=SERVING\n"
    "  loadtest search localhost:50051 --slo='p99.9<1s' --from=1000 --arrival=poisson -z 20s --html=search.html";

absl::Status ParseObjectives(const std::string& text, std::vector<Threshold>* objectives) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    absl::StatusOr<Threshold> objective = ParseThreshold("--slo", part);
    if (!objective.ok()) return objective.status();
    if (objective->metric == Threshold::Metric::kRate) {
      return absl::InvalidArgumentError(FlagError("--slo", part, "must not be of the rate, which is what is searched"));
    }
    objectives->push_back(*std::move(objective));
  }
  return absl::OkStatus();
}

absl::Status ParsePrecision(const std::string& text, double* precision) {
  absl::string_view number = text;
  double percent = 0;
  if (!absl::ConsumeSuffix(&number, "%") || !absl::SimpleAtod(number, &percent) ||
      !(percent >= 0.1 && percent <= 100)) {
    return absl::InvalidArgumentError(FlagError("--precision", text, "must be from 0.1% to 100%"));
  }
  *precision = percent / 100;
  return absl::OkStatus();
}

CLI::Option* AddRateFlag(CLI::App& app, const std::string& flag, double* rate, const std::string& description) {
  auto parse = [flag, rate](const std::string& text) {
    const absl::StatusOr<double> parsed = ParseRate(flag, text);
    if (parsed.ok()) *rate = *parsed;
    return parsed.status();
  };
  return AddParsedFlag(app, flag, parse, "RATE", absl::StrCat(static_cast<int64_t>(*rate)), description);
}

int ExitCodeOf(const v1::SearchReport& report) {
  if (report.interrupted()) return kExitInterrupted;
  if (report.valid()) return report.has_rate() ? kExitGood : kExitThresholdFailed;
  return report.client_limited() ? kExitClientLimited : kExitFailed;
}

}  // namespace

SearchCommand::SearchCommand(CLI::App& app)
    : command_(app.add_subcommand("search", "Finds the highest rate that a running server holds")),
      flags_(std::make_unique<Flags>()) {
  LoadOptions& load = flags_->search.load;
  load.timeout = absl::Seconds(20);
  load.warmup = absl::Seconds(1);
  load.duration = absl::Seconds(5);
  load.loops = AvailableProcessors();
  command_->footer(absl::StrCat(kFooter, kTemplatesFooter));
  AddTargetArgument(*command_, &load.target);
  AddSearchFlags();
  const std::vector<const CLI::Option*> of_fetch = AddCallFlags();
  AddCredentialFlags(*command_, &flags_->credentials);
  AddOutputFlags(*command_, &flags_->files);
  ConfigRules rules;
  AddCallRules(&flags_->call_flags, &rules);
  AddConfigFlag(*command_, rules, ResolvePath);
  command_->final_callback([this, of_fetch] {
    Arrival& arrival = flags_->search.arrival;
    flags_->call_flags.Finish(of_fetch, arrival.kind == Arrival::Kind::kPoisson);
    arrival.seed = flags_->call_flags.seed();
    const RateSearchOptions& rates = flags_->search.rates;
    if (rates.from > rates.to) {
      throw UsageError(FlagError("--from", absl::StrCat(rates.from), absl::StrCat("must be at most --to, ", rates.to)));
    }
  });
}

SearchCommand::~SearchCommand() = default;

bool SearchCommand::chosen() const { return command_->parsed(); }

void SearchCommand::AddSearchFlags() {
  SearchOptions& search = flags_->search;
  AddRepeatedFlag(
      *command_, "--slo", [&search](const std::string& text) { return ParseObjectives(text, &search.objectives); },
      "CONDITIONS", "What must hold, as p99<100ms,errors<0.1%; may be repeated")
      ->required();
  AddRateFlag(*command_, "--from", &search.rates.from, "Calls a second to begin with");
  AddRateFlag(*command_, "--to", &search.rates.to, "No more calls a second than this");
  AddParsedFlag(
      *command_, "--precision",
      [&search](const std::string& text) { return ParsePrecision(text, &search.rates.precision); }, "PERCENT", "5%",
      "How far over the answer a rate that fails may lie");
  AddCountFlag(*command_, "--repeats", &search.rates.repeats, {1, 100}, "Runs at the rate found that confirm it");
  AddDurationFlag(*command_, "-z,--duration", &search.load.duration, {absl::Milliseconds(1), absl::Hours(1)},
                  "Of the measured time of each run");
  AddDurationFlag(*command_, "--warmup", &search.load.warmup, {absl::ZeroDuration(), absl::Hours(1)},
                  "How long calls are sent in each run before they are measured");
}

std::vector<const CLI::Option*> SearchCommand::AddCallFlags() {
  LoadOptions& load = flags_->search.load;
  AddArrivalFlag(*command_, &flags_->search.arrival, "How calls are spaced: constant, poisson or burst:N");
  AddMaxInFlightFlag(*command_, &load, "One call more is not sent; a rate at which 1 % are not has failed");
  AddMaxDispatchDelayFlag(*command_, &load,
                          "The load tester was the limit of a rate that fails if 1 % of the calls leave later");
  AddEngineFlag(*command_, &load.engine);
  AddCountFlag(*command_, "--connections", &load.connections, {1, 10'000}, "Sockets");
  AddCountFlag(*command_, "--loops", &load.loops, {1, 256}, "Threads that send");
  const CLI::Option* const payload_size = AddCountFlag(*command_, "--payload-size", &flags_->payload_size, {0, 1 << 20},
                                                       "Bytes sent and echoed in each call of Fetch");
  AddDurationFlag(*command_, "-t,--timeout", &load.timeout, {absl::Milliseconds(1), absl::Hours(1)}, "Of each call");
  const CLI::Option* const wait = AddFetchWaitFlag(
      *command_, &load.request, "What the server waits for in each call of Fetch; its own backend if not given");
  flags_->call_flags.Add(*command_);
  flags_->call_option_flags.Add(*command_, &load.call);
  return {payload_size, wait};
}

int SearchCommand::Execute(const absl::Notification& stop) {
  SearchOptions& search = flags_->search;
  search.load.request.set_payload(std::string(flags_->payload_size, 'x'));
  absl::StatusOr<Credentials> credentials = MakeCredentials(flags_->credentials);
  if (!credentials.ok()) return Fail(credentials.status(), kExitUsage);
  search.load.credentials = *std::move(credentials);
  absl::Status calls = flags_->call_flags.Prepare(&search.load);
  calls.Update(flags_->call_option_flags.Check(search.load.plan.get()));
  if (!calls.ok()) return Fail(calls, absl::IsUnavailable(calls) ? kExitFailed : kExitUsage);
  if (absl::Status found = CheckMethods("--slo", search.objectives, search.load.plan.get()); !found.ok()) {
    return Fail(found, kExitUsage);
  }

  absl::StatusOr<v1::SearchReport> report = RunSearch(search, [&stop] { return stop.HasBeenNotified(); });
  if (!report.ok()) return Fail(report.status(), kExitFailed);
  flags_->call_flags.Describe(&*report);
  *report->mutable_settings() = SettingsOf(*command_);
  flags_->call_flags.TellMix(report->mutable_settings());
  absl::Status status = PrintReport(TextReport(*report));
  status.Update(WriteReport(*report, flags_->files));
  if (!status.ok()) return Fail(status, kExitFailed);
  return ExitCodeOf(*report);
}

}  // namespace meanwhile
