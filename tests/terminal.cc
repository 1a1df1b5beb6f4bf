#include "tests/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/time/clock.h"

namespace meanwhile {

Terminal::Terminal(const std::vector<std::string>& arguments, unsigned short columns, unsigned short rows) {
  // In a session of its own, whose terminal this is: Ctrl-C then goes to it.
  std::vector<std::string> command = {"setsid", "--ctty", "setpriv", "--pdeathsig=KILL", "--"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : command) argv.push_back(argument.data());
  argv.push_back(nullptr);

  const winsize size = {rows, columns, 0, 0};
  int program_fd = -1;
  if (openpty(&fd_, &program_fd, nullptr, nullptr, &size) != 0) return;
  fcntl(fd_, F_SETFD, FD_CLOEXEC);
  fcntl(program_fd, F_SETFD, FD_CLOEXEC);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_adddup2(&actions, program_fd, fd);
  }
  if (posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) exit_code_ = 127;
  posix_spawn_file_actions_destroy(&actions);
  close(program_fd);
}

Terminal::~Terminal() {
  if (!exit_code_ && pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (fd_ >= 0) close(fd_);
}

void Terminal::Type(const std::string& keys) const {
  // A terminal takes so few at once.
  while (write(fd_, keys.data(), keys.size()) < 0 && errno == EINTR) {
  }
}

bool Terminal::WaitFor(const std::string& text, absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (out_.find(text) == std::string::npos) {
    if (absl::Now() > deadline || !Read()) return out_.find(text) != std::string::npos;
  }
  return true;
}

std::optional<int> Terminal::Wait(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  while (!exit_code_ && absl::Now() < deadline) {
    if (Read()) continue;
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  return exit_code_;
}

bool Terminal::Read() {
  pollfd watched = {fd_, POLLIN, 0};
  if (poll(&watched, 1, 100) == 0) return true;
  std::array<char, 4096> buffer;
  const ssize_t count = read(fd_, buffer.data(), buffer.size());
  // It fails once the program, and with it the other end, is gone.
  if (count < 0) return errno == EINTR;
  out_.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace meanwhile
