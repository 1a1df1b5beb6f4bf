// LogWriter: a thread that writes lines to a descriptor, and the queue of lines in front of it.
//
// Nobody who logs waits for the descriptor, which may be a pipe that nobody reads: the queue is bounded, and a line
// that finds it full is dropped. How many were is told as soon as the others are out. One exception: an error is waited
// for, up to 100 ms, because a program that dies of it (gRPC's assertions) would take the line with it; not so while
// nobody reads.
//
// A line is written by one thread, in pieces that a pipe takes whole (PIPE_BUF) and only when it has room. So no line
// is torn by another thread's, and the thread can end while nobody reads.
//
// Of each event at most so many lines are written in a window of time. The rest is counted and told when it is over.
//
// Ownership: the descriptor stays its owner's, and outlives the writer. Thread: any; the destructor, once, when nobody
// logs any more.

#ifndef MEANWHILE_SERVER_OBSERVE_LOG_WRITER_H_
#define MEANWHILE_SERVER_OBSERVE_LOG_WRITER_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "server/observe/log.h"
#include "server/observe/log_entry.h"

namespace meanwhile {

class LogWriter {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::size_t queue = 1024;
    int lines = 10;                                    // Of one event ...
    Clock::duration window = std::chrono::seconds(1);  // ... in such a time.
  };

  LogWriter(const LogOptions& options, int fd, const Limits& limits);
  LogWriter(const LogOptions& options, int fd) : LogWriter(options, fd, Limits()) {}
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  // Drops what is queued; call Flush before.
  ~LogWriter();

  // Whether a line of this event is wanted now. One that is not, because there were too many, is counted.
  bool Admits(LogLevel level, std::string_view event);

  // Queues the line: one that was admitted.
  void Write(LogEntry entry);

  // Waits until all lines so far are written, those about what was left out too. False if that took longer.
  bool Flush(Clock::duration patience);

 private:
  // What came of one event lately.
  struct Window {
    Clock::time_point end;
    int lines = 0;
    std::uint64_t left_out = 0;
    LogLevel level = LogLevel::kInfo;
  };

  void WriteUntilStopped();
  bool WriteOut(std::string_view line);
  // Under mutex_:
  void TellLeftOut(Clock::time_point now);
  void TellDropped();
  Clock::time_point NextWindowEnd() const;

  const LogOptions options_;
  const int fd_;
  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable has_work_;
  std::condition_variable has_written_;
  std::deque<LogEntry> queue_;
  std::map<std::string, Window, std::less<>> windows_;
  std::uint64_t accepted_ = 0;  // Lines ever queued ...
  std::uint64_t written_ = 0;   // ... and of these out, or lost with their reader.
  std::uint64_t dropped_ = 0;   // Not told yet.
  bool nobody_reads_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_OBSERVE_LOG_WRITER_H_
