#include "loadtest/load/thread_clock.h"

#include <pthread.h>

#include <utility>

namespace meanwhile {
namespace {

absl::Duration TimeOf(clockid_t clock) {
  timespec time{};
  return clock_gettime(clock, &time) == 0 ? absl::DurationFromTimespec(time) : absl::ZeroDuration();
}

}  // namespace

void ThreadClock::Begin() {
  clockid_t clock;
  if (pthread_getcpuclockid(pthread_self(), &clock) != 0) return;
  const absl::MutexLock lock(&mutex_);
  clock_ = clock;
}

void ThreadClock::End() {
  const absl::MutexLock lock(&mutex_);
  if (const auto clock = std::exchange(clock_, std::nullopt)) total_ = TimeOf(*clock);
}

absl::Duration ThreadClock::Read() const {
  const absl::MutexLock lock(&mutex_);
  return clock_ ? TimeOf(*clock_) : total_;
}

}  // namespace meanwhile
