#include "async/fd_watcher.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>

namespace meanwhile::async {
namespace {

// How many events are taken from the kernel at a time; the others come with the next turn.
constexpr int kEventsPerTurn = 64;

// No key of a wait: descriptors are not negative.
constexpr std::uint64_t kStopKey = ~std::uint64_t{0};

int CheckedFd(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

}  // namespace

FdWatcher::FdWatcher()
    : epoll_fd_(CheckedFd(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      stop_fd_(CheckedFd(eventfd(0, EFD_CLOEXEC), "eventfd")) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = kStopKey}};
  CheckedFd(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, stop_fd_, &event), "epoll_ctl");
  thread_ = std::thread([this] { WatchUntilStopped(); });
}

FdWatcher::~FdWatcher() {
  eventfd_write(stop_fd_, 1);
  thread_.join();
  assert(
      std::none_of(watched_.begin(), watched_.end(), [](const Watched& watched) { return watched.wait != nullptr; }));
  close(stop_fd_);
  close(epoll_fd_);
}

FdWatcher::ReadyAwaiter FdWatcher::Readable(EventLoop& loop, int fd) { return ReadyAwaiter(this, &loop, fd, EPOLLIN); }

FdWatcher::ReadyAwaiter FdWatcher::Writable(EventLoop& loop, int fd) { return ReadyAwaiter(this, &loop, fd, EPOLLOUT); }

std::uint64_t FdWatcher::Key(int fd, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(fd);
}

grpc::Status FdWatcher::Add(Wait* wait) {
  const std::lock_guard lock(mutex_);
  // A negative descriptor leads nowhere; the kernel refuses it.
  const auto index = static_cast<std::size_t>(std::max(wait->fd, 0));
  if (index >= watched_.size()) watched_.resize(index + 1);
  const std::uint32_t generation = watched_[index].generation + 1;
  epoll_event event{.events = wait->events, .data = {.u64 = Key(wait->fd, generation)}};
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wait->fd, &event) != 0) {
    return grpc::Status(grpc::StatusCode::INTERNAL, "cannot watch descriptor " + std::to_string(wait->fd) + ": " +
                                                        std::generic_category().message(errno));
  }
  assert(watched_[index].wait == nullptr);  // Else it was closed while somebody waited for it.
  watched_[index] = Watched{.wait = wait, .generation = generation};
  return grpc::Status();
}

bool FdWatcher::TryRemove(Wait* wait) {
  const std::lock_guard lock(mutex_);
  if (watched_[static_cast<std::size_t>(wait->fd)].wait != wait) return false;
  Unwatch(wait->fd);
  return true;
}

FdWatcher::Wait* FdWatcher::TryTake(std::uint64_t key) {
  const int fd = static_cast<int>(static_cast<std::uint32_t>(key));
  const Watched& watched = watched_[static_cast<std::size_t>(fd)];
  if (watched.wait == nullptr || watched.generation != key >> 32) return nullptr;
  Wait* wait = watched.wait;
  Unwatch(fd);
  return wait;
}

void FdWatcher::Unwatch(int fd) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  watched_[static_cast<std::size_t>(fd)].wait = nullptr;
}

void FdWatcher::WatchUntilStopped() {
  std::array<epoll_event, kEventsPerTurn> events;
  std::array<Wait*, kEventsPerTurn> ready;
  while (true) {
    const int count = epoll_wait(epoll_fd_, events.data(), kEventsPerTurn, /*timeout=*/-1);
    bool stopping = false;
    std::size_t taken = 0;
    {
      const std::lock_guard lock(mutex_);
      for (int i = 0; i < count; ++i) {
        const std::uint64_t key = events[static_cast<std::size_t>(i)].data.u64;
        if (key == kStopKey) {
          stopping = true;
        } else if (Wait* wait = TryTake(key)) {
          ready[taken++] = wait;
        }
      }
    }
    // From its Post on a wait may be gone.
    for (std::size_t i = 0; i < taken; ++i) ready[i]->loop->Post(ready[i]);
    if (stopping) return;
  }
}

}  // namespace meanwhile::async
