#include "server/net/lingering_close.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "absl/time/clock.h"

namespace meanwhile {
namespace {

// The sockets of all servers of the process.
struct Adopted {
  std::mutex mutex;
  std::unordered_map<int, LingeringClose*> by_fd;
};

Adopted& AllAdopted() {
  static Adopted* const kAdopted = new Adopted;
  return *kAdopted;
}

}  // namespace

LingeringClose::LingeringClose()
    : poll_fd_(epoll_create1(EPOLL_CLOEXEC)), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = wake_fd_}};
  epoll_ctl(poll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
}

LingeringClose::~LingeringClose() {
  {
    Adopted& adopted = AllAdopted();
    const std::lock_guard lock(adopted.mutex);
    std::erase_if(adopted.by_fd, [this](const auto& one) { return one.second == this; });
  }
  Finish();
  close(wake_fd_);
  close(poll_fd_);
}

void LingeringClose::Adopt(int fd) {
  Adopted& adopted = AllAdopted();
  const std::lock_guard lock(adopted.mutex);
  adopted.by_fd[fd] = this;
}

bool LingeringClose::Keep(int fd) {
  Adopted& adopted = AllAdopted();
  const std::lock_guard lock(adopted.mutex);
  const auto found = adopted.by_fd.find(fd);
  if (found == adopted.by_fd.end()) return false;
  LingeringClose* const adopter = found->second;
  adopted.by_fd.erase(found);
  char next;
  const ssize_t size = recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT);
  const bool client_goes_on = size > 0 || (size < 0 && errno == EAGAIN);
  if (!client_goes_on) return false;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return false;
  if (adopter->Add(copy)) return true;
  close(copy);
  return false;
}

bool LingeringClose::Add(int fd) {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { CloseThoseThatEnd(); });
    } catch (const std::system_error&) {
      return false;
    }
  }
  const absl::Time until = absl::Now() + kLongest;
  kept_[fd] = until;
  expiries_.emplace_back(until, fd);
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  epoll_ctl(poll_fd_, EPOLL_CTL_ADD, fd, &event);
  eventfd_write(wake_fd_, 1);
  return true;
}

void LingeringClose::Finish() {
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
    thread = std::move(thread_);
  }
  eventfd_write(wake_fd_, 1);
  if (thread.joinable()) thread.join();
}

void LingeringClose::CloseThoseThatEnd() {
  std::array<epoll_event, 64> events;
  int timeout = -1;
  while (true) {
    const int count = epoll_wait(poll_fd_, events.data(), events.size(), timeout);
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      std::uint64_t wakes;
      if (fd == wake_fd_) {
        eventfd_read(wake_fd_, &wakes);
      } else if (kept_.contains(fd) && !Discard(fd)) {
        kept_.erase(fd);
        close(fd);
      }
    }
    const absl::Time now = absl::Now();
    for (; !expiries_.empty(); expiries_.pop_front()) {
      const auto& [until, fd] = expiries_.front();
      const auto kept = kept_.find(fd);
      if (kept == kept_.end() || kept->second != until) continue;  // Closed, and its number perhaps another's.
      if (until > now) break;
      kept_.erase(kept);
      close(fd);
    }
    if (kept_.empty() && finishing_) return;
    timeout = -1;
    if (!expiries_.empty()) {
      const absl::Duration left = absl::Ceil(expiries_.front().first - now, absl::Milliseconds(1));
      timeout = static_cast<int>(absl::ToInt64Milliseconds(left));
    }
  }
}

bool LingeringClose::Discard(int fd) {
  std::array<char, 16384> buffer;
  const ssize_t size = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

}  // namespace meanwhile

extern "C" {

// The linker's names: what shutdown() means in this program, and what it meant.
int __real_shutdown(int fd, int how);   // NOLINT(bugprone-reserved-identifier)
int __wrap_shutdown(int fd, int how) {  // NOLINT(bugprone-reserved-identifier)
  const bool kept = how == SHUT_RDWR && meanwhile::LingeringClose::Keep(fd);
  return __real_shutdown(fd, kept ? SHUT_WR : how);
}
}
