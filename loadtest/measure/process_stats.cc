#include "loadtest/measure/process_stats.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace meanwhile {
namespace {

absl::Status EndedError(pid_t pid) { return absl::NotFoundError(absl::StrCat("process ", pid, ": has ended")); }

// The number after `Name:` in /proc/PID/status; nothing when there is no such line.
std::optional<uint64_t> Field(absl::string_view status, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    if (!absl::ConsumePrefix(&line, absl::StrCat(name, ":"))) continue;
    absl::ConsumeSuffix(&line, " kB");
    uint64_t value;
    if (absl::SimpleAtoi(line, &value)) return value;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<ProcessReader> ProcessReader::Open(pid_t pid) {
  const std::string path = absl::StrCat("/proc/", pid, "/status");
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return absl::NotFoundError(absl::StrCat("process ", pid, ": does not exist"));
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  ProcessReader reader(pid, fd);
  if (absl::StatusOr<ProcessStats> stats = reader.Read(); !stats.ok()) return stats.status();
  return reader;
}

ProcessReader::ProcessReader(ProcessReader&& other) noexcept : pid_(other.pid_), fd_(std::exchange(other.fd_, -1)) {}

ProcessReader& ProcessReader::operator=(ProcessReader&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(fd_, other.fd_);
  return *this;
}

ProcessReader::~ProcessReader() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<ProcessStats> ProcessReader::Read() const {
  char buffer[8192];
  const ssize_t size = pread(fd_, buffer, sizeof(buffer), 0);
  if (size < 0 && errno != ESRCH) return absl::ErrnoToStatus(errno, absl::StrCat("/proc/", pid_, "/status"));
  if (size <= 0) return EndedError(pid_);
  const absl::string_view status(buffer, static_cast<size_t>(size));
  // A process that ended and was not waited for has a status still, but no memory.
  const std::optional<uint64_t> resident_kib = Field(status, "VmRSS");
  const std::optional<uint64_t> peak_resident_kib = Field(status, "VmHWM");
  if (!resident_kib.has_value() || !peak_resident_kib.has_value()) return EndedError(pid_);
  return ProcessStats{
      .threads = static_cast<uint32_t>(Field(status, "Threads").value_or(0)),
      .resident_bytes = *resident_kib * 1024,
      .peak_resident_bytes = *peak_resident_kib * 1024,
  };
}

absl::StatusOr<absl::Duration> ProcessReader::ReadProcessorTime() const {
  // utime and stime in /proc/PID/stat are the same sum, but cut to ticks of 10 ms.
  clockid_t clock;
  timespec time;
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0) return EndedError(pid_);
  // The clock goes by the process's number. When the process is still there now, that number was its own.
  if (absl::Status status = Read().status(); !status.ok()) return status;
  return absl::DurationFromTimespec(time);
}

absl::StatusOr<std::unique_ptr<ProcessSampler>> ProcessSampler::Start(pid_t pid, absl::Duration period) {
  absl::StatusOr<ProcessReader> reader = ProcessReader::Open(pid);
  if (!reader.ok()) return reader.status();
  std::unique_ptr<ProcessSampler> sampler(new ProcessSampler(*std::move(reader), period));
  if (absl::Status status = sampler->Sample(); !status.ok()) return status;
  absl::StatusOr<absl::Duration> processor_time = sampler->reader_.ReadProcessorTime();
  if (!processor_time.ok()) return processor_time.status();
  sampler->start_processor_time_ = *processor_time;
  sampler->start_time_ = std::chrono::steady_clock::now();
  sampler->thread_ = std::thread(&ProcessSampler::Run, sampler.get());
  return sampler;
}

ProcessSampler::ProcessSampler(ProcessReader reader, absl::Duration period)
    : reader_(std::move(reader)), period_(period) {}

ProcessSampler::~ProcessSampler() {
  if (thread_.joinable()) Stop().IgnoreError();
}

absl::StatusOr<ProcessUsage> ProcessSampler::Stop() {
  stop_.Notify();
  thread_.join();
  if (status_.ok()) status_ = Sample();
  if (!status_.ok()) return status_;
  const absl::StatusOr<absl::Duration> processor_time = reader_.ReadProcessorTime();
  if (!processor_time.ok()) return processor_time.status();
  return ProcessUsage{
      .elapsed = absl::FromChrono(std::chrono::steady_clock::now() - start_time_),
      .processor_time = *processor_time - start_processor_time_,
      .peak_threads = peak_threads_,
      .peak_resident_bytes = peak_resident_bytes_,
  };
}

absl::Status ProcessSampler::Sample() {
  absl::StatusOr<ProcessStats> stats = reader_.Read();
  if (!stats.ok()) return stats.status();
  peak_threads_ = std::max(peak_threads_, stats->threads);
  peak_resident_bytes_ = std::max(peak_resident_bytes_, stats->resident_bytes);
  samples_.fetch_add(1, std::memory_order_release);
  return absl::OkStatus();
}

void ProcessSampler::Run() {
  while (status_.ok() && !stop_.WaitForNotificationWithTimeout(period_)) status_ = Sample();
}

absl::Duration OwnProcessorTime() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

}  // namespace meanwhile
