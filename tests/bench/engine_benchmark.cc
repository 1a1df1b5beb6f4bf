// What a call costs the load tester: calls for each second of processor time that the client spends, engine http2
// against itself with a call out of a schema and JSON (`dynamic`), and with a template that is filled and encoded for
// each call (`template`), against engine grpc, against a client that is written by hand on gRPC's completion queue
// (`bare`, bare_client.h), against h2load (Debian's nghttp2-client, when it is on the PATH), all against the same bare
// server. Rounds are interleaved, so that what the machine does meanwhile hits all of them.
//
//   ./bazelw run -c opt //tests/bench:engine_benchmark -- --rounds=5 --seconds=2
//
// h2load is what HTTP/2 costs without gRPC: it looks at no grpc-status, frames no message, keeps no deadline and no
// histogram of HdrHistogram's kind.

#include <signal.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "loadtest/call/call_data.h"
#include "loadtest/call/call_mix.h"
#include "loadtest/call/schema.h"
#include "loadtest/engine/http2/message_framing.h"
#include "loadtest/load/load_run.h"
#include "meanwhile/v1/meanwhile.pb.h"
#include "tests/bench/bare_client.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

constexpr std::size_t kConnections = 8;
constexpr std::size_t kPayloadBytes = 64;
constexpr absl::Duration kTimeout = absl::Seconds(20);  // h2load's request says so, too.
constexpr absl::Duration kWarmup = absl::Milliseconds(300);

struct Sample {
  double calls_per_processor_second;
  double calls_per_second;
};

struct Settings {
  std::size_t rounds = 5;
  std::size_t seconds = 2;
  std::size_t loops = 1;
  std::string server_processor;
  std::string wait = "0";
};

absl::Duration ProcessorTimeOfChildren() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

v1::FetchRequest Request() {
  v1::FetchRequest request;
  request.set_payload(std::string(kPayloadBytes, 'x'));
  return request;
}

// The same request as `run --call=meanwhile.v1.Meanwhile/Fetch -d JSON` makes it: its schema is read, not compiled in.
std::shared_ptr<const CallPlan> DynamicPlan(bool with_template) {
  google::protobuf::FileDescriptorSet files;
  v1::FetchRequest::descriptor()->file()->CopyTo(files.add_file());
  for (int i = 0; i < v1::FetchRequest::descriptor()->file()->dependency_count(); ++i) {
    v1::FetchRequest::descriptor()->file()->dependency(i)->CopyTo(files.add_file());
  }
  const Method method =
      FindMethod(*Schema::Make(files, "the benchmark"), *ParseMethodName("--call", "meanwhile.v1.Meanwhile/Fetch"))
          .value();
  // 84 letters of base64 are 63 bytes.
  const std::string payload =
      with_template ? "{{randomString 84}}AA==" : absl::Base64Escape(std::string(kPayloadBytes, 'x'));
  CallData data = CallData::FromJson(method, "data", absl::StrCat("{\"payload\": \"", payload, "\"}")).value();
  return MixCalls({{method, std::move(data)}}).plan;
}

// `name`: http2, dynamic, template or grpc.
std::optional<Sample> MeasureEngine(const std::string& name, int port, std::size_t in_flight,
                                    const Settings& settings) {
  LoadOptions load;
  load.engine = name == "grpc" ? EngineKind::kGrpc : EngineKind::kHttp2;
  if (name == "dynamic" || name == "template") load.plan = DynamicPlan(name == "template");
  load.target = absl::StrCat("127.0.0.1:", port);
  load.in_flight = in_flight;
  load.connections = kConnections;
  load.loops = settings.loops;
  load.request = Request();
  load.timeout = kTimeout;
  load.warmup = kWarmup;
  load.duration = absl::Seconds(settings.seconds);
  const absl::StatusOr<LoadResult> result = RunLoad(load);
  if (!result.ok() || result->measurement.succeeded() != result->measurement.calls()) {
    std::fprintf(stderr, "%s failed: %s\n", name.c_str(), std::string(result.status().message()).c_str());
    return std::nullopt;
  }
  const auto calls = static_cast<double>(result->measurement.calls());
  return Sample{calls / absl::ToDoubleSeconds(result->processor_time), calls / absl::ToDoubleSeconds(result->elapsed)};
}

std::optional<Sample> MeasureBareClient(int port, std::size_t in_flight, const Settings& settings) {
  const BareClientResult result = RunBareClient({.target = absl::StrCat("127.0.0.1:", port),
                                                 .connections = kConnections,
                                                 .in_flight = in_flight,
                                                 .loops = settings.loops,
                                                 .request = Request(),
                                                 .timeout = kTimeout,
                                                 .warmup = kWarmup,
                                                 .duration = absl::Seconds(settings.seconds)});
  if (result.failed > 0 || result.calls == 0) {
    std::fprintf(stderr, "bare failed: %llu calls\n", static_cast<unsigned long long>(result.failed));
    return std::nullopt;
  }
  const auto calls = static_cast<double>(result.calls);
  return Sample{calls / absl::ToDoubleSeconds(result.processor_time), calls / absl::ToDoubleSeconds(result.elapsed)};
}

// h2load as a process, over the whole of its life.
std::optional<Sample> MeasureH2load(int port, std::size_t in_flight, const Settings& settings,
                                    const std::string& body_file) {
  const absl::Duration before = ProcessorTimeOfChildren();
  const Outcome outcome =
      RunProcess({"h2load", "-c", absl::StrCat(kConnections), "-m", absl::StrCat(in_flight / kConnections), "-t",
                  absl::StrCat(settings.loops), "-D", absl::StrCat(settings.seconds), "-d", body_file, "-H",
                  "te: trailers", "-H", "content-type: application/grpc", "-H", "grpc-timeout: 20S",
                  absl::StrCat("http://127.0.0.1:", port, "/meanwhile.v1.Meanwhile/Fetch")});
  const absl::Duration spent = ProcessorTimeOfChildren() - before;
  if (outcome.exit_code != 0) return std::nullopt;
  // `requests: 123 total, 123 started, 123 done, 123 succeeded, …`
  const std::size_t line = outcome.out.find("\nrequests: ");
  const std::size_t end = outcome.out.find(" done", line);
  if (line == std::string::npos || end == std::string::npos) return std::nullopt;
  const std::vector<std::string> words = absl::StrSplit(outcome.out.substr(line, end - line), ' ');
  double calls = 0;
  if (!absl::SimpleAtod(words.back(), &calls) || calls == 0) return std::nullopt;
  return Sample{calls / absl::ToDoubleSeconds(spent), calls / static_cast<double>(settings.seconds)};
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void Report(std::size_t in_flight, const std::map<std::string, std::vector<Sample>>& samples) {
  std::printf("\n%zu in flight on %zu connections\n", in_flight, kConnections);
  std::map<std::string, double> medians;
  for (const auto& [name, each] : samples) {
    std::vector<double> efficiencies;
    std::vector<double> rates;
    for (const Sample& sample : each) {
      efficiencies.push_back(sample.calls_per_processor_second);
      rates.push_back(sample.calls_per_second);
    }
    if (each.empty()) continue;
    medians[name] = Median(efficiencies);
    std::printf("  %-8s %9.0f calls for each processor-second (%.2f us a call), %.0f to %.0f; %.0f calls/s\n",
                name.c_str(), medians[name], 1e6 / medians[name],
                *std::min_element(efficiencies.begin(), efficiencies.end()),
                *std::max_element(efficiencies.begin(), efficiencies.end()), Median(rates));
  }
  for (const char* other : {"dynamic", "template", "grpc", "bare", "h2load"}) {
    if (medians.count(other) > 0 && medians.count("http2") > 0) {
      std::printf("  http2 is %.2f times %s\n", medians["http2"] / medians[other], other);
    }
  }
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  Settings settings;
  std::string server = "tests/bench/bare_server";
  std::vector<std::size_t> levels = {64, 4000};
  std::vector<std::string> names = {"http2", "dynamic", "template", "grpc", "bare", "h2load"};
  CLI::App app("What a call costs the load tester, engine by engine.");
  app.add_option("--rounds", settings.rounds, "How often each is measured")->check(CLI::Range(1, 100));
  app.add_option("--seconds", settings.seconds, "Of each measurement")->check(CLI::Range(1, 60));
  app.add_option("--loops", settings.loops, "Threads of the client")->check(CLI::Range(1, 8));
  app.add_option("--in-flight", levels, "Calls in flight, a multiple of 8 each")->delimiter(',');
  app.add_option("--engines", names, "What is measured")->delimiter(',');
  app.add_option("--wait", settings.wait, "How long the server waits in each call");
  app.add_option("--server", server, "The bare server");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  // Before any thread: the servers are children.
  std::vector<std::string> command = {server, "--listen=127.0.0.1:0", "--loops=1",
                                      absl::StrCat("--wait=", settings.wait)};
  Process process(command);
  const std::optional<std::string> line = process.ReadErrorLine();
  int port = 0;
  if (!line || std::sscanf(line->c_str(), "bare server: serving on port %d", &port) != 1) {
    std::fprintf(stderr, "%s does not serve\n", server.c_str());
    return 1;
  }
  if (RunProcess({"h2load", "--version"}).exit_code != 0) {
    std::printf("h2load is not on the PATH (Debian: nghttp2-client), so it is left out\n");
    names.erase(std::remove(names.begin(), names.end(), "h2load"), names.end());
  }

  std::string body;
  http2::AppendMessage(Request().SerializeAsString(), false, &body);
  const char* const tmp = std::getenv("TMPDIR");
  const std::string body_file = absl::StrCat(tmp == nullptr ? "/tmp" : tmp, "/engine_benchmark.", process.pid());
  std::ofstream(body_file, std::ios::binary) << body;

  bool failed = false;
  for (const std::size_t in_flight : levels) {
    std::map<std::string, std::vector<Sample>> samples;
    for (std::size_t round = 0; round < settings.rounds; ++round) {
      for (const std::string& name : names) {
        const std::optional<Sample> sample = name == "h2load" ? MeasureH2load(port, in_flight, settings, body_file)
                                             : name == "bare" ? MeasureBareClient(port, in_flight, settings)
                                                              : MeasureEngine(name, port, in_flight, settings);
        if (sample) samples[name].push_back(*sample);
        failed |= !sample;
      }
    }
    Report(in_flight, samples);
  }
  std::remove(body_file.c_str());
  process.Signal(SIGTERM);
  process.Wait();
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace meanwhile

int main(int argc, char** argv) { return meanwhile::Main(argc, argv); }
