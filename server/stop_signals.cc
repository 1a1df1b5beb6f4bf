#include "server/stop_signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "absl/time/clock.h"

namespace meanwhile {
namespace {

// poll's timeout until `deadline`, rounded up; -1 is for ever.
int PollTimeout(absl::Time deadline) {
  if (deadline == absl::InfiniteFuture()) return -1;
  const std::int64_t millis = absl::ToInt64Milliseconds(absl::Ceil(deadline - absl::Now(), absl::Milliseconds(1)));
  return static_cast<int>(std::clamp<std::int64_t>(millis, 0, std::numeric_limits<int>::max()));
}

}  // namespace

Event::Event() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Event::~Event() { close(fd_); }

void Event::Set() const { eventfd_write(fd_, 1); }

bool Event::is_set() const {
  pollfd watched{fd_, POLLIN, 0};
  return poll(&watched, 1, /*timeout=*/0) > 0;
}

StopSignals::StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

StopSignals::~StopSignals() { close(fd_); }

std::optional<int> StopSignals::Next(absl::Time deadline, const Event* event) {
  std::array<pollfd, 2> watched = {pollfd{fd_, POLLIN, 0}, pollfd{event == nullptr ? -1 : event->fd(), POLLIN, 0}};
  while (true) {
    const int ready = poll(watched.data(), watched.size(), PollTimeout(deadline));
    signalfd_siginfo signal{};
    if (read(fd_, &signal, sizeof(signal)) == sizeof(signal)) return static_cast<int>(signal.ssi_signo);
    if (watched[1].revents != 0 || (ready <= 0 && absl::Now() >= deadline)) return std::nullopt;
  }
}

}  // namespace meanwhile
