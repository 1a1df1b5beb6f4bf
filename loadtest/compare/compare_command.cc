#include "loadtest/compare/compare_command.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/config_flag.h"
#include "client/credentials.h"
#include "client/flags.h"
#include "loadtest/compare/comparison_run.h"
#include "loadtest/compare/earlier_runs.h"
#include "loadtest/compare/level_flags.h"
#include "loadtest/compare/scenario.h"
#include "loadtest/compare/scenario_flag.h"
#include "loadtest/compare/schema_of_servers.h"
#include "loadtest/compare/server_flags.h"
#include "loadtest/flags/call_config.h"
#include "loadtest/flags/call_flags.h"
#include "loadtest/flags/call_option_flags.h"
#include "loadtest/flags/engine_flag.h"
#include "loadtest/flags/exit_codes.h"
#include "loadtest/flags/output_files.h"
#include "loadtest/flags/settings.h"
#include "loadtest/load/schedule.h"
#include "loadtest/report/text_report.h"

namespace meanwhile {

struct CompareCommand::Flags {
  ServerFlags server_flags;
  LevelFlags level_flags;
  ScenarioFlag scenario_flag;
  CallFlags call_flags;
  CallOptionFlags call_option_flags;
  CredentialFlags credentials;
  std::size_t payload_size = 64;
  bool quick = false;
  // The servers, their backend and the calls are set when all flags are known.
  ComparisonOptions comparison;
  OutputFiles files;
  std::vector<EarlierRun> before;
  std::vector<EarlierRun> after;
  bool force = false;
  CLI::Option* rounds_option = nullptr;
  CLI::Option* warmup_option = nullptr;
  CLI::Option* duration_option = nullptr;
  CLI::Option* payload_option = nullptr;
  CLI::Option* force_option = nullptr;
};

namespace {

// A server that is still making the threads for its first calls is not warm yet, and gets so much longer.
constexpr absl::Duration kPatienceWithWarmup = absl::Seconds(5);

constexpr char kFooter[] =
    "Every round starts each server afresh, warms it up and measures it, in the order A B B A. The first server is\n"
    "compared with each other one; ratios are of medians over the rounds, with a bootstrap interval.\n"
    "\n"
    "The calls are those of a scenario, or of --call: any method of any service. Its schema comes from --proto or\n"
    "--protoset, or else from the first --target, by reflection, or the first --server, started once for that.\n"
    "\n"
    "With --before and --after nothing is measured: reports of earlier runs are compared, each file a round.\n"
    "\n"
    "Exit codes: 0 good; 1 a server did not start, died, could not be reached or served no call; 2 bad usage; 105\n"
    "interrupted, what was measured is told; 106 the load tester was the limit of both sides of a comparison.\n"
    "\n"
    "  loadtest compare --quick --html=report.html\n"
    "  loadtest compare -c 100,5000 --backend=exponential:20ms --rounds=6\n"
    "  loadtest compare --models=thread,thread:max_pollers=1000,pool:threads=16,pool:threads=256\n"
    "  loadtest compare --scenario=computing -c 10,100\n"
    "  loadtest compare --models=async --server='mine=./my_server --port={port}'\n"
    "  loadtest compare --target=old=10.0.0.1:50051 --target=new=10.0.0.2:50051 -r 500,1000 --arrival=poisson\n"
    "  loadtest compare --server='go=./go_server {port}' --server='c=./c_server {port}' --call=my.Service/Get -d '{}'\n"
    "  loadtest compare --models=async,pool --scenario=calls.yaml\n"
    "  loadtest compare --server='old=./old {port}' --server='new=./new {port}' --cacert=ca.pem --timeout=1s\n"
    "  loadtest compare --before=monday1.json,monday2.json --after=friday1.json,friday2.json";

absl::Status ParsePin(const std::string& text, bool* pin) {
  if (text != "auto" && text != "none") {
    return absl::InvalidArgumentError(FlagError("--pin", text, "must be auto or none"));
  }
  *pin = text == "auto";
  return absl::OkStatus();
}

absl::Status ParseEarlierRuns(absl::string_view flag, const std::string& text, std::vector<EarlierRun>* runs) {
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::string file(part);
    absl::StatusOr<EarlierRun> run = ReadEarlierRun(flag, file, ResolvePath(file));
    if (!run.ok()) return run.status();
    runs->push_back(*std::move(run));
  }
  return absl::OkStatus();
}

// The most calls that may be in flight.
std::size_t DeepestOf(const ComparisonOptions& comparison) {
  std::size_t deepest = 0;
  for (const Level& level : comparison.levels) {
    deepest = std::max<std::size_t>(deepest, level.rate ? comparison.load.max_in_flight : level.in_flight);
  }
  return deepest;
}

// With earlier runs nothing is measured, so a flag that says how makes no sense.
void RefuseFlagsOfAMeasurement(const CLI::App& command) {
  static constexpr absl::string_view kAllowed[] = {"before", "after", "force", "json", "csv", "html", "config"};
  for (const CLI::Option* option : command.get_options([](const CLI::Option* one) { return one->count() > 0; })) {
    if (std::find(std::begin(kAllowed), std::end(kAllowed), option->get_single_name()) != std::end(kAllowed)) continue;
    throw UsageError(
        FlagError(option->get_name(), option->results().front(), "cannot be given together with --before and --after"));
  }
}

int ExitCodeOf(const absl::Status& error) {
  if (absl::IsCancelled(error)) return kExitInterrupted;
  return absl::IsInvalidArgument(error) ? kExitUsage : kExitFailed;
}

int ExitCodeOf(const v1::ComparisonReport& report) {
  if (report.interrupted()) return kExitInterrupted;
  if (report.valid()) return kExitGood;
  const bool all_served = std::all_of(report.rounds().begin(), report.rounds().end(),
                                      [](const v1::Cell& round) { return round.achieved_rate() > 0; });
  return all_served ? kExitClientLimited : kExitFailed;
}

}  // namespace

CompareCommand::CompareCommand(CLI::App& app)
    : command_(app.add_subcommand("compare", "Compares servers under the same load")),
      flags_(std::make_unique<Flags>()) {
  ComparisonOptions& comparison = flags_->comparison;
  comparison.rounds = 4;
  comparison.load.warmup = absl::Milliseconds(800);
  comparison.load.duration = absl::Milliseconds(1300);
  command_->footer(absl::StrCat(kFooter, kTemplatesFooter));
  flags_->server_flags.Add(*command_);
  AddCallFlags();
  AddMeasurementFlags();
  AddEarlierRunFlags();
  AddOutputFlags(*command_, &flags_->files);
  ConfigRules rules;
  AddCallRules(&flags_->call_flags, &rules);
  rules.replaces["concurrency"] = {"rps", "arrival", "max-in-flight", "max-dispatch-delay"};
  rules.replaces["rps"] = {"concurrency"};
  AddConfigFlag(*command_, rules, ResolvePath);
  command_->final_callback([this] { Finish(); });
}

CompareCommand::~CompareCommand() = default;

bool CompareCommand::chosen() const { return command_->parsed(); }

void CompareCommand::AddCallFlags() {
  Flags& flags = *flags_;
  flags.scenario_flag.Add(*command_);
  flags.payload_option = AddCountFlag(*command_, "--payload-size", &flags.payload_size, {0, 1 << 20},
                                      "Bytes sent and echoed in each call of Fetch");
  flags.call_flags.Add(*command_);
  AddCredentialFlags(*command_, &flags.credentials);
  flags.call_option_flags.Add(*command_, &flags.comparison.load.call);
}

void CompareCommand::AddMeasurementFlags() {
  ComparisonOptions& comparison = flags_->comparison;
  LoadOptions& load = comparison.load;
  flags_->level_flags.Add(*command_, &comparison);
  AddEngineFlag(*command_, &load.engine);
  flags_->rounds_option =
      AddCountFlag(*command_, "--rounds", &comparison.rounds, {1, 100}, "How often everything is measured");
  flags_->warmup_option = AddDurationFlag(
      *command_, "--warmup", &load.warmup, {absl::ZeroDuration(), absl::Hours(1)},
      "How long calls are sent before they are measured, or until every caller has had an answer, up to "
      "5 s longer");
  flags_->duration_option = AddDurationFlag(*command_, "-z,--duration", &load.duration,
                                            {absl::Milliseconds(1), absl::Hours(1)}, "Of each measured time");
  AddCountFlag(*command_, "--connections", &load.connections, {1, 10'000}, "Sockets, at most one for each caller");
  AddDurationFlag(*command_, "-t,--timeout", &load.timeout, {absl::Milliseconds(1), absl::Hours(1)},
                  "Of each call; none if not given");
  command_->add_flag(
      "--quick", flags_->quick,
      "An impression in 45 s, with wide intervals: --rounds=2 --warmup=350ms --duration=600ms, unless given");
  AddParsedFlag(
      *command_, "--pin", [&comparison](const std::string& text) { return ParsePin(text, &comparison.pin); },
      "auto|none", "auto", "Give servers and load tester processors of their own");
}

void CompareCommand::AddEarlierRunFlags() {
  Flags& flags = *flags_;
  AddRepeatedFlag(
      *command_, "--before",
      [&flags](const std::string& text) { return ParseEarlierRuns("--before", text, &flags.before); }, "FILE",
      "Compare earlier runs: a file that `run --json` wrote, or several with commas between. May be given again");
  AddRepeatedFlag(
      *command_, "--after",
      [&flags](const std::string& text) { return ParseEarlierRuns("--after", text, &flags.after); }, "FILE",
      "The runs that are held against those");
  flags.force_option = command_->add_flag("--force", flags.force, "Compare also what different hosts have measured");
}

void CompareCommand::Finish() {
  Flags& flags = *flags_;
  if (flags.before.empty() != flags.after.empty()) {
    throw UsageError(flags.before.empty() ? "--after needs --before" : "--before needs --after");
  }
  if (!flags.before.empty()) {
    RefuseFlagsOfAMeasurement(*command_);
    return;
  }
  if (flags.force_option->count() > 0) throw UsageError("--force needs --before and --after");
  flags.level_flags.Finish(&flags.comparison);
  if (flags.quick) {
    if (flags.rounds_option->count() == 0) flags.comparison.rounds = 2;
    if (flags.warmup_option->count() == 0) flags.comparison.load.warmup = absl::Milliseconds(350);
    if (flags.duration_option->count() == 0) flags.comparison.load.duration = absl::Milliseconds(600);
  }
  flags.scenario_flag.Finish(*command_, &flags.call_flags);
  std::vector<const CLI::Option*> of_scenarios = {flags.payload_option};
  if (!flags.scenario_flag.is_file()) of_scenarios.push_back(flags.scenario_flag.option());
  flags.call_flags.Finish(of_scenarios, flags.comparison.arrival.kind == Arrival::Kind::kPoisson);
  flags.comparison.arrival.seed = flags.call_flags.seed();
  flags.server_flags.Finish(ForeignService(flags.call_flags.services()), flags.credentials.over_tls());
}

absl::Status CompareCommand::PrepareCalls(const std::function<bool()>& stopped, LoadOptions* load) {
  Flags& flags = *flags_;
  if (!flags.call_flags.given()) {
    load->request.set_payload(std::string(flags.payload_size, 'x'));
    load->plan = PlanOf(flags.scenario_flag.scenario(), load->request);
  }
  const auto ask = [&](const std::vector<std::string>& services) {
    return SchemaOfServers(flags.comparison.servers, services,
                           {.targets = {},
                            .credentials = load->credentials,
                            .metadata = load->call.metadata,
                            .timeout = load->connect_timeout},
                           stopped);
  };
  absl::Status status = flags.call_flags.Prepare(load, ask);
  // As `run` has it: what cannot be called is bad usage.
  if (absl::IsNotFound(status) || absl::IsUnimplemented(status)) status = absl::InvalidArgumentError(status.message());
  if (!status.ok()) return status;
  return flags.call_option_flags.Check(load->plan.get());
}

absl::StatusOr<v1::ComparisonReport> CompareCommand::Measure(const absl::Notification& stop) {
  Flags& flags = *flags_;
  ComparisonOptions& comparison = flags.comparison;
  const auto stopped = [&stop] { return stop.HasBeenNotified(); };
  comparison.only_wait = !flags.call_flags.given() && flags.scenario_flag.scenario() == Scenario::kWaiting;
  absl::StatusOr<std::vector<ComparedServer>> servers =
      flags.server_flags.Servers(DeepestOf(comparison), comparison.only_wait);
  if (!servers.ok()) return servers.status();
  comparison.servers = *std::move(servers);
  absl::StatusOr<Credentials> credentials = MakeCredentials(flags.credentials);
  // As `run` has it: a file that is not there is bad usage.
  if (!credentials.ok()) return absl::InvalidArgumentError(credentials.status().message());
  comparison.load.credentials = *std::move(credentials);
  comparison.backend = flags.server_flags.backend();
  comparison.scenario = flags.scenario_flag.text();
  comparison.load.longest_warmup = comparison.load.warmup + kPatienceWithWarmup;
  comparison.prepare_calls = [this, stopped](LoadOptions* load) { return PrepareCalls(stopped, load); };
  absl::StatusOr<v1::ComparisonReport> report = RunComparison(comparison, stopped);
  if (report.ok()) flags.call_flags.Describe(&*report);
  return report;
}

int CompareCommand::Execute(const absl::Notification& stop) {
  absl::StatusOr<v1::ComparisonReport> report =
      flags_->before.empty() ? Measure(stop) : CompareRuns(flags_->before, flags_->after, flags_->force);
  if (!report.ok()) return Fail(report.status(), ExitCodeOf(report.status()));
  *report->mutable_settings()->mutable_flags() = SettingsOf(*command_);
  flags_->call_flags.TellMix(report->mutable_settings()->mutable_flags());
  absl::Status status = PrintReport(TextReport(*report));
  status.Update(WriteReport(*report, flags_->files));
  if (!status.ok()) return Fail(status, ExitCodeOf(status));
  return ExitCodeOf(*report);
}

}  // namespace meanwhile
