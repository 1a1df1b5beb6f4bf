#include "loadtest/measure/process_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;

// A child process that waits until it is killed.
class Child {
 public:
  Child() : pid_(fork()) {
    if (pid_ != 0) return;
    while (true) pause();
  }
  ~Child() {
    if (pid_ > 0) Reap();
  }

  pid_t pid() const { return pid_; }

  // Ends it, and leaves it to be waited for.
  void Kill() const {
    kill(pid_, SIGKILL);
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }
  void Reap() {
    Kill();
    waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

 private:
  pid_t pid_;
};

// Threads that wait until they are joined.
class WaitingThreads {
 public:
  explicit WaitingThreads(int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { done_.WaitForNotification(); });
  }
  ~WaitingThreads() {
    done_.Notify();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  absl::Notification done_;
  std::vector<std::thread> threads_;
};

// Memory that is really there.
class TouchedMemory {
 public:
  explicit TouchedMemory(size_t size)
      : size_(size), memory_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    std::memset(memory_, 1, size_);
  }
  ~TouchedMemory() { munmap(memory_, size_); }

 private:
  size_t size_;
  void* memory_;
};

// Keeps the processor busy until this process has used `time` more of it.
void Burn(absl::Duration time) {
  const absl::Duration end = OwnProcessorTime() + time;
  while (OwnProcessorTime() < end) {
  }
}

// Returns when the sampler has looked once more, and false when it did not within 10 s.
bool AwaitSample(const ProcessSampler& sampler) {
  const int64_t before = sampler.samples();
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  // Two: the first may have been under way.
  while (sampler.samples() < before + 2) {
    if (absl::Now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

ProcessStats Self() {
  absl::StatusOr<ProcessReader> reader = ProcessReader::Open(getpid());
  absl::StatusOr<ProcessStats> stats = reader.ok() ? reader->Read() : reader.status();
  EXPECT_TRUE(stats.ok()) << stats.status();
  return stats.value_or(ProcessStats{});
}

absl::Duration SelfProcessorTime() {
  absl::StatusOr<ProcessReader> reader = ProcessReader::Open(getpid());
  absl::StatusOr<absl::Duration> time = reader.ok() ? reader->ReadProcessorTime() : reader.status();
  EXPECT_TRUE(time.ok()) << time.status();
  return time.value_or(absl::ZeroDuration());
}

TEST(ProcessReaderTest, ProcessorTimeIsThatOfTheWholeProcess) {
  const absl::Duration before = OwnProcessorTime();
  const absl::Duration time = SelfProcessorTime();
  const absl::Duration after = OwnProcessorTime();
  EXPECT_GE(time, before);
  EXPECT_LE(time, after);
}

TEST(ProcessReaderTest, ProcessorTimeOfEndedThreadsStays) {
  const absl::Duration before = SelfProcessorTime();
  std::thread(Burn, absl::Milliseconds(30)).join();
  EXPECT_GE(SelfProcessorTime() - before, absl::Milliseconds(30));
}

TEST(ProcessReaderTest, CountsThreads) {
  const uint32_t before = Self().threads;
  const WaitingThreads threads(20);
  EXPECT_EQ(Self().threads, before + 20);
}

TEST(ProcessReaderTest, ResidentMemoryGoesAndItsPeakStays) {
  constexpr uint64_t kSize = 64 << 20;
  const ProcessStats before = Self();
  ProcessStats during;
  {
    const TouchedMemory memory(kSize);
    during = Self();
  }
  const ProcessStats after = Self();
  EXPECT_GE(during.resident_bytes, before.resident_bytes + kSize * 9 / 10);
  EXPECT_LE(after.resident_bytes, during.resident_bytes - kSize * 9 / 10);
  EXPECT_GE(after.peak_resident_bytes, before.resident_bytes + kSize * 9 / 10);
}

TEST(ProcessReaderTest, AProcessThatDoesNotExistIsNotFound) {
  Child child;
  const pid_t pid = child.pid();
  child.Reap();
  const absl::Status status = ProcessReader::Open(pid).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("process " + std::to_string(pid) + ": does not exist"));
}

TEST(ProcessReaderTest, AProcessThatEndedAndWasNotWaitedForIsNotFound) {
  Child child;
  child.Kill();
  const absl::Status status = ProcessReader::Open(child.pid()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("process " + std::to_string(child.pid()) + ": has ended"));
}

TEST(ProcessReaderTest, AProcessThatEndsWhileItIsReadIsNotFound) {
  Child child;
  absl::StatusOr<ProcessReader> reader = ProcessReader::Open(child.pid());
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(reader->Read().ok());
  EXPECT_TRUE(reader->ReadProcessorTime().ok());
  child.Kill();
  EXPECT_EQ(reader->Read().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(reader->ReadProcessorTime().status().code(), absl::StatusCode::kNotFound);
  child.Reap();
  EXPECT_EQ(reader->Read().status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(reader->Read().status().message()), HasSubstr("has ended"));
  EXPECT_EQ(reader->ReadProcessorTime().status().code(), absl::StatusCode::kNotFound);
}

TEST(ProcessReaderTest, MovesWithItsProcess) {
  Child child;
  absl::StatusOr<ProcessReader> other = ProcessReader::Open(child.pid());
  absl::StatusOr<ProcessReader> self = ProcessReader::Open(getpid());
  ASSERT_TRUE(other.ok() && self.ok());
  child.Reap();
  *other = *std::move(self);
  EXPECT_TRUE(other->Read().ok());
}

TEST(ProcessSamplerTest, MeasuresProcessorTimeFromStartToStop) {
  Burn(absl::Milliseconds(20));
  const absl::Duration before_start = OwnProcessorTime();
  absl::StatusOr<std::unique_ptr<ProcessSampler>> sampler = ProcessSampler::Start(getpid());
  ASSERT_TRUE(sampler.ok()) << sampler.status();
  Burn(absl::Milliseconds(30));
  const absl::StatusOr<ProcessUsage> usage = (*sampler)->Stop();
  const absl::Duration after_stop = OwnProcessorTime();
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_GE(usage->processor_time, absl::Milliseconds(30));
  EXPECT_LE(usage->processor_time, after_stop - before_start);
  EXPECT_GE(usage->elapsed, absl::Milliseconds(15));
}

TEST(ProcessSamplerTest, SeesPeaksThatAreGoneAtStop) {
  constexpr uint64_t kSize = 64 << 20;
  const ProcessStats before = Self();
  absl::StatusOr<std::unique_ptr<ProcessSampler>> sampler = ProcessSampler::Start(getpid(), absl::Milliseconds(1));
  ASSERT_TRUE(sampler.ok()) << sampler.status();
  {
    const WaitingThreads threads(20);
    const TouchedMemory memory(kSize);
    ASSERT_TRUE(AwaitSample(**sampler));
  }
  const absl::StatusOr<ProcessUsage> usage = (*sampler)->Stop();
  ASSERT_TRUE(usage.ok()) << usage.status();
  // And the sampler's own thread.
  EXPECT_EQ(usage->peak_threads, before.threads + 21);
  EXPECT_GE(usage->peak_resident_bytes, before.resident_bytes + kSize * 9 / 10);
}

TEST(ProcessSamplerTest, ForgetsPeaksFromBeforeStart) {
  uint64_t peak;
  {
    const TouchedMemory memory(64 << 20);
    const WaitingThreads threads(20);
    peak = Self().resident_bytes;
  }
  const ProcessStats before = Self();
  absl::StatusOr<std::unique_ptr<ProcessSampler>> sampler = ProcessSampler::Start(getpid());
  ASSERT_TRUE(sampler.ok()) << sampler.status();
  const absl::StatusOr<ProcessUsage> usage = (*sampler)->Stop();
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_LE(usage->peak_threads, before.threads + 1);
  EXPECT_LT(usage->peak_resident_bytes, peak - (32 << 20));
}

TEST(ProcessSamplerTest, SaysWhenTheProcessEndedInTheMeantime) {
  Child child;
  absl::StatusOr<std::unique_ptr<ProcessSampler>> sampler = ProcessSampler::Start(child.pid(), absl::Milliseconds(1));
  ASSERT_TRUE(sampler.ok()) << sampler.status();
  child.Reap();
  EXPECT_EQ((*sampler)->Stop().status().code(), absl::StatusCode::kNotFound);
}

TEST(ProcessSamplerTest, DoesNotStartOnAProcessThatDoesNotExist) {
  Child child;
  const pid_t pid = child.pid();
  child.Reap();
  EXPECT_EQ(ProcessSampler::Start(pid).status().code(), absl::StatusCode::kNotFound);
}

TEST(ProcessSamplerTest, StopsWhenItIsDestroyed) {
  const uint32_t before = Self().threads;
  ASSERT_TRUE(ProcessSampler::Start(getpid()).ok());
  EXPECT_EQ(Self().threads, before);
}

}  // namespace
}  // namespace meanwhile
