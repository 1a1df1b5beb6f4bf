#include "loadtest/run_command.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/channel_pool.h"
#include "client/flags.h"
#include "client/version.h"
#include "client/wait_flag.h"
#include "loadtest/engine_flag.h"
#include "loadtest/exit_codes.h"
#include "loadtest/host.h"
#include "loadtest/load_report.h"
#include "loadtest/load_run.h"
#include "loadtest/output_files.h"
#include "loadtest/progress.h"
#include "loadtest/report/text_report.h"
#include "loadtest/server_stats_reader.h"

namespace meanwhile {

struct RunCommand::Flags {
  LoadOptions load;
  std::size_t payload_size = 64;
  absl::Duration duration = absl::Seconds(10);
  OutputFiles files;
  CLI::Option* duration_option = nullptr;
  CLI::Option* warmup_option = nullptr;
};

namespace {

constexpr char kFooter[] =
    "Calls of Fetch are sent by so many callers at once, each as soon as its last call has returned. Every call that\n"
    "ends in the measured time counts, whatever its status.\n"
    "\n"
    "Exit codes: 0 good; 1 the target cannot be reached or went away, or no call succeeded; 2 bad usage;\n"
    "105 interrupted, what was measured is told; 106 the load tester was the limit.\n"
    "\n"
    "  loadtest run localhost:50051 -c 1000 -z 10s\n"
    "  loadtest run localhost:50051 -n 100000 --wait=simulated:normal:50ms,5ms --json=result.json";

// Looks at the server when the measured time begins and ends, and shows the progress.
class RunObserver final : public LoadObserver {
 public:
  explicit RunObserver(const std::string& target) : stats_reader_(target) {}

  void OnMeasuredTimeBegins() override { before_ = Look(); }
  void OnMeasuredTimeEnded() override {
    progress_line_.Clear();
    if (before_) after_ = Look();
  }
  void OnProgress(const LoadProgress& progress) override { progress_line_.Show(progress); }

  // Sets what the server told of itself, if it has an Admin service.
  void SetServer(v1::RunReport* report) const {
    if (before_) report->set_model(before_->stats.model());
    if (after_) *report->mutable_server() = UsageBetween(before_->stats, after_->stats, after_->time - before_->time);
  }

 private:
  struct Sight {
    v1::GetServerStatsResponse stats;
    absl::Time time;
  };

  std::optional<Sight> Look() {
    absl::StatusOr<v1::GetServerStatsResponse> stats = stats_reader_.Read();
    if (!stats.ok()) return std::nullopt;
    return Sight{*std::move(stats), absl::Now()};
  }

  ServerStatsReader stats_reader_;
  std::optional<Sight> before_;
  std::optional<Sight> after_;
  ProgressLine progress_line_{stderr};
};

// What Little's law allows: so many callers, each waiting at least so long. Known for a constant wait.
std::optional<double> IdealRate(const LoadOptions& load) {
  if (!load.request.wait().simulated().has_constant()) return std::nullopt;
  const google::protobuf::Duration& wait = load.request.wait().simulated().constant();
  const double seconds = static_cast<double>(wait.seconds()) + 1e-9 * wait.nanos();
  if (seconds <= 0) return std::nullopt;
  return static_cast<double>(load.in_flight) / seconds;
}

v1::RunReport ReportOf(const LoadOptions& load, const LoadResult& result, const v1::Host& host) {
  v1::RunReport report;
  report.set_version(kVersion);
  report.set_start_time(absl::FormatTime(absl::RFC3339_sec, result.start, absl::UTCTimeZone()));
  *report.mutable_host() = host;
  report.set_target(load.target);
  report.set_connections(static_cast<uint32_t>(result.connections));
  report.set_loops(static_cast<uint32_t>(result.loops));
  report.set_engine(std::string(NameOf(load.engine)));
  report.set_interrupted(result.interrupted);
  report.set_in_flight(static_cast<uint32_t>(load.in_flight));
  SetMeasured(result, &report);
  if (const std::optional<double> ideal = IdealRate(load)) report.set_ideal_share(report.achieved_rate() / *ideal);
  const std::vector<std::string> problems = ProblemsOf(result);
  report.mutable_problems()->Assign(problems.begin(), problems.end());
  report.set_valid(result.measurement.succeeded() > 0 && !IsServerGone(result) && !IsClientLimited(result));
  return report;
}

int ExitCodeOf(const LoadResult& result) {
  if (result.interrupted) return kExitInterrupted;
  if (result.measurement.succeeded() == 0 || IsServerGone(result)) return kExitFailed;
  return IsClientLimited(result) ? kExitClientLimited : kExitGood;
}

}  // namespace

RunCommand::RunCommand(CLI::App& app)
    : command_(app.add_subcommand("run", "Measures a running server")), flags_(std::make_unique<Flags>()) {
  Flags& flags = *flags_;
  LoadOptions& load = flags.load;
  load.timeout = absl::Seconds(20);
  load.warmup = absl::Seconds(2);
  load.loops = AvailableProcessors();
  command_->footer(kFooter);

  auto parse_target = [&load](const std::string& text) {
    load.target = text;
    return CheckTarget(text);
  };
  AddParsedFlag(*command_, "TARGET", parse_target, "", "", "The server: HOST:PORT or unix:PATH")->required();
  AddEngineFlag(*command_, &load.engine);
  AddCountFlag(*command_, "-c,--concurrency", &load.in_flight, {1, 100'000}, "Callers, each with one call in flight");
  AddCountFlag(*command_, "--connections", &load.connections, {1, 10'000}, "Sockets, at most one for each caller");
  AddCountFlag(*command_, "--loops", &load.loops, {1, 256}, "Threads that send, at most one for each caller");
  flags.duration_option = AddDurationFlag(*command_, "-z,--duration", &flags.duration,
                                          {absl::Milliseconds(1), absl::Hours(24)}, "Of the measured time");
  CLI::Option* const total =
      AddCountFlag(*command_, "-n,--total", &load.total, {1, 1'000'000'000'000},
                   "Measure exactly so many calls; without limit of time and without warm-up unless these are given");
  total->default_str("");
  flags.warmup_option = AddDurationFlag(*command_, "--warmup", &load.warmup, {absl::ZeroDuration(), absl::Hours(1)},
                                        "How long calls are sent before they are measured");
  AddCountFlag(*command_, "--payload-size", &flags.payload_size, {0, 1 << 20}, "Bytes sent and echoed in each call");
  AddDurationFlag(*command_, "-t,--timeout", &load.timeout, {absl::Milliseconds(1), absl::Hours(1)}, "Of each call");
  auto parse_wait = [&load](const std::string& text) {
    absl::StatusOr<v1::Wait> wait = ParseWait("--wait", text);
    if (!wait.ok()) return wait.status();
    *load.request.mutable_wait() = *std::move(wait);
    return absl::OkStatus();
  };
  AddParsedFlag(*command_, "-w,--wait", parse_wait, "WAIT", "",
                "What the server waits for in each call; its own backend if not given");
  AddOutputFlags(*command_, &flags.files);

  command_->final_callback([&flags, &load] {
    load.duration = flags.duration;
    if (load.total == 0) return;
    if (load.in_flight > load.total) {
      throw UsageError(FlagError("--concurrency", std::to_string(load.in_flight),
                                 absl::StrCat("must be at most --total, which is ", load.total)));
    }
    if (flags.duration_option->count() == 0) load.duration = absl::InfiniteDuration();
    if (flags.warmup_option->count() == 0) load.warmup = absl::ZeroDuration();
  });
}

RunCommand::~RunCommand() = default;

bool RunCommand::chosen() const { return command_->parsed(); }

int RunCommand::Execute(const absl::Notification& stop) {
  LoadOptions& load = flags_->load;
  load.request.set_payload(std::string(flags_->payload_size, 'x'));
  const v1::Host host = ReadHost();

  RunObserver observer(load.target);
  const absl::StatusOr<LoadResult> result = RunLoad(load, &observer, [&stop] { return stop.HasBeenNotified(); });
  if (!result.ok()) {
    std::cerr << "loadtest: " << result.status().message() << "\n";
    return kExitFailed;
  }
  v1::RunReport report = ReportOf(load, *result, host);
  observer.SetServer(&report);
  std::cout << TextReport(report) << std::flush;
  if (absl::Status status = WriteReport(report, flags_->files); !status.ok()) {
    std::cerr << "loadtest: " << status.message() << "\n";
    return kExitFailed;
  }
  return ExitCodeOf(*result);
}

}  // namespace meanwhile
