#include "loadtest/server_process.h"

#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace meanwhile {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(15);
constexpr absl::Duration kStopTimeout = absl::Seconds(5);
constexpr absl::Duration kLookPeriod = absl::Milliseconds(5);
constexpr std::size_t kLinesKept = 20;

absl::Status FromErrno(absl::string_view what, int error) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(error)));
}

// A port that nobody listens on at this moment.
absl::StatusOr<int> FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return FromErrno("no socket", errno);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(name);
  const bool found = bind(fd, reinterpret_cast<sockaddr*>(&name), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0;
  const int error = errno;
  close(fd);
  if (!found) return FromErrno("no free port", error);
  return ntohs(name.sin_port);
}

std::vector<std::string> ArgumentsOf(const ServerCommand& command, const std::string& processors, int port) {
  std::vector<std::string> arguments = {"setpriv", "--pdeathsig", "KILL"};
  if (!processors.empty()) arguments.insert(arguments.end(), {"taskset", "-c", processors});
  const std::string shell_command = absl::StrReplaceAll(command.command, {{"{port}", absl::StrCat(port)}});
  arguments.insert(arguments.end(), {"sh", "-c", absl::StrCat("exec ", shell_command)});
  return arguments;
}

// Spawns with stdout and stderr going to `stderr_fd` and no signal blocked.
int SpawnWithStderr(std::vector<std::string>& arguments, int stderr_fd, pid_t* pid) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, stderr_fd, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, stderr_fd, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  // A group of its own: Ctrl-C on the terminal is for the load tester, which then ends the server in order.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  const int error = posix_spawnp(pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

}  // namespace

ServerProcess::ServerProcess(ServerCommand command, std::string target)
    : command_(std::move(command)), target_(std::move(target)) {}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(const ServerCommand& command,
                                                                    const std::string& processors,
                                                                    absl::FunctionRef<bool()> stopped) {
  const absl::StatusOr<int> port = FreePort();
  if (!port.ok()) return port.status();
  std::unique_ptr<ServerProcess> server(new ServerProcess(command, absl::StrCat("127.0.0.1:", *port)));
  if (absl::Status status = server->Spawn(processors, *port); !status.ok()) return status;
  if (absl::Status status = server->WaitUntilServing(stopped); !status.ok()) return status;
  return server;
}

absl::Status ServerProcess::Spawn(const std::string& processors, int port) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return FromErrno("no pipe", errno);
  std::vector<std::string> arguments = ArgumentsOf(command_, processors, port);
  const int error = SpawnWithStderr(arguments, ends[1], &pid_);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    pid_ = -1;
    return FromErrno(absl::StrCat("cannot start server ", command_.name), error);
  }
  attendant_ = std::thread([this, fd = ends[0]] { Attend(fd); });
  return absl::OkStatus();
}

absl::Status ServerProcess::WaitUntilServing(absl::FunctionRef<bool()> stopped) {
  const absl::Time deadline = absl::Now() + kStartTimeout;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  const auto channel = grpc::CreateCustomChannel(target_, grpc::InsecureChannelCredentials(), arguments);
  const auto stub = grpc::health::v1::Health::NewStub(channel);
  while (absl::Now() < deadline) {
    if (stopped()) return absl::CancelledError("interrupted");
    if (ended_) return absl::UnavailableError(Obituary());
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(200)));
    context.set_wait_for_ready(true);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = stub->Check(&context, {}, &response);
    if (status.ok() && response.status() == grpc::health::v1::HealthCheckResponse::SERVING) return absl::OkStatus();
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) return absl::OkStatus();
    absl::SleepFor(kLookPeriod);
  }
  return absl::UnavailableError(absl::StrCat("server ", command_.name, " did not serve on ", target_, " within ",
                                             absl::FormatDuration(kStartTimeout), "; ", Obituary()));
}

void ServerProcess::Attend(int stderr_fd) {
  std::FILE* file = fdopen(stderr_fd, "r");
  char* line = nullptr;
  std::size_t capacity = 0;
  for (ssize_t size = 0; (size = getline(&line, &capacity, file)) > 0;) {
    if (line[size - 1] == '\n') --size;
    const std::lock_guard lock(mutex_);
    last_lines_.emplace_back(line, size);
    if (last_lines_.size() > kLinesKept) last_lines_.pop_front();
  }
  free(line);
  fclose(file);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  wait_status_ = status;
  ended_ = true;
}

std::string ServerProcess::Obituary() const {
  std::string text = absl::StrCat("server ", command_.name, " ");
  if (!ended_) {
    absl::StrAppend(&text, "is still running");
  } else if (WIFSIGNALED(wait_status_)) {
    absl::StrAppend(&text, "was ended by signal ", WTERMSIG(wait_status_), " (", strsignal(WTERMSIG(wait_status_)), ")");
  } else {
    absl::StrAppend(&text, "exited with ", WEXITSTATUS(wait_status_));
  }
  const std::lock_guard lock(mutex_);
  if (last_lines_.empty()) return absl::StrCat(text, "; it wrote nothing to stderr");
  return absl::StrCat(text, "; its last lines:\n  ", absl::StrJoin(last_lines_, "\n  "));
}

absl::Status ServerProcess::Stop() {
  if (!attendant_.joinable()) return absl::OkStatus();
  const bool ended_by_itself = ended_;
  // A pid that was waited for may be another process's by now; before that it is not.
  if (!ended_by_itself) kill(pid_, SIGTERM);
  const absl::Time deadline = absl::Now() + kStopTimeout;
  while (!ended_ && absl::Now() < deadline) absl::SleepFor(kLookPeriod);
  if (!ended_) kill(pid_, SIGKILL);
  attendant_.join();
  if (ended_by_itself) return absl::UnavailableError(Obituary());
  if (WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0) return absl::OkStatus();
  return absl::InternalError(Obituary());
}

ServerProcess::~ServerProcess() { Stop().IgnoreError(); }

}  // namespace meanwhile
