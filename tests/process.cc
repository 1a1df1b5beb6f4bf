#include "tests/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/time/clock.h"

namespace meanwhile {
namespace {

// Reads once from a stream that has something. Closes it at its end.
void ReadOnce(int* fd, std::string* text) {
  std::array<char, 4096> buffer;
  const ssize_t count = read(*fd, buffer.data(), buffer.size());
  if (count > 0) {
    text->append(buffer.data(), static_cast<std::size_t>(count));
  } else if (count == 0 || errno != EINTR) {
    close(std::exchange(*fd, -1));
  }
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"setpriv", "--pdeathsig=KILL", "--"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : command) argv.push_back(argument.data());
  argv.push_back(nullptr);

  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) return;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  if (posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) exit_code_ = 127;
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  out_.fd = out[0];
  err_.fd = err[0];
}

Process::~Process() {
  if (!exit_code_) {
    Signal(SIGKILL);
    Wait();
  }
  for (const int fd : {out_.fd, err_.fd}) {
    if (fd >= 0) close(fd);
  }
}

void Process::Signal(int number) const {
  if (!exit_code_) kill(pid_, number);
}

std::optional<std::string> Process::ReadErrorLine(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  std::size_t end;
  while ((end = err_.text.find('\n', err_lines_end_)) == std::string::npos) {
    if (!Read(deadline)) return std::nullopt;
  }
  std::string line = err_.text.substr(err_lines_end_, end - err_lines_end_);
  err_lines_end_ = end + 1;
  return line;
}

std::optional<int> Process::Wait(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  // A process that has ended has closed its streams.
  while (Read(deadline)) {
  }
  if (!exit_code_ && out_.fd < 0 && err_.fd < 0) {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  return exit_code_;
}

bool Process::Read(absl::Time deadline) {
  if (out_.fd < 0 && err_.fd < 0) return false;
  const absl::Duration left = std::max(deadline - absl::Now(), absl::ZeroDuration());
  // poll passes over a descriptor of -1.
  std::array<pollfd, 2> watched = {pollfd{out_.fd, POLLIN, 0}, pollfd{err_.fd, POLLIN, 0}};
  const int ready =
      poll(watched.data(), watched.size(), static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)))));
  if (ready == 0) return false;
  if (watched[0].revents != 0) ReadOnce(&out_.fd, &out_.text);
  if (watched[1].revents != 0) ReadOnce(&err_.fd, &err_.text);
  return true;
}

Outcome RunProcess(const std::vector<std::string>& arguments) {
  Process process(arguments);
  const std::optional<int> exit_code = process.Wait();
  return {exit_code, process.out(), process.err()};
}

}  // namespace meanwhile
