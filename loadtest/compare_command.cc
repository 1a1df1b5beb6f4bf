#include "loadtest/compare_command.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/channel_pool.h"
#include "client/config_flag.h"
#include "client/flags.h"
#include "loadtest/comparison_run.h"
#include "loadtest/earlier_runs.h"
#include "loadtest/engine_flag.h"
#include "loadtest/exit_codes.h"
#include "loadtest/level_flags.h"
#include "loadtest/model_variant.h"
#include "loadtest/output_files.h"
#include "loadtest/report/text_report.h"
#include "loadtest/scenario.h"
#include "loadtest/server_binary.h"
#include "loadtest/settings.h"

namespace meanwhile {
namespace {

constexpr char kDefaultModels[] = "async,callback,thread,pool";

}  // namespace

struct CompareCommand::Flags {
  std::vector<ModelVariant> models = *ParseModelVariants(kDefaultModels);
  LevelFlags level_flags;
  std::string backend = "normal:50ms,5ms";
  std::vector<ServerCommand> others;
  std::vector<RunningServer> running;
  std::size_t payload_size = 64;
  bool quick = false;
  // The servers, their backend and the payload are set when all flags are known.
  ComparisonOptions comparison;
  OutputFiles files;
  std::vector<EarlierRun> before;
  std::vector<EarlierRun> after;
  bool force = false;
  CLI::Option* models_option = nullptr;
  CLI::Option* rounds_option = nullptr;
  CLI::Option* warmup_option = nullptr;
  CLI::Option* duration_option = nullptr;
  CLI::Option* force_option = nullptr;
};

namespace {

// A server that is still making the threads for its first calls is not warm yet, and gets so much longer.
constexpr absl::Duration kPatienceWithWarmup = absl::Seconds(5);

constexpr char kFooter[] =
    "Every round starts each server afresh, warms it up and measures it, in the order A B B A. The first server is\n"
    "compared with each other one; ratios are of medians over the rounds, with a bootstrap interval.\n"
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
    "  loadtest compare --before=monday1.json,monday2.json --after=friday1.json,friday2.json";

// For sh(1), whatever it holds.
std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

absl::Status ParseModels(const std::string& text, std::vector<ModelVariant>* models) {
  absl::StatusOr<std::vector<ModelVariant>> variants = ParseModelVariants(text);
  if (!variants.ok()) return absl::InvalidArgumentError(absl::StrCat("--models=", variants.status().message()));
  *models = *std::move(variants);
  return absl::OkStatus();
}

absl::Status ParsePin(const std::string& text, bool* pin) {
  if (text != "auto" && text != "none") {
    return absl::InvalidArgumentError(FlagError("--pin", text, "must be auto or none"));
  }
  *pin = text == "auto";
  return absl::OkStatus();
}

absl::Status ParseServer(const std::string& text, std::vector<ServerCommand>* servers) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (parts.first.empty() || parts.second.empty()) {
    return absl::InvalidArgumentError(FlagError("--server", text, "must be NAME=COMMAND"));
  }
  if (parts.second.find("{port}") == std::string::npos) {
    return absl::InvalidArgumentError(
        FlagError("--server", text, "COMMAND must hold {port}, the port that the server shall listen on"));
  }
  servers->push_back(ServerCommand{.name = parts.first, .command = parts.second, .usage_exit_code = std::nullopt});
  return absl::OkStatus();
}

absl::Status ParseTarget(const std::string& text, std::vector<RunningServer>* servers) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (parts.first.empty() || parts.second.empty()) {
    return absl::InvalidArgumentError(FlagError("--target", text, "must be NAME=HOST:PORT or NAME=unix:PATH"));
  }
  if (absl::Status status = CheckTarget(parts.second); !status.ok()) {
    return absl::InvalidArgumentError(FlagError("--target", text, status.message()));
  }
  servers->push_back(RunningServer{.name = parts.first, .target = parts.second});
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

// `deepest` is the most calls that may be in flight: a queue that holds them sheds none.
ServerCommand OwnServer(const std::string& binary, const ModelVariant& variant, const std::string& backend,
                        Scenario scenario, std::size_t deepest) {
  std::string command =
      absl::StrCat(Quoted(binary), " --model=", variant.model, " --listen=127.0.0.1:{port} --backend=", Quoted(backend),
                   " --reflection=false --grace=0s");
  for (const auto& [flag, value] : variant.flags) absl::StrAppend(&command, " ", flag, "=", value);
  const bool uses_pool = variant.model == "pool" || (variant.model != "thread" && scenario != Scenario::kWaiting);
  if (uses_pool && !variant.Has("--pool-queue")) absl::StrAppend(&command, " --pool-queue=", deepest);
  return ServerCommand{.name = variant.name, .command = std::move(command), .usage_exit_code = kExitUsage};
}

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

int Fail(const absl::Status& status) {
  std::cerr << "loadtest: " << status.message() << "\n";
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFailed;
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
  command_->footer(kFooter);
  AddServerFlags();
  AddMeasurementFlags();
  AddEarlierRunFlags();
  AddOutputFlags(*command_, &flags_->files);
  ConfigRules rules;
  rules.replaces["concurrency"] = {"rps", "arrival", "max-in-flight", "max-dispatch-delay"};
  rules.replaces["rps"] = {"concurrency"};
  AddConfigFlag(*command_, rules, ResolvePath);
  command_->final_callback([this] { Finish(); });
}

CompareCommand::~CompareCommand() = default;

bool CompareCommand::chosen() const { return command_->parsed(); }

void CompareCommand::AddServerFlags() {
  Flags& flags = *flags_;
  flags.models_option = AddParsedFlag(
      *command_, "--models", [&flags](const std::string& text) { return ParseModels(text, &flags.models); }, "LIST",
      kDefaultModels,
      "Models of this project's own server, each with options if wanted: pool:threads=64:queue=1000,\n"
      "thread:max_pollers=64, async:loops=2; or none, which is the default with --target");
  AddRepeatedFlag(
      *command_, "--server", [&flags](const std::string& text) { return ParseServer(text, &flags.others); },
      "NAME=COMMAND",
      "Another server of the same proto; its COMMAND is a program with arguments, {port} among them stands for the\n"
      "port to listen on. May be given again");
  AddRepeatedFlag(
      *command_, "--target", [&flags](const std::string& text) { return ParseTarget(text, &flags.running); },
      "NAME=HOST:PORT", "A server that runs already, and is not started afresh. May be given again");
  auto parse_scenario = [&flags](const std::string& text) {
    const absl::StatusOr<Scenario> scenario = ParseScenario(text);
    if (!scenario.ok()) {
      return absl::InvalidArgumentError(FlagError("--scenario", text, scenario.status().message()));
    }
    flags.comparison.scenario = *scenario;
    return absl::OkStatus();
  };
  AddParsedFlag(*command_, "--scenario", parse_scenario, "NAME", "waiting",
                "What calls do: waiting for the backend; computing, 0.2 ms of a processor each; or mixed, one in four\n"
                "computing");
  command_->add_option("--backend", flags.backend, "What calls wait for, as this project's server takes it")
      ->capture_default_str()
      ->type_name("SPEC");
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
  AddCountFlag(*command_, "--payload-size", &flags_->payload_size, {0, 1 << 20}, "Bytes sent and echoed in each call");
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
  if (!flags.running.empty() && flags.models_option->count() == 0) flags.models.clear();
  std::set<std::string> names;
  for (const ModelVariant& model : flags.models) names.insert(model.name);
  const auto take = [&names](const char* flag, const std::string& name) {
    if (!names.insert(name).second) throw UsageError(FlagError(flag, name, "this name is taken"));
  };
  for (const ServerCommand& other : flags.others) take("--server", other.name);
  for (const RunningServer& running : flags.running) take("--target", running.name);
  if (names.empty()) throw UsageError("--models=none: must name a model when there is no --server and no --target");
}

absl::StatusOr<v1::ComparisonReport> CompareCommand::Measure(const absl::Notification& stop) {
  ComparisonOptions& comparison = flags_->comparison;
  if (!flags_->models.empty()) {
    const absl::StatusOr<std::string> binary = FindServerBinary();
    if (!binary.ok()) return binary.status();
    for (const ModelVariant& model : flags_->models) {
      comparison.servers.push_back(
          OwnServer(*binary, model, flags_->backend, comparison.scenario, DeepestOf(comparison)));
    }
    comparison.backend = flags_->backend;
  }
  comparison.servers.insert(comparison.servers.end(), flags_->others.begin(), flags_->others.end());
  comparison.servers.insert(comparison.servers.end(), flags_->running.begin(), flags_->running.end());
  comparison.load.longest_warmup = comparison.load.warmup + kPatienceWithWarmup;
  comparison.load.request.set_payload(std::string(flags_->payload_size, 'x'));
  return RunComparison(comparison, [&stop] { return stop.HasBeenNotified(); });
}

int CompareCommand::Execute(const absl::Notification& stop) {
  absl::StatusOr<v1::ComparisonReport> report =
      flags_->before.empty() ? Measure(stop) : CompareRuns(flags_->before, flags_->after, flags_->force);
  if (!report.ok()) return Fail(report.status());
  *report->mutable_settings()->mutable_flags() = SettingsOf(*command_);
  std::cout << TextReport(*report) << std::flush;
  if (absl::Status status = WriteReport(*report, flags_->files); !status.ok()) return Fail(status);
  return ExitCodeOf(*report);
}

}  // namespace meanwhile
