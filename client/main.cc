// `client`: one call from the terminal.
//
//   client fetch localhost:50051 --wait=simulated:50ms --payload=hello --timeout=1s

#include <google/protobuf/util/json_util.h>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "async/event_loop.h"
#include "async/task.h"
#include "client/channel_pool.h"
#include "client/config_flag.h"
#include "client/credentials.h"
#include "client/flags.h"
#include "client/grpc_log.h"
#include "client/meanwhile_client.h"
#include "client/wait_flag.h"

namespace meanwhile {
namespace {

// A call that failed ends the program with this and its status code, as grpcurl does.
constexpr int kFirstStatusExitCode = 64;
constexpr int kNotServingExitCode = 1;

constexpr char kFooter[] =
    "WAIT is simulated:SPEC, file-read:PATH, file-write:PATH=CONTENT, query:KEY, store:KEY=VALUE, remote or "
    "remote:WAIT.\n"
    "TARGET is HOST:PORT or unix:PATH. The answer is printed as JSON in protobuf's mapping: bytes are base64, "
    "durations\n"
    "are strings such as \"0.050s\".\n"
    "\n"
    "Exit codes: 0 the call succeeded; 1 health: the server does not serve; 2 bad usage; 64 + the gRPC status code "
    "when\n"
    "the call failed (78 is UNAVAILABLE), the status being on stderr.";

struct Flags {
  std::string target;
  CredentialFlags credential_flags;
  Credentials credentials;
  absl::Duration timeout = absl::Seconds(30);
  std::string payload;
  std::vector<v1::Wait> waits;
  v1::GatherRequest::Mode mode = v1::GatherRequest::IN_SEQUENCE;
  uint64_t rounds = 1'000'000;
  uint64_t seed = 0;
  std::string service;
};

CLI::App* AddCommand(CLI::App& app, Flags& flags, const std::string& name, const std::string& description) {
  CLI::App* command = app.add_subcommand(name, description);
  auto parse_target = [&flags](const std::string& text) {
    flags.target = text;
    return CheckTarget(text);
  };
  AddParsedFlag(*command, "TARGET", parse_target, "", "", "The server: HOST:PORT or unix:PATH")->required();
  AddDurationFlag(*command, "-t,--timeout", &flags.timeout, {absl::Milliseconds(1), absl::Hours(24)},
                  "How long the call may take");
  AddCredentialFlags(*command, &flags.credential_flags);
  return command;
}

void AddWaitFlag(CLI::App* command, Flags& flags, CLI::MultiOptionPolicy policy, const std::string& description) {
  auto parse = [&flags](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      absl::StatusOr<v1::Wait> wait = ParseWait("--wait", text);
      if (!wait.ok()) throw UsageError(std::string(wait.status().message()));
      flags.waits.push_back(*std::move(wait));
    }
  };
  command->add_option_function<std::vector<std::string>>("-w,--wait", parse, description)
      ->type_name("WAIT")
      ->allow_extra_args(false)
      ->multi_option_policy(policy);
}

absl::Status ParseMode(const std::string& text, v1::GatherRequest::Mode* mode) {
  if (text == "in-sequence") {
    *mode = v1::GatherRequest::IN_SEQUENCE;
  } else if (text == "at-once") {
    *mode = v1::GatherRequest::AT_ONCE;
  } else if (text == "first-of") {
    *mode = v1::GatherRequest::FIRST_OF;
  } else {
    return absl::InvalidArgumentError(FlagError("--mode", text, "must be in-sequence, at-once or first-of"));
  }
  return absl::OkStatus();
}

void Print(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string json;
  // The messages of this service have nothing that JSON cannot say.
  (void)google::protobuf::util::MessageToJsonString(message, &json, options);
  std::cout << json << std::flush;
}

// Makes one call and prints how it ended. Returns the exit code.
template <typename Request, typename Response>
int Call(const Flags& flags,
         async::Task<grpc::Status> (MeanwhileClient::*method)(const Request&, Response*, CallOptions),
         const Request& request, Response* response) {
  async::EventLoop loop;
  MeanwhileClient client(&loop, ChannelPool({.target = flags.target, .credentials = flags.credentials}));
  grpc::Status status;
  auto call = [&]() -> async::Task<> {
    status = co_await (client.*method)(request, response, {.timeout = flags.timeout});
  };
  loop.Spawn(call());
  loop.Stop();
  loop.Run();
  if (status.ok()) {
    Print(*response);
    return 0;
  }
  std::cerr << absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code())) << ": "
            << status.error_message() << "\n";
  return kFirstStatusExitCode + static_cast<int>(status.error_code());
}

int Fetch(const Flags& flags) {
  v1::FetchRequest request;
  request.set_payload(flags.payload);
  if (!flags.waits.empty()) *request.mutable_wait() = flags.waits.back();
  v1::FetchResponse response;
  return Call(flags, &MeanwhileClient::Fetch, request, &response);
}

int Gather(const Flags& flags) {
  v1::GatherRequest request;
  request.set_mode(flags.mode);
  request.mutable_waits()->Assign(flags.waits.begin(), flags.waits.end());
  v1::GatherResponse response;
  return Call(flags, &MeanwhileClient::Gather, request, &response);
}

int Compute(const Flags& flags) {
  v1::ComputeRequest request;
  request.set_rounds(flags.rounds);
  request.set_seed(flags.seed);
  v1::ComputeResponse response;
  return Call(flags, &MeanwhileClient::Compute, request, &response);
}

int Stats(const Flags& flags) {
  v1::GetServerStatsResponse response;
  return Call(flags, &MeanwhileClient::GetServerStats, v1::GetServerStatsRequest(), &response);
}

int Health(const Flags& flags) {
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(flags.service);
  grpc::health::v1::HealthCheckResponse response;
  const int exit_code = Call(flags, &MeanwhileClient::Check, request, &response);
  if (exit_code != 0) return exit_code;
  return response.status() == grpc::health::v1::HealthCheckResponse::SERVING ? 0 : kNotServingExitCode;
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("Makes one call to a Meanwhile server and prints the answer.", "client");
  app.footer(kFooter);
  app.require_subcommand(1);

  CLI::App* fetch = AddCommand(app, flags, "fetch", "One wait; the payload comes back");
  fetch->add_option("-p,--payload", flags.payload, "Sent, and echoed by the server")->type_name("TEXT");
  AddWaitFlag(fetch, flags, CLI::MultiOptionPolicy::TakeLast,
              "What the server waits for; its own backend if not given");

  CLI::App* gather = AddCommand(app, flags, "gather", "Many waits in one call");
  AddWaitFlag(gather, flags, CLI::MultiOptionPolicy::TakeAll, "What the server waits for; once for each wait");
  auto parse_mode = [&flags](const std::string& text) { return ParseMode(text, &flags.mode); };
  AddParsedFlag(*gather, "-m,--mode", parse_mode, "MODE", "in-sequence", "in-sequence, at-once or first-of");

  CLI::App* compute = AddCommand(app, flags, "compute", "Computes a hash, without any wait");
  AddCountFlag(*compute, "-r,--rounds", &flags.rounds, {1, 1'000'000'000}, "How many rounds of the hash");
  AddCountFlag(*compute, "-s,--seed", &flags.seed, {0, UINT64_MAX}, "Where the hash starts");

  CLI::App* stats = AddCommand(app, flags, "stats", "What the server is and has spent so far");

  CLI::App* health = AddCommand(app, flags, "health", "Whether the server serves");
  health->add_option("--service", flags.service, "A service's name; empty asks for the whole server")
      ->type_name("NAME");

  for (CLI::App* command : {fetch, gather, compute, stats, health}) AddConfigFlag(*command);
  if (const std::optional<int> exit_code = ParseFlags(app, argc, argv)) return *exit_code;
  absl::StatusOr<Credentials> credentials = MakeCredentials(flags.credential_flags);
  if (!credentials.ok()) {
    std::cerr << "client: " << credentials.status().message() << "\n";
    return kUsageExitCode;
  }
  flags.credentials = *std::move(credentials);
  if (*fetch) return Fetch(flags);
  if (*gather) return Gather(flags);
  if (*compute) return Compute(flags);
  if (*stats) return Stats(flags);
  return Health(flags);
}

}  // namespace
}  // namespace meanwhile

int main(int argc, char** argv) {
#ifdef NDEBUG
  // Debian's Abseil was built with its deadlock detection on, which costs a graph search at each lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  meanwhile::LogNoHandshakes();
  return meanwhile::Main(argc, argv);
}
