#include "loadtest/engine/http2/poll_loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <limits>
#include <optional>
#include <system_error>

namespace meanwhile::http2 {
namespace {

constexpr int kMostEvents = 64;

int MakeEpoll() {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  return fd;
}

void Control(int epoll, int operation, int fd, uint32_t events, FdWatcher* watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watcher;
  if (epoll_ctl(epoll, operation, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

// None for no limit.
std::optional<timespec> TimeUntil(LoadTime time) {
  if (time == LoadTime::max()) return std::nullopt;
  const auto left = std::max(time - std::chrono::steady_clock::now(), std::chrono::nanoseconds(0));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return timespec{seconds.count(), (left - seconds).count()};
}

// The same for epoll_wait. Rounded up: what is waited for is due then.
int Milliseconds(const std::optional<timespec>& time) {
  if (!time) return -1;
  constexpr std::chrono::milliseconds kMost(std::numeric_limits<int>::max());
  const auto left = std::chrono::seconds(time->tv_sec) + std::chrono::nanoseconds(time->tv_nsec);
  return static_cast<int>(std::min(kMost, std::chrono::ceil<std::chrono::milliseconds>(left)).count());
}

// How many events there are; none after a signal. `*has_pwait2` is what is known of the system.
int WaitForEvents(int epoll, const std::optional<timespec>& time, bool* has_pwait2, epoll_event* events) {
  int count = -1;
  if (*has_pwait2) {
    count = epoll_pwait2(epoll, events, kMostEvents, time ? &*time : nullptr, nullptr);
    // Linux has it from 5.11 on, and a filter of system calls (seccomp) may not know it.
    *has_pwait2 = count >= 0 || (errno != ENOSYS && errno != EPERM);
  }
  if (!*has_pwait2) count = epoll_wait(epoll, events, kMostEvents, Milliseconds(time));
  if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
  return std::max(count, 0);
}

}  // namespace

PollLoop::PollLoop() : epoll_(MakeEpoll()) {}

PollLoop::~PollLoop() { close(epoll_); }

void PollLoop::Add(int fd, uint32_t events, FdWatcher* watcher) const {
  Control(epoll_, EPOLL_CTL_ADD, fd, events, watcher);
}

void PollLoop::Change(int fd, uint32_t events, FdWatcher* watcher) const {
  Control(epoll_, EPOLL_CTL_MOD, fd, events, watcher);
}

void PollLoop::Remove(int fd) const { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void PollLoop::Turn(LoadTime latest) {
  std::array<epoll_event, kMostEvents> events;
  const std::optional<timespec> wait = TimeUntil(std::min(latest, timers_.Earliest()));
  const int count = WaitForEvents(epoll_, wait, &has_pwait2_, events.data());
  for (int i = 0; i < count; ++i) static_cast<FdWatcher*>(events[i].data.ptr)->OnEvents(events[i].events);
  // No more than were there before: one that is added again, already due, keeps nobody from writing and reading.
  std::size_t timers = timers_.size();
  if (timers == 0) return;
  for (const LoadTime now = std::chrono::steady_clock::now(); timers > 0 && timers_.FireOne(now); --timers) {
  }
}

}  // namespace meanwhile::http2
