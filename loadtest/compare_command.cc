#include "loadtest/compare_command.h"

#include <algorithm>
#include <iostream>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/flags.h"
#include "loadtest/comparison_run.h"
#include "loadtest/engine_flag.h"
#include "loadtest/exit_codes.h"
#include "loadtest/model_variant.h"
#include "loadtest/output_files.h"
#include "loadtest/report/text_report.h"
#include "loadtest/server_binary.h"

namespace meanwhile {
namespace {

constexpr char kDefaultModels[] = "async,callback,thread,pool";

}  // namespace

struct CompareCommand::Flags {
  std::vector<ModelVariant> models = *ParseModelVariants(kDefaultModels);
  std::string backend = "normal:50ms,5ms";
  std::vector<ServerCommand> others;
  std::size_t payload_size = 64;
  bool quick = false;
  // The servers, their backend and the payload are set when all flags are known.
  ComparisonOptions comparison;
  OutputFiles files;
};

namespace {

// A server that is still making the threads for its first calls is not warm yet, and gets so much longer.
constexpr absl::Duration kPatienceWithWarmup = absl::Seconds(5);

constexpr char kFooter[] =
    "Every round starts each server afresh, warms it up and measures it, in the order A B B A. The first server is\n"
    "compared with each other one; ratios are of medians over the rounds, with a bootstrap interval.\n"
    "\n"
    "Exit codes: 0 good; 1 a server did not start, died, could not be reached or served no call; 2 bad usage; 105\n"
    "interrupted, what was measured is told; 106 the load tester was the limit of both sides of a comparison.\n"
    "\n"
    "  loadtest compare --quick --html=report.html\n"
    "  loadtest compare -c 100,5000 --backend=exponential:20ms --rounds=6\n"
    "  loadtest compare --models=thread,thread:max_pollers=1000,pool:threads=16,pool:threads=256\n"
    "  loadtest compare --models=async --server='mine=./my_server --port={port}'";

// For sh(1), whatever it holds.
std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

template <typename T, typename Container>
bool IsAmong(const T& value, const Container& values) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

absl::Status ParseModels(const std::string& text, std::vector<ModelVariant>* models) {
  absl::StatusOr<std::vector<ModelVariant>> variants = ParseModelVariants(text);
  if (!variants.ok()) return absl::InvalidArgumentError(absl::StrCat("--models=", variants.status().message()));
  *models = *std::move(variants);
  return absl::OkStatus();
}

absl::Status ParseLevels(const std::string& text, std::vector<uint32_t>* levels) {
  levels->clear();
  for (const absl::string_view level : absl::StrSplit(text, ',')) {
    const absl::StatusOr<uint64_t> count = ParseCount("--concurrency", std::string(level), {1, 100'000});
    if (!count.ok()) return count.status();
    if (IsAmong(*count, *levels)) {
      return absl::InvalidArgumentError(FlagError("--concurrency", text, "must hold each level once"));
    }
    levels->push_back(static_cast<uint32_t>(*count));
  }
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

// `deepest` is the most calls in flight of any level: a queue that holds them sheds none.
ServerCommand OwnServer(const std::string& binary, const ModelVariant& variant, const std::string& backend,
                        uint32_t deepest) {
  std::string command =
      absl::StrCat(Quoted(binary), " --model=", variant.model, " --listen=127.0.0.1:{port} --backend=", Quoted(backend),
                   " --reflection=false --grace=0s");
  for (const auto& [flag, value] : variant.flags) absl::StrAppend(&command, " ", flag, "=", value);
  if (variant.model == "pool" && !variant.Has("--pool-queue")) absl::StrAppend(&command, " --pool-queue=", deepest);
  return ServerCommand{.name = variant.name, .command = std::move(command), .usage_exit_code = kExitUsage};
}

// All that are compared, in order.
absl::StatusOr<std::vector<ServerCommand>> Servers(const std::vector<ModelVariant>& models, const std::string& backend,
                                                   uint32_t deepest, const std::vector<ServerCommand>& others) {
  std::vector<ServerCommand> servers;
  if (!models.empty()) {
    const absl::StatusOr<std::string> binary = FindServerBinary();
    if (!binary.ok()) return binary.status();
    for (const ModelVariant& model : models) servers.push_back(OwnServer(*binary, model, backend, deepest));
  }
  servers.insert(servers.end(), others.begin(), others.end());
  return servers;
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
  Flags& flags = *flags_;
  ComparisonOptions& comparison = flags.comparison;
  LoadOptions& load = comparison.load;
  comparison.in_flight = {100, 1000, 4000};
  comparison.rounds = 4;
  load.warmup = absl::Milliseconds(800);
  load.duration = absl::Milliseconds(1300);
  command_->footer(kFooter);

  AddParsedFlag(
      *command_, "--models", [&](const std::string& text) { return ParseModels(text, &flags.models); }, "LIST",
      kDefaultModels,
      "Models of this project's own server, each with options if wanted: pool:threads=64:queue=1000,\n"
      "thread:max_pollers=64, async:loops=2; or none");
  auto parse_servers = [&](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      if (absl::Status status = ParseServer(text, &flags.others); !status.ok()) {
        throw UsageError(std::string(status.message()));
      }
    }
  };
  command_
      ->add_option_function<std::vector<std::string>>("--server", parse_servers,
                                                      "Another server of the same proto; its COMMAND is a program with "
                                                      "arguments, {port} among them stands for the\n"
                                                      "port to listen on. May be given again")
      ->type_name("NAME=COMMAND")
      ->allow_extra_args(false);
  AddParsedFlag(
      *command_, "-c,--concurrency", [&](const std::string& text) { return ParseLevels(text, &comparison.in_flight); },
      "LIST", absl::StrJoin(comparison.in_flight, ","), "Calls in flight, a level each");
  command_->add_option("--backend", flags.backend, "What calls wait for, as this project's server takes it")
      ->capture_default_str()
      ->type_name("SPEC");
  AddEngineFlag(*command_, &load.engine);
  CLI::Option* const rounds =
      AddCountFlag(*command_, "--rounds", &comparison.rounds, {1, 100}, "How often everything is measured");
  CLI::Option* const warmup = AddDurationFlag(
      *command_, "--warmup", &load.warmup, {absl::ZeroDuration(), absl::Hours(1)},
      "How long calls are sent before they are measured, or until every caller has had an answer, up to "
      "5 s longer");
  CLI::Option* const duration = AddDurationFlag(*command_, "-z,--duration", &load.duration,
                                                {absl::Milliseconds(1), absl::Hours(1)}, "Of each measured time");
  AddCountFlag(*command_, "--connections", &load.connections, {1, 10'000}, "Sockets, at most one for each caller");
  AddCountFlag(*command_, "--payload-size", &flags.payload_size, {0, 1 << 20}, "Bytes sent and echoed in each call");
  command_->add_flag(
      "--quick", flags.quick,
      "An impression in 45 s, with wide intervals: --rounds=2 --warmup=350ms --duration=600ms, unless given");
  AddParsedFlag(
      *command_, "--pin", [&](const std::string& text) { return ParsePin(text, &comparison.pin); }, "auto|none", "auto",
      "Give servers and load tester processors of their own");
  AddOutputFlags(*command_, &flags.files);

  command_->final_callback([&flags, &comparison, &load, rounds, warmup, duration] {
    if (flags.quick) {
      if (rounds->count() == 0) comparison.rounds = 2;
      if (warmup->count() == 0) load.warmup = absl::Milliseconds(350);
      if (duration->count() == 0) load.duration = absl::Milliseconds(600);
    }
    std::set<std::string> names;
    for (const ModelVariant& model : flags.models) names.insert(model.name);
    for (const ServerCommand& other : flags.others) {
      if (!names.insert(other.name).second) throw UsageError(FlagError("--server", other.name, "this name is taken"));
    }
    if (names.empty()) throw UsageError("--models=none: must name a model when there is no --server");
  });
}

CompareCommand::~CompareCommand() = default;

bool CompareCommand::chosen() const { return command_->parsed(); }

int CompareCommand::Execute(const absl::Notification& stop) {
  ComparisonOptions& comparison = flags_->comparison;
  const uint32_t deepest = *std::max_element(comparison.in_flight.begin(), comparison.in_flight.end());
  absl::StatusOr<std::vector<ServerCommand>> servers =
      Servers(flags_->models, flags_->backend, deepest, flags_->others);
  if (!servers.ok()) return Fail(servers.status());
  comparison.servers = *std::move(servers);
  if (!flags_->models.empty()) comparison.backend = flags_->backend;
  comparison.load.longest_warmup = comparison.load.warmup + kPatienceWithWarmup;
  comparison.load.request.set_payload(std::string(flags_->payload_size, 'x'));

  const absl::StatusOr<v1::ComparisonReport> report =
      RunComparison(comparison, [&stop] { return stop.HasBeenNotified(); });
  if (!report.ok()) return Fail(report.status());
  std::cout << TextReport(*report) << std::flush;
  if (absl::Status status = WriteReport(*report, flags_->files); !status.ok()) return Fail(status);
  return ExitCodeOf(*report);
}

}  // namespace meanwhile
