#include "loadtest/servers/server_process.h"

#include <fcntl.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace meanwhile {
namespace {

constexpr absl::Duration kLookPeriod = absl::Milliseconds(5);

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
  const std::string program = absl::StrReplaceAll(command.command, {{"{port}", absl::StrCat(port)}});
  // A load tester that died before setpriv had asked for the signal is no parent any more.
  arguments.insert(arguments.end(), {"sh", "-c", absl::StrCat("test $PPID = ", getpid(), " && exec ", program)});
  return arguments;
}

// Spawns with stdout and stderr going to `output_fd` and no signal blocked.
int SpawnWithOutput(std::vector<std::string>& arguments, int output_fd, pid_t* pid) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output_fd, STDERR_FILENO);
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

// Whether a child has ended, which remains a zombie; then its exit code, or minus the signal that ended it.
bool HasEnded(pid_t pid, int* exit_code) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return false;
  *exit_code = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
  return true;
}

// Waits so long for output. False when none came, as when the pipe has ended, which is then closed.
bool TakeIn(int* fd, absl::Duration patience, LastLines* lines) {
  // poll passes over a descriptor of -1, and only waits.
  pollfd watched = {*fd, POLLIN, 0};
  if (poll(&watched, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) <= 0) return false;
  std::array<char, 4096> buffer;
  const ssize_t size = read(*fd, buffer.data(), buffer.size());
  if (size <= 0) {
    close(std::exchange(*fd, -1));
    return false;
  }
  lines->Append({buffer.data(), static_cast<std::size_t>(size)});
  return true;
}

}  // namespace

ServerProcess::ServerProcess(ServerCommand command, int port, const ServerPatience& patience)
    : command_(std::move(command)), port_(port), target_(absl::StrCat("127.0.0.1:", port)), patience_(patience) {}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(const ServerCommand& command,
                                                                    const std::string& processors,
                                                                    absl::FunctionRef<bool()> stopped,
                                                                    const Credentials& credentials,
                                                                    const ServerPatience& patience) {
  const absl::StatusOr<int> port = FreePort();
  if (!port.ok()) return port.status();
  std::unique_ptr<ServerProcess> server(new ServerProcess(command, *port, patience));
  if (absl::Status status = server->Spawn(processors); !status.ok()) return status;
  if (absl::Status status = server->WaitUntilServing(stopped, credentials); !status.ok()) return status;
  return server;
}

absl::Status ServerProcess::Spawn(const std::string& processors) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return FromErrno("no pipe", errno);
  std::vector<std::string> arguments = ArgumentsOf(command_, processors, port_);
  const int error = SpawnWithOutput(arguments, ends[1], &pid_);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    pid_ = -1;
    return FromErrno(absl::StrCat("cannot start server ", command_.name), error);
  }
  attendant_ = std::thread([this, fd = ends[0]] { Attend(fd); });
  return absl::OkStatus();
}

absl::Status ServerProcess::WaitUntilServing(absl::FunctionRef<bool()> stopped, const Credentials& credentials) {
  const absl::Time deadline = absl::Now() + patience_.start;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  if (!credentials.authority.empty()) arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, credentials.authority);
  const auto channel = grpc::CreateCustomChannel(
      target_, credentials.channel != nullptr ? credentials.channel : grpc::InsecureChannelCredentials(), arguments);
  const auto stub = grpc::health::v1::Health::NewStub(channel);
  while (absl::Now() < deadline) {
    if (stopped()) return absl::CancelledError("interrupted");
    if (ended_) {
      return command_.usage_exit_code == exit_code_ ? absl::InvalidArgumentError(Obituary())
                                                    : absl::UnavailableError(Obituary());
    }
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(std::min(deadline, absl::Now() + absl::Milliseconds(200))));
    context.set_wait_for_ready(true);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = stub->Check(&context, {}, &response);
    if (status.ok() && response.status() == grpc::health::v1::HealthCheckResponse::SERVING) return absl::OkStatus();
    if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) return absl::OkStatus();
    absl::SleepFor(kLookPeriod);
  }
  return absl::UnavailableError(absl::StrCat("server ", command_.name, " did not serve on ", target_, " within ",
                                             absl::FormatDuration(patience_.start), "; ", Obituary()));
}

void ServerProcess::Attend(int output_fd) {
  for (bool ended = false; !ended;) {
    ended = HasEnded(pid_, &exit_code_);
    // Whoever the server has started would go on, and hold the pipe open.
    if (ended) kill(-pid_, SIGKILL);
    // After the server's end all that is left in the pipe.
    while (TakeIn(&output_fd, ended ? absl::ZeroDuration() : kLookPeriod, &last_lines_) && ended) {
    }
  }
  if (output_fd >= 0) close(output_fd);
  ended_ = true;
}

std::string ServerProcess::Obituary() const {
  std::string text = absl::StrCat("server ", command_.name, " ");
  if (!ended_) {
    absl::StrAppend(&text, "is still running");
  } else if (exit_code_ < 0) {
    absl::StrAppend(&text, "was ended by signal ", -exit_code_, " (", strsignal(-exit_code_), ")");
  } else {
    absl::StrAppend(&text, "exited with ", exit_code_);
  }
  const std::vector<std::string> lines = last_lines_.Get();
  if (lines.empty()) return absl::StrCat(text, "; it wrote nothing");
  return absl::StrCat(text, "; its last lines:\n  ", absl::StrJoin(lines, "\n  "));
}

absl::Status ServerProcess::Stop() {
  const bool ended_by_itself = ended_;
  if (!ended_by_itself) kill(pid_, SIGTERM);
  const absl::Time deadline = absl::Now() + patience_.stop;
  while (!ended_ && absl::Now() < deadline) absl::SleepFor(kLookPeriod);
  if (!ended_) kill(pid_, SIGKILL);
  Reap();
  if (ended_by_itself) return absl::UnavailableError(Obituary());
  // Programs that handle the signal by the shell's convention exit with 128 + SIGTERM.
  for (const int asked_for : {0, -SIGTERM, 128 + SIGTERM, -SIGKILL}) {
    if (exit_code_ == asked_for) return absl::OkStatus();
  }
  return absl::InternalError(Obituary());
}

void ServerProcess::Reap() {
  attendant_.join();
  waitpid(std::exchange(pid_, -1), nullptr, 0);
}

ServerProcess::~ServerProcess() {
  if (pid_ >= 0) Stop().IgnoreError();
}

}  // namespace meanwhile
