// What a process uses: processor time, threads and memory, read from /proc. So the server under test is watched from
// the outside, never through the connections that load it.

#ifndef MEANWHILE_LOADTEST_MEASURE_PROCESS_STATS_H_
#define MEANWHILE_LOADTEST_MEASURE_PROCESS_STATS_H_

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace meanwhile {

// A process at one moment.
struct ProcessStats {
  uint32_t threads = 0;
  uint64_t resident_bytes = 0;
  // The most it ever was (VmHWM).
  uint64_t peak_resident_bytes = 0;
};

// Reads the stats of one process, and only of that: the kernel ties the open file to the process and not to its number,
// so a later process with the same number is never taken for it. One thread at a time.
class ProcessReader {
 public:
  // NOT_FOUND when there is no such process, or when it has ended and was not waited for.
  static absl::StatusOr<ProcessReader> Open(pid_t pid);

  ProcessReader(ProcessReader&& other) noexcept;
  ProcessReader& operator=(ProcessReader&& other) noexcept;
  ~ProcessReader();

  // Costs some 20 us, however many threads the process has. NOT_FOUND when the process has ended.
  absl::StatusOr<ProcessStats> Read() const;

  // User and system time of all threads since the process started, those that have ended included. The kernel adds up
  // the threads: some 150 us when there are 4,000. NOT_FOUND when the process has ended.
  absl::StatusOr<absl::Duration> ReadProcessorTime() const;

 private:
  ProcessReader(pid_t pid, int fd) : pid_(pid), fd_(fd) {}

  pid_t pid_;
  // Of /proc/PID/status; -1 when moved from.
  int fd_;
};

// What a process used while it was watched.
struct ProcessUsage {
  absl::Duration elapsed;
  absl::Duration processor_time;
  // The highest seen; a peak shorter than the sampling period can be missed.
  uint32_t peak_threads = 0;
  uint64_t peak_resident_bytes = 0;
};

// Watches a process from Start to Stop, on a thread of its own that wakes up once in a period. Start, Stop and the
// destructor are for one thread.
class ProcessSampler {
 public:
  static constexpr absl::Duration kDefaultPeriod = absl::Milliseconds(20);

  // Takes the first sample before it returns. NOT_FOUND as ProcessReader::Open.
  static absl::StatusOr<std::unique_ptr<ProcessSampler>> Start(pid_t pid, absl::Duration period = kDefaultPeriod);

  ProcessSampler(const ProcessSampler&) = delete;
  ProcessSampler& operator=(const ProcessSampler&) = delete;
  // Stops, if nobody has.
  ~ProcessSampler();

  // Takes the last sample and ends the thread. NOT_FOUND when the process ended in the meantime. Call it once.
  absl::StatusOr<ProcessUsage> Stop();

  // How often the process was looked at so far. Any thread.
  int64_t samples() const { return samples_.load(std::memory_order_acquire); }

 private:
  ProcessSampler(ProcessReader reader, absl::Duration period);

  // Looks at the threads and the memory.
  absl::Status Sample();
  void Run();

  const ProcessReader reader_;
  const absl::Duration period_;
  std::chrono::steady_clock::time_point start_time_;
  absl::Duration start_processor_time_;
  // Written by Start, then by the thread until Stop has joined it, then by Stop.
  uint32_t peak_threads_ = 0;
  uint64_t peak_resident_bytes_ = 0;
  absl::Status status_;
  std::atomic<int64_t> samples_ = 0;

  absl::Notification stop_;
  std::thread thread_;
};

// Processor time that this process has used, by the same clock as ProcessReader::ReadProcessorTime.
absl::Duration OwnProcessorTime();

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_PROCESS_STATS_H_
