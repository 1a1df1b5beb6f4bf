#include "loadtest/run/run_command.h"

#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/credentials.h"
#include "client/flags.h"
#include "client/metrics_flag.h"
#include "client/processors.h"
#include "client/version.h"
#include "loadtest/flags/call_flags.h"
#include "loadtest/flags/call_option_flags.h"
#include "loadtest/flags/engine_flag.h"
#include "loadtest/flags/exit_codes.h"
#include "loadtest/flags/fetch_wait_flag.h"
#include "loadtest/flags/output_files.h"
#include "loadtest/flags/settings.h"
#include "loadtest/flags/target_argument.h"
#include "loadtest/load/load_report.h"
#include "loadtest/load/load_run.h"
#include "loadtest/load/schedule.h"
#include "loadtest/load/threshold.h"
#include "loadtest/load/validity.h"
#include "loadtest/measure/host.h"
#include "loadtest/measure/interval_log.h"
#include "loadtest/report/text_report.h"
#include "loadtest/run/load_flags.h"
#include "loadtest/run/run_config.h"
#include "loadtest/run/run_metrics.h"
#include "loadtest/run/run_observer.h"

namespace meanwhile {

struct RunCommand::Flags {
  LoadOptions load;
  CredentialFlags credentials;
  LoadFlags load_flags;
  CallFlags call_flags;
  CallOptionFlags call_option_flags;
  std::size_t payload_size = 64;
  std::vector<Threshold> thresholds;
  std::optional<Threshold> abort_condition;
  OutputFiles files;
  std::string log_file;
  std::string metrics;
};

namespace {

constexpr char kFooter[] =
    "Calls of Fetch, of --call, or of the mix in the file of --config, are sent, either by so many callers at once, "
    "each as soon as its last call has "
    "returned, or with\n"
    "--rps or --load by a schedule, whatever returns. Response times count from the moment at which a call was to be "
    "sent.\n"
    "\n"
    "--load is one of\n"
    "  ramp:100..5000/60s       from one rate to another in that time\n"
    "  step:100,200,400/10s     one rate after another, each for that time\n"
    "  spike:100..5000/10s,2s   10 s at the first rate, 2 s at the second, 10 s at the first\n"
    "  SHAPE+SHAPE              any of these, one after another\n"
    "  replay:FILE              calls at the times in a file, one a line: 1.25s, 80ms or a number of seconds\n"
    "\n"
    "Exit codes: 0 good; 1 the target cannot be reached or went away, no call succeeded, or a template came to no "
    "message;\n"
    "2 bad usage;\n"
    "99 a threshold failed, or --abort-when ended the run; 104 the file of --config is wrong; 105 interrupted, what "
    "was measured is told;\n"
    "106 the load tester was the limit.\n"
    "\n"
    "  loadtest run localhost:50051 -c 1000 -z 10s\n"
    "  loadtest run localhost:50051 -r 500 --arrival=poisson --threshold='p99<80ms' --threshold='errors<0.1%'\n"
    "  loadtest run localhost:50051 --call=grpc.health.v1.Health/Check -d '{\"service\": \"\"}' --expect-json "
    "status=SERVING\n"
    "  loadtest run localhost:50051 -n 100000 --wait=simulated:normal:50ms,5ms --json=result.json";

// What Little's law allows: so many callers, each waiting and thinking at least so long. Known for a constant wait.
std::optional<double> IdealRate(const LoadOptions& load) {
  if (load.shape || load.plan != nullptr || !load.request.wait().simulated().has_constant()) return std::nullopt;
  const google::protobuf::Duration& wait = load.request.wait().simulated().constant();
  const double seconds = static_cast<double>(wait.seconds()) + 1e-9 * wait.nanos();
  if (seconds <= 0) return std::nullopt;
  return static_cast<double>(load.in_flight) / (seconds + absl::ToDoubleSeconds(load.think_time));
}

v1::RunReport ReportOf(const LoadOptions& load, const std::string& description, const LoadResult& result,
                       const v1::Host& host) {
  v1::RunReport report;
  report.set_version(kVersion);
  report.set_start_time(absl::FormatTime(absl::RFC3339_sec, result.start, absl::UTCTimeZone()));
  *report.mutable_host() = host;
  report.set_target(load.target);
  report.set_connections(static_cast<uint32_t>(result.connections));
  report.set_loops(static_cast<uint32_t>(result.loops));
  report.set_engine(std::string(NameOf(load.engine)));
  report.set_load(description);
  if (load.shape) {
    report.set_max_in_flight(static_cast<uint32_t>(load.max_in_flight));
  } else {
    report.set_in_flight(static_cast<uint32_t>(load.in_flight));
  }
  report.set_connect_seconds(absl::ToDoubleSeconds(result.connect_time));
  SetMeasured(result, &report);
  SetDistributions(result, &report);
  if (load.plan != nullptr) SetMethods(result, *load.plan, &report);
  if (const std::optional<double> ideal = IdealRate(load)) report.set_ideal_share(report.achieved_rate() / *ideal);
  const std::vector<std::string> problems = ProblemsOf(result);
  report.mutable_problems()->Assign(problems.begin(), problems.end());
  report.set_client_limited(!OwnLimits(result).empty());
  report.set_behind(IsServerBehind(result));
  report.set_valid(result.measurement.succeeded() > 0 && !IsServerGone(result) && !IsClientLimited(result));
  return report;
}

int ExitCodeOf(const LoadResult& result, const v1::RunReport& report) {
  if (report.interrupted()) return kExitInterrupted;
  if (!report.aborted().empty()) return kExitThresholdFailed;
  if (result.measurement.succeeded() == 0 || IsServerGone(result)) return kExitFailed;
  if (IsClientLimited(result)) return kExitClientLimited;
  if (!report.valid()) return kExitFailed;
  const bool all_passed = std::all_of(report.thresholds().begin(), report.thresholds().end(),
                                      [](const v1::ThresholdVerdict& verdict) { return verdict.passed(); });
  return all_passed ? kExitGood : kExitThresholdFailed;
}

}  // namespace

RunCommand::RunCommand(CLI::App& app)
    : command_(app.add_subcommand("run", "Measures a running server")), flags_(std::make_unique<Flags>()) {
  Flags& flags = *flags_;
  LoadOptions& load = flags.load;
  load.timeout = absl::Seconds(20);
  load.warmup = absl::Seconds(2);
  load.loops = AvailableProcessors();
  command_->footer(absl::StrCat(kFooter, kTemplatesFooter));

  AddTargetArgument(*command_, &load.target);
  AddCountFlag(*command_, "--connections", &load.connections, {1, 10'000}, "Sockets, at most one for each caller");
  AddCountFlag(*command_, "--loops", &load.loops, {1, 256}, "Threads that send, at most one for each caller");
  AddEngineFlag(*command_, &load.engine);
  flags.load_flags.Add(*command_, &load);
  const CLI::Option* const payload_size = AddCountFlag(*command_, "--payload-size", &flags.payload_size, {0, 1 << 20},
                                                       "Bytes sent and echoed in each call of Fetch");
  AddDurationFlag(*command_, "-t,--timeout", &load.timeout, {absl::Milliseconds(1), absl::Hours(1)}, "Of each call");
  const CLI::Option* const wait = AddFetchWaitFlag(
      *command_, &load.request, "What the server waits for in each call of Fetch; its own backend if not given");
  flags.call_flags.Add(*command_);
  AddCredentialFlags(*command_, &flags.credentials);
  flags.call_option_flags.Add(*command_, &load.call);
  auto parse_threshold = [&flags](const std::string& text) {
    absl::StatusOr<Threshold> threshold = ParseThreshold("--threshold", text);
    if (!threshold.ok()) return threshold.status();
    flags.thresholds.push_back(*std::move(threshold));
    return absl::OkStatus();
  };
  AddRepeatedFlag(
      *command_, "--threshold", parse_threshold, "CONDITION",
      "What must hold for exit code 0, as p99<80ms, errors<0.1% or rate>=10000; p99{NAME}<80ms of one method "
      "of a mix; may be repeated");
  auto parse_condition = [&flags](const std::string& text) {
    absl::StatusOr<Threshold> condition = ParseAbortCondition("--abort-when", text);
    if (!condition.ok()) return condition.status();
    flags.abort_condition = *std::move(condition);
    return absl::OkStatus();
  };
  AddParsedFlag(*command_, "--abort-when", parse_condition, "CONDITION", "",
                "End the run when this holds of the calls so far, as errors>5%");
  AddOutputFlags(*command_, &flags.files);
  AddMetricsFlag(*command_, &flags.metrics);
  AddOutputFlag(*command_, "--hlog", &flags.log_file,
                "Write the times second by second as a log that HdrHistogram's tools read");
  AddRunConfigFlag(*command_, &flags.call_flags);

  command_->final_callback([&flags, &load, payload_size, wait] {
    flags.load_flags.Finish(&load);
    flags.call_flags.Finish({payload_size, wait}, load.shape && load.shape->arrival.kind == Arrival::Kind::kPoisson);
    if (load.shape) load.shape->arrival.seed = flags.call_flags.seed();
  });
}

RunCommand::~RunCommand() = default;

bool RunCommand::chosen() const { return command_->parsed(); }

int RunCommand::Execute(const absl::Notification& stop) {
  LoadOptions& load = flags_->load;
  load.request.set_payload(std::string(flags_->payload_size, 'x'));
  absl::StatusOr<Credentials> credentials = MakeCredentials(flags_->credentials);
  if (!credentials.ok()) return Fail(credentials.status(), kExitUsage);
  load.credentials = *std::move(credentials);
  if (const absl::Status status = flags_->call_flags.Prepare(&load); !status.ok()) {
    return Fail(status, absl::IsUnavailable(status) ? kExitFailed : kExitUsage);
  }
  if (absl::Status fit = flags_->call_option_flags.Check(load.plan.get()); !fit.ok()) return Fail(fit, kExitUsage);
  if (absl::Status found = CheckMethods("--threshold", flags_->thresholds, load.plan.get()); !found.ok()) {
    return Fail(found, kExitUsage);
  }
  const v1::Host host = ReadHost();

  std::optional<IntervalLog> log;
  if (!flags_->log_file.empty()) {
    load.log = &log.emplace(flags_->log_file);
    if (!log->status().ok()) return Fail(log->status(), kExitFailed);
  }
  std::unique_ptr<RunMetrics> metrics;
  if (!flags_->metrics.empty()) {
    absl::StatusOr<std::unique_ptr<RunMetrics>> listening = RunMetrics::Listen(flags_->metrics);
    if (!listening.ok()) return Fail(listening.status(), kExitFailed);
    metrics = *std::move(listening);
    std::cerr << "loadtest: metrics at " << metrics->url() << "\n" << std::flush;
  }
  RunObserver observer(load, flags_->abort_condition, metrics.get());
  const absl::StatusOr<LoadResult> result = RunLoad(load, &observer, [&] {
    if (stop.HasBeenNotified()) observer.OnInterrupt();
    return stop.HasBeenNotified() || !observer.aborted().empty();
  });
  if (!result.ok()) return Fail(result.status(), kExitFailed);
  v1::RunReport report = ReportOf(load, flags_->load_flags.Description(load), *result, host);
  observer.SetSeen(&report);
  flags_->call_flags.Describe(&report);
  AddSettings(*command_, &report);
  flags_->call_flags.TellMix(report.mutable_settings());
  report.set_aborted(observer.aborted());
  report.set_interrupted(result->interrupted && observer.aborted().empty());
  for (const v1::ThresholdVerdict& verdict : Judge(flags_->thresholds, *result)) *report.add_thresholds() = verdict;
  absl::Status status = PrintReport(TextReport(report));
  status.Update(WriteReport(report, flags_->files));
  if (log) {
    log->WriteAll();
    status.Update(log->status());
  }
  if (!status.ok()) return Fail(status, kExitFailed);
  return ExitCodeOf(*result, report);
}

}  // namespace meanwhile
