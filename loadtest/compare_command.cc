#include "loadtest/compare_command.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "client/flags.h"
#include "client/version.h"
#include "loadtest/comparison.h"
#include "loadtest/exit_codes.h"
#include "loadtest/host.h"
#include "loadtest/output_files.h"
#include "loadtest/pinning.h"
#include "loadtest/progress.h"
#include "loadtest/report/text_report.h"
#include "loadtest/server_binary.h"
#include "loadtest/server_round.h"

namespace meanwhile {

struct CompareCommand::Flags {
  std::vector<std::string> models = {"async", "thread"};
  std::vector<ServerCommand> others;
  std::vector<uint32_t> in_flight = {100, 1000, 4000};
  std::string backend = "normal:50ms,5ms";
  uint32_t rounds = 4;
  absl::Duration warmup = absl::Milliseconds(1000);
  absl::Duration duration = absl::Milliseconds(1800);
  std::size_t connections = 8;
  std::size_t payload_size = 64;
  bool quick = false;
  bool pin = true;
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
    "interrupted, what was measured is told; 106 the load tester was the limit of both sides of a comparison.";

// For sh(1), whatever it holds.
std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

absl::Status ParseModels(const std::string& text, std::vector<std::string>* models) {
  models->clear();
  if (text.empty()) return absl::OkStatus();  // Only the servers of --server.
  for (const absl::string_view model : absl::StrSplit(text, ',')) {
    if (model != "async" && model != "thread") {
      return absl::InvalidArgumentError(FlagError("--models", text, "each must be async or thread"));
    }
    models->emplace_back(model);
  }
  return absl::OkStatus();
}

absl::Status ParseLevels(const std::string& text, std::vector<uint32_t>* levels) {
  levels->clear();
  for (const absl::string_view level : absl::StrSplit(text, ',')) {
    const absl::StatusOr<uint64_t> count = ParseCount("--concurrency", std::string(level), {1, 100'000});
    if (!count.ok()) return count.status();
    levels->push_back(static_cast<uint32_t>(*count));
  }
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
  servers->push_back(ServerCommand{parts.first, parts.second});
  return absl::OkStatus();
}

ServerCommand OwnServer(const std::string& binary, const std::string& model, const std::string& backend) {
  return ServerCommand{
      model, absl::StrCat(Quoted(binary), " --model=", model, " --listen=127.0.0.1:{port} --backend=", Quoted(backend),
                          " --reflection=false --grace=0s")};
}

// The rounds of one comparison, and the report that they make.
class Comparing {
 public:
  Comparing(std::vector<ServerCommand> servers, LoadOptions load, std::string processors,
            const absl::Notification& stop, v1::ComparisonReport* report)
      : servers_(std::move(servers)),
        load_(std::move(load)),
        processors_(std::move(processors)),
        stop_(stop),
        report_(report) {}

  // Measures round by round until all are done or `stop` says otherwise. What was measured before an error is kept.
  absl::Status MeasureAll(const std::vector<RoundStep>& steps) {
    ProgressLine progress(stderr);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const ServerCommand& server = servers_[steps[i].server];
      load_.in_flight = steps[i].in_flight;
      const std::string label = absl::StrCat(i + 1, "/", steps.size(), " ", server.name, " · ");
      const auto show = [&](const LoadProgress& now) { progress.Show(now, label); };
      absl::StatusOr<ServerRound> round =
          MeasureServer(server, processors_, load_, show, [this] { return stop_.HasBeenNotified(); });
      progress.Clear();
      if (stop_.HasBeenNotified()) {
        // The round that was cut short is not like the others.
        report_->set_interrupted(true);
        return absl::OkStatus();
      }
      if (!round.ok()) return round.status();
      Keep(steps[i], *std::move(round));
    }
    return absl::OkStatus();
  }

 private:
  void Keep(const RoundStep& step, ServerRound round) {
    round.cell.set_round(step.round);
    if (round.mean_wait && *round.mean_wait > absl::ZeroDuration()) {
      report_->mutable_settings()->set_mean_wait_seconds(absl::ToDoubleSeconds(*round.mean_wait));
    }
    *report_->add_rounds() = std::move(round.cell);
  }

  const std::vector<ServerCommand> servers_;
  LoadOptions load_;
  const std::string processors_;
  const absl::Notification& stop_;
  v1::ComparisonReport* const report_;
};

// The share of what Little's law allows, where a server told its mean wait.
void SetIdealShares(v1::ComparisonReport* report) {
  const double mean_wait = report->settings().mean_wait_seconds();
  if (mean_wait <= 0) return;
  for (v1::Cell& cell : *report->mutable_rounds()) {
    cell.set_ideal_share(cell.achieved_rate() * mean_wait / cell.in_flight());
  }
}

}  // namespace

CompareCommand::CompareCommand(CLI::App& app)
    : command_(app.add_subcommand("compare", "Compares servers under the same load")),
      flags_(std::make_unique<Flags>()) {
  Flags& flags = *flags_;
  command_->footer(kFooter);
  AddParsedFlag(*command_, "--models", [&](const std::string& text) { return ParseModels(text, &flags.models); },
                "LIST", absl::StrJoin(flags.models, ","), "Models of this project's own server; may be empty");
  command_
      ->add_option_function<std::vector<std::string>>(
          "--server",
          [&](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              if (absl::Status status = ParseServer(text, &flags.others); !status.ok()) {
                throw UsageError(std::string(status.message()));
              }
            }
          },
          "Another server that speaks the same proto; {port} in the command is replaced. May be given again")
      ->type_name("NAME=COMMAND")
      ->allow_extra_args(false);
  AddParsedFlag(*command_, "-c,--concurrency",
                [&](const std::string& text) { return ParseLevels(text, &flags.in_flight); }, "LIST",
                absl::StrJoin(flags.in_flight, ","), "Calls in flight, a level each");
  command_->add_option("--backend", flags.backend, "What calls wait for, as the server takes it")
      ->capture_default_str()
      ->type_name("SPEC");
  CLI::Option* const rounds =
      AddCountFlag(*command_, "--rounds", &flags.rounds, {1, 100}, "How often everything is measured");
  CLI::Option* const warmup = AddDurationFlag(*command_, "--warmup", &flags.warmup, {absl::ZeroDuration(), absl::Hours(1)},
                                              "How long calls are sent before they are measured, or until every caller has had an "
                                              "answer, up to 5 s longer");
  CLI::Option* const duration = AddDurationFlag(*command_, "-z,--duration", &flags.duration,
                                                {absl::Milliseconds(1), absl::Hours(1)}, "Of each measured time");
  AddCountFlag(*command_, "--connections", &flags.connections, {1, 10'000}, "Sockets, at most one for each caller");
  AddCountFlag(*command_, "--payload-size", &flags.payload_size, {0, 1 << 20}, "Bytes sent and echoed in each call");
  command_->add_flag("--quick", flags.quick, "Fewer and shorter rounds: an impression in 25 s, with wide intervals");
  AddParsedFlag(
      *command_, "--pin",
      [&](const std::string& text) {
        if (text != "auto" && text != "none") {
          return absl::InvalidArgumentError(FlagError("--pin", text, "must be auto or none"));
        }
        flags.pin = text == "auto";
        return absl::OkStatus();
      },
      "auto|none", "auto", "Give server and load tester processors of their own");
  AddOutputFlags(*command_, &flags.files);

  command_->final_callback([&flags, rounds, warmup, duration] {
    if (flags.quick) {
      if (rounds->count() == 0) flags.rounds = 2;
      if (warmup->count() == 0) flags.warmup = absl::Milliseconds(700);
      if (duration->count() == 0) flags.duration = absl::Milliseconds(800);
    }
    std::set<std::string> names;
    std::vector<std::string> all = flags.models;
    for (const ServerCommand& other : flags.others) all.push_back(other.name);
    for (const std::string& name : all) {
      if (!names.insert(name).second) throw UsageError(FlagError("--server", name, "this name is taken"));
    }
    if (all.empty()) throw UsageError("--models= and no --server: there is nothing to measure");
  });
}

CompareCommand::~CompareCommand() = default;

bool CompareCommand::chosen() const { return command_->parsed(); }

int CompareCommand::Execute(const absl::Notification& stop) {
  Flags& flags = *flags_;
  v1::ComparisonReport report;
  report.set_version(kVersion);
  report.set_start_time(absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone()));
  *report.mutable_host() = ReadHost();

  std::vector<ServerCommand> servers;
  if (!flags.models.empty()) {
    const absl::StatusOr<std::string> binary = FindServerBinary();
    if (!binary.ok()) {
      std::cerr << "loadtest: " << binary.status().message() << "\n";
      return kExitFailed;
    }
    for (const std::string& model : flags.models) servers.push_back(OwnServer(*binary, model, flags.backend));
  }
  servers.insert(servers.end(), flags.others.begin(), flags.others.end());
  const absl::StatusOr<Pinning> pinning = flags.pin ? PinLoadTester() : NoPinning();
  if (!pinning.ok()) {
    std::cerr << "loadtest: " << pinning.status().message() << "\n";
    return kExitFailed;
  }

  LoadOptions load;
  load.connections = flags.connections;
  load.request.set_payload(std::string(flags.payload_size, 'x'));
  load.warmup = flags.warmup;
  load.longest_warmup = flags.warmup + kPatienceWithWarmup;
  load.duration = flags.duration;

  v1::ComparisonSettings* settings = report.mutable_settings();
  for (const ServerCommand& server : servers) settings->add_models(server.name);
  settings->mutable_in_flight()->Assign(flags.in_flight.begin(), flags.in_flight.end());
  settings->set_backend(flags.backend);
  settings->set_rounds(flags.rounds);
  settings->set_warmup_seconds(absl::ToDoubleSeconds(flags.warmup));
  settings->set_measure_seconds(absl::ToDoubleSeconds(flags.duration));
  settings->set_connections(static_cast<uint32_t>(flags.connections));
  settings->set_payload_bytes(static_cast<uint32_t>(flags.payload_size));
  settings->set_pinning(pinning->description);
  settings->set_engine("grpc");

  const std::vector<RoundStep> steps = PlanRounds(servers.size(), flags.in_flight, flags.rounds);
  const absl::Status measured = Comparing(servers, load, pinning->server, stop, &report).MeasureAll(steps);
  if (!measured.ok()) {
    std::cerr << "loadtest: " << measured.message() << "\n";
    return absl::IsInvalidArgument(measured) ? kExitUsage : kExitFailed;
  }
  SetIdealShares(&report);
  Summarize(&report);
  std::cout << TextReport(report) << std::flush;
  if (absl::Status status = WriteReport(report, flags.files); !status.ok()) {
    std::cerr << "loadtest: " << status.message() << "\n";
    return kExitFailed;
  }
  if (report.interrupted()) return kExitInterrupted;
  if (report.valid()) return kExitGood;
  const bool all_served = std::all_of(report.cells().begin(), report.cells().end(),
                                      [](const v1::Cell& cell) { return cell.achieved_rate() > 0; });
  return all_served ? kExitClientLimited : kExitFailed;
}

}  // namespace meanwhile
