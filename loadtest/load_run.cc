#include "loadtest/load_run.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "loadtest/closed_loop.h"
#include "loadtest/engine_set.h"
#include "loadtest/live_stats.h"
#include "loadtest/process_stats.h"

namespace meanwhile {
namespace {

constexpr char kMethod[] = "/meanwhile.v1.Meanwhile/Fetch";
// How long an interrupt may go unnoticed.
constexpr absl::Duration kLookPeriod = absl::Milliseconds(20);
constexpr absl::Duration kProgressPeriod = absl::Milliseconds(500);
// Callers start over a quarter of the warm-up, but no longer than this.
constexpr absl::Duration kLongestStart = absl::Milliseconds(500);

LoadTime After(LoadTime time, absl::Duration duration) {
  if (time == LoadTime::max() || duration == absl::InfiniteDuration()) return LoadTime::max();
  return time + absl::ToChronoNanoseconds(duration);
}

absl::Duration Between(LoadTime from, LoadTime to) {
  return to == LoadTime::max() ? absl::InfiniteDuration() : absl::FromChrono(to - from);
}

EngineSetOptions EngineOptionsOf(const LoadOptions& options) {
  EngineSetOptions engines;
  engines.kind = options.engine;
  engines.target = options.target;
  engines.connections = std::min(options.connections, options.in_flight);
  engines.engines = std::min(options.loops == 0 ? AvailableProcessors() : options.loops, options.in_flight);
  engines.slots = options.in_flight;
  engines.method = kMethod;
  engines.request = options.request.SerializeAsString();
  engines.timeout = options.timeout;
  return engines;
}

// The threads of one run, and the thread that watches over them.
class Run {
 public:
  Run(const LoadOptions& options, EngineSet* engines, LoadObserver* observer, const std::function<bool()>& stopped)
      : duration_(options.duration), engines_(engines), observer_(observer), stopped_(stopped) {
    const LoadTime now = std::chrono::steady_clock::now();
    warmup_end_ = After(now, options.warmup);
    latest_begin_ = std::max(warmup_end_, After(now, options.longest_warmup));
    time_.begin = latest_begin_ > warmup_end_ ? LoadTime::max() : warmup_end_;
    time_.end = After(time_.begin.load(), duration_);
    const std::size_t loops = engines_->size();
    for (std::size_t i = 0; i < loops; ++i) {
      ClosedLoopOptions loop;
      loop.callers = PartOf(options.in_flight, loops, i);
      loop.total = PartOf(options.total, loops, i);
      loop.start_spread = absl::ToChronoNanoseconds(std::min(options.warmup / 4, kLongestStart));
      loop.patience = absl::ToChronoNanoseconds(options.patience);
      loops_.push_back(std::make_unique<ClosedLoop>(&engines_->engine(i), &time_, loop));
    }
    std::vector<const LiveStats*> live_stats;
    for (const std::unique_ptr<ClosedLoop>& loop : loops_) live_stats.push_back(&loop->live_stats());
    reader_ = std::make_unique<LiveStatsReader>(std::move(live_stats));
    last_progress_ = now;
    next_progress_ = After(now, kProgressPeriod);
  }

  LoadResult Measure() {
    running_ = loops_.size();
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < loops_.size(); ++i) threads.emplace_back([this, i] { RunLoop(i); });

    LoadResult result;
    if (WaitUntil(warmup_end_) && WaitUntilAllAnswered()) {
      result.start = absl::Now();
      result.processor_time = -OwnProcessorTime();
      if (observer_ != nullptr) observer_->OnMeasuredTimeBegins();
      WaitUntil(time_.end.load());
      result.processor_time += OwnProcessorTime();
      if (observer_ != nullptr) observer_->OnMeasuredTimeEnded();
      result.elapsed = Between(time_.begin.load(), EndOfMeasuredTime());
    }
    result.interrupted = interrupted_;
    result.connected = engines_->connected();
    for (std::thread& thread : threads) thread.join();
    for (const std::unique_ptr<ClosedLoop>& loop : loops_) {
      result.measurement.Add(loop->measurement());
      result.cancelled += loop->cancelled();
    }
    for (std::size_t i = 0; i < engines_->size(); ++i) {
      result.waited_for_stream += engines_->engine(i).waited_for_stream();
    }
    return result;
  }

 private:
  void RunLoop(std::size_t i) {
    engines_->engine(i).Run(loops_[i].get());
    const absl::MutexLock lock(&mutex_);
    --running_;
  }

  // Waits until `time`, or until every loop has sent its share of calls. False when interrupted: the end is then now.
  bool WaitUntil(LoadTime time) {
    while (!interrupted_) {
      const LoadTime now = std::chrono::steady_clock::now();
      if (now >= time) return true;
      if (now >= next_progress_) TellProgress(now);
      const absl::Duration wait = std::min(Between(now, time), kLookPeriod);
      const absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(
                                      +[](std::size_t* running) { return *running == 0; }, &running_),
                                  wait)) {
        return true;
      }
      if (stopped_ && stopped_()) {
        interrupted_ = true;
        time_.end = std::min(time_.end.load(), std::chrono::steady_clock::now());
      }
    }
    return false;
  }

  // Sets the measured time if it was put off. False when interrupted.
  bool WaitUntilAllAnswered() {
    if (time_.begin.load() == warmup_end_) return true;
    const auto answered = [](const std::unique_ptr<ClosedLoop>& loop) { return loop->all_callers_answered(); };
    LoadTime now = std::chrono::steady_clock::now();
    while (now < latest_begin_ && !std::all_of(loops_.begin(), loops_.end(), answered)) {
      if (!WaitUntil(std::min(latest_begin_, After(now, kLookPeriod)))) return false;
      now = std::chrono::steady_clock::now();
    }
    time_.end = After(now, duration_);
    time_.begin = now;
    return true;
  }

  // Where loops had sent all their calls the measured time ended with the last of these.
  LoadTime EndOfMeasuredTime() {
    const absl::MutexLock lock(&mutex_);
    const LoadTime end = time_.end;
    if (running_ > 0 || end <= std::chrono::steady_clock::now()) return end;
    LoadTime last = time_.begin.load();
    for (const std::unique_ptr<ClosedLoop>& loop : loops_) last = std::max(last, loop->last_end());
    return last;
  }

  void TellProgress(LoadTime now) {
    next_progress_ = After(now, kProgressPeriod);
    if (observer_ == nullptr) return;
    const LiveStatsReader::View view = reader_->Look();
    LoadProgress progress;
    progress.warming_up = now < time_.begin.load();
    progress.rate = static_cast<double>(view.ended) / absl::ToDoubleSeconds(absl::FromChrono(now - last_progress_));
    progress.p50 = view.p50;
    progress.p99 = view.p99;
    progress.in_flight = view.in_flight;
    progress.time_left = progress.warming_up ? Between(now, warmup_end_) + duration_ : Between(now, time_.end);
    last_progress_ = now;
    observer_->OnProgress(progress);
  }

  const absl::Duration duration_;
  LoadTime warmup_end_;
  LoadTime latest_begin_;
  EngineSet* const engines_;
  LoadObserver* const observer_;
  const std::function<bool()>& stopped_;
  MeasuredTime time_;
  std::vector<std::unique_ptr<ClosedLoop>> loops_;
  std::unique_ptr<LiveStatsReader> reader_;
  LoadTime last_progress_;
  LoadTime next_progress_;
  bool interrupted_ = false;
  absl::Mutex mutex_;
  std::size_t running_ = 0;  // Loops; guarded by mutex_.
};

}  // namespace

absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options, LoadObserver* observer,
                                   const std::function<bool()>& stopped) {
  absl::StatusOr<std::unique_ptr<EngineSet>> engines =
      ConnectEngines(EngineOptionsOf(options), options.connect_timeout);
  if (!engines.ok()) return engines.status();
  LoadResult result = Run(options, engines->get(), observer, stopped).Measure();
  result.processors = AvailableProcessors();
  result.connections = (*engines)->connections();
  result.loops = (*engines)->size();
  return result;
}

std::size_t AvailableProcessors() {
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof(processors), &processors) != 0) return std::thread::hardware_concurrency();
  return static_cast<std::size_t>(CPU_COUNT(&processors));
}

}  // namespace meanwhile
