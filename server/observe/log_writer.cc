#include "server/observe/log_writer.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace meanwhile {
namespace {

using std::chrono::milliseconds;

// How long an error is waited for.
constexpr milliseconds kPatienceWithErrors(100);

// How long the thread waits for room before it looks whether it shall stop.
constexpr int kLookMillis = 50;

LogEntry CountEntry(LogLevel level, std::string event, std::string_view name, std::uint64_t count,
                    std::string message) {
  return {.time = absl::Now(),
          .level = level,
          .event = std::move(event),
          .line = {.message = absl::StrCat(count, " ", message),
                   .fields = {{std::string(name), static_cast<double>(count)}}}};
}

}  // namespace

LogWriter::LogWriter(const LogOptions& options, int fd, const Limits& limits)
    : options_(options), fd_(fd), limits_(limits), thread_([this] { WriteUntilStopped(); }) {}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  has_work_.notify_all();
  thread_.join();
}

bool LogWriter::Admits(LogLevel level, std::string_view event) {
  if (level < options_.level) return false;
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  auto found = windows_.find(event);
  if (found == windows_.end()) found = windows_.emplace(event, Window()).first;
  Window& window = found->second;
  // Of a window that is over the thread has told, or is about to: what it is to tell is carried into the next.
  if (now >= window.end) window = {.end = now + limits_.window, .left_out = window.left_out, .level = window.level};
  if (window.lines++ < limits_.lines) return true;
  window.level = level;
  if (window.left_out++ == 0) has_work_.notify_one();
  return false;
}

void LogWriter::Write(LogEntry entry) {
  const bool is_error = entry.level == LogLevel::kError;
  std::unique_lock lock(mutex_);
  if (queue_.size() >= limits_.queue) {
    ++dropped_;
    return;
  }
  queue_.push_back(std::move(entry));
  const std::uint64_t number = ++accepted_;
  has_work_.notify_one();
  if (!is_error || nobody_reads_) return;
  has_written_.wait_for(lock, kPatienceWithErrors, [&] { return written_ >= number; });
}

bool LogWriter::Flush(Clock::duration patience) {
  std::unique_lock lock(mutex_);
  TellLeftOut(Clock::time_point::max());
  if (queue_.empty()) TellDropped();
  has_work_.notify_one();
  return has_written_.wait_for(lock, patience, [this] { return written_ == accepted_ && dropped_ == 0; });
}

void LogWriter::WriteUntilStopped() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto has_work = [this] { return stopping_ || !queue_.empty() || NextWindowEnd() <= Clock::now(); };
    // Another window may begin to leave lines out meanwhile: that wakes this thread, too.
    if (const Clock::time_point end = NextWindowEnd(); end == Clock::time_point::max()) {
      has_work_.wait(lock, [&] { return has_work() || NextWindowEnd() != end; });
    } else {
      has_work_.wait_until(lock, end, has_work);
    }
    if (stopping_) return;
    TellLeftOut(Clock::now());
    if (queue_.empty()) continue;
    const LogEntry entry = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    const bool stopped = !WriteOut(FormatLogEntry(options_.format, entry));
    lock.lock();
    if (stopped) return;
    ++written_;
    if (queue_.empty()) TellDropped();
    has_written_.notify_all();
  }
}

// False when the writer is to stop before there was room.
bool LogWriter::WriteOut(std::string_view line) {
  while (!line.empty()) {
    pollfd watched{fd_, POLLOUT, 0};
    const bool has_room = poll(&watched, 1, kLookMillis) > 0;
    {
      const std::lock_guard lock(mutex_);
      nobody_reads_ = !has_room;
      if (!has_room && stopping_) return false;
    }
    if (!has_room) continue;
    const ssize_t size = write(fd_, line.data(), std::min<std::size_t>(line.size(), PIPE_BUF));
    if (size >= 0) {
      line.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno != EINTR && errno != EAGAIN) {
      return true;  // Nobody will ever read.
    }
  }
  return true;
}

LogWriter::Clock::time_point LogWriter::NextWindowEnd() const {
  Clock::time_point next = Clock::time_point::max();
  for (const auto& [event, window] : windows_) {
    if (window.left_out > 0) next = std::min(next, window.end);
  }
  return next;
}

void LogWriter::TellLeftOut(Clock::time_point now) {
  for (auto& [event, window] : windows_) {
    if (window.left_out == 0 || now < window.end) continue;
    queue_.push_back(CountEntry(window.level, event, "left_out", std::exchange(window.left_out, 0),
                                absl::StrCat("more of the event ", event, " were left out")));
    ++accepted_;
  }
}

void LogWriter::TellDropped() {
  if (dropped_ == 0) return;
  queue_.push_back(CountEntry(LogLevel::kWarning, "log_dropped", "dropped", std::exchange(dropped_, 0),
                              "lines of the log were dropped: nobody read stderr fast enough"));
  ++accepted_;
}

}  // namespace meanwhile
