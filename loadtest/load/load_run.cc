#include "loadtest/load/load_run.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/processors.h"
#include "loadtest/engine/engine_set.h"
#include "loadtest/load/closed_loop.h"
#include "loadtest/load/load_loop.h"
#include "loadtest/load/open_loop.h"
#include "loadtest/load/own_methods.h"
#include "loadtest/load/thread_clock.h"
#include "loadtest/measure/live_stats.h"
#include "loadtest/measure/process_stats.h"

namespace meanwhile {
namespace {

// How long an interrupt may go unnoticed.
constexpr absl::Duration kLookPeriod = absl::Milliseconds(20);
constexpr absl::Duration kProgressPeriod = absl::Milliseconds(500);
constexpr absl::Duration kInterval = absl::Seconds(1);
// Within which the threads of an open loop start, so that the first calls are not late.
constexpr std::chrono::milliseconds kThreadStart{5};
// Callers start over a quarter of the warm-up, but no longer than this.
constexpr absl::Duration kLongestStart = absl::Milliseconds(500);

LoadTime After(LoadTime time, absl::Duration duration) {
  if (time == LoadTime::max() || duration == absl::InfiniteDuration()) return LoadTime::max();
  return time + absl::ToChronoNanoseconds(duration);
}

absl::Duration Between(LoadTime from, LoadTime to) {
  return to == LoadTime::max() ? absl::InfiniteDuration() : absl::FromChrono(to - from);
}

// How many calls can be in flight.
std::size_t SlotsOf(const LoadOptions& options) { return options.shape ? options.max_in_flight : options.in_flight; }

bool IsReplay(const LoadOptions& options) { return options.shape && options.shape->replay != nullptr; }

// The number of calls that ends the run, whatever the time; the highest there is when none does.
uint64_t LastCallOf(const LoadOptions& options) {
  uint64_t last = options.total > 0 ? options.total : std::numeric_limits<uint64_t>::max();
  if (IsReplay(options)) last = std::min<uint64_t>(last, options.shape->replay->size());
  return last;
}

EngineSetOptions EngineOptionsOf(const LoadOptions& options) {
  EngineSetOptions engines;
  engines.kind = options.engine;
  engines.target = options.target;
  engines.credentials = options.credentials;
  engines.connections = std::min(options.connections, SlotsOf(options));
  engines.engines = std::min(options.loops == 0 ? AvailableProcessors() : options.loops, SlotsOf(options));
  // Each loop has a part of the total, and none is without limit.
  if (options.total > 0) engines.engines = std::min<uint64_t>(engines.engines, options.total);
  engines.slots = SlotsOf(options);
  engines.plan = options.plan;
  if (engines.plan == nullptr) {
    engines.plan = RepeatedCall({kFetchPath, CallKind::kUnary}, {options.request.SerializeAsString()});
  }
  engines.call = options.call;
  engines.timeout = options.timeout;
  return engines;
}

// The threads of one run, and the thread that watches over them.
class Run {
 public:
  Run(const LoadOptions& options, EngineSet* engines, LoadObserver* observer, const std::function<bool()>& stopped)
      : asked_shape_(options.shape),
        planned_(options.shape ? std::min(options.duration, options.shape->length()) : options.duration),
        duration_(IsReplay(options) ? options.duration : planned_),
        last_call_(LastCallOf(options)),
        has_warmup_(std::max(options.warmup, options.longest_warmup) > absl::ZeroDuration()),
        engines_(engines),
        observer_(observer),
        stopped_(stopped),
        clocks_(engines->size()) {
    LoadTime now = std::chrono::steady_clock::now();
    if (options.shape) now += kThreadStart;
    warmup_end_ = After(now, options.warmup);
    latest_begin_ = options.shape ? warmup_end_ : std::max(warmup_end_, After(now, options.longest_warmup));
    time_.begin = latest_begin_ > warmup_end_ ? LoadTime::max() : warmup_end_;
    time_.end = After(time_.begin.load(), duration_);
    if (options.log != nullptr)
      options.log->Begin(time_.begin, absl::Now() + Between(std::chrono::steady_clock::now(), time_.begin));
    if (options.shape) shape_ = AfterWarmUp(*options.shape, options.warmup);
    for (std::size_t i = 0; i < engines_->size(); ++i) {
      loops_.push_back(options.shape ? MakeOpenLoop(options, now, i) : MakeClosedLoop(options, i));
      if (options.make_checker) {
        loops_.back()->set_checker(options.make_checker(PartOf(SlotsOf(options), engines_->size(), i)));
      }
    }
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
      const std::vector<absl::Duration> loop_times = LoopTimes();
      BeginIntervals();
      if (observer_ != nullptr) observer_->OnMeasuredTimeBegins();
      WaitUntil(time_.end.load());
      TellInterval(std::chrono::steady_clock::now());
      result.processor_time += OwnProcessorTime();
      result.busiest_loop_time = MostSince(loop_times);
      if (observer_ != nullptr) observer_->OnMeasuredTimeEnded();
      result.elapsed = Between(time_.begin.load(), EndOfMeasuredTime());
    }
    result.interrupted = interrupted_;
    result.targets = engines_->targets();
    for (std::thread& thread : threads) thread.join();
    for (const std::unique_ptr<LoadLoop>& loop : loops_) {
      AddCounts(loop->counts(), &result);
      AddMethods(loop->methods(), &result.methods);
      if (loop->streams() == nullptr) continue;
      if (!result.streams) result.streams.emplace();
      result.streams->Add(*loop->streams());
    }
    if (asked_shape_) {
      result.scheduled_time = result.scheduled < last_call_ ? result.elapsed : asked_shape_->TimeFor(result.scheduled);
    }
    for (std::size_t i = 0; i < engines_->size(); ++i) {
      result.waited_for_stream += engines_->engine(i).waited_for_stream();
    }
    return result;
  }

 private:
  std::unique_ptr<LoadLoop> MakeClosedLoop(const LoadOptions& options, std::size_t i) {
    const std::size_t loops = engines_->size();
    ClosedLoopOptions loop;
    loop.callers = PartOf(options.in_flight, loops, i);
    loop.total = PartOf(options.total, loops, i);
    loop.think_time = absl::ToChronoNanoseconds(options.think_time);
    loop.log = options.log;
    loop.plan = options.plan.get();
    loop.start_spread = absl::ToChronoNanoseconds(std::min(options.warmup / 4, kLongestStart));
    loop.patience = absl::ToChronoNanoseconds(options.patience);
    return std::make_unique<ClosedLoop>(&engines_->engine(i), &time_, loop);
  }

  std::unique_ptr<LoadLoop> MakeOpenLoop(const LoadOptions& options, LoadTime start, std::size_t i) {
    const std::size_t loops = engines_->size();
    OpenLoopOptions loop;
    loop.start = start;
    loop.max_in_flight = PartOf(options.max_in_flight, loops, i);
    loop.connections = engines_->connections_of(i);
    loop.log = options.log;
    loop.plan = options.plan.get();
    loop.total = PartOf(options.total, loops, i);
    loop.patience = absl::ToChronoNanoseconds(options.patience);
    return std::make_unique<OpenLoop>(&engines_->engine(i), &time_, Schedule(&*shape_, i, loops), loop);
  }

  static void AddCounts(const LoopCounts& counts, LoadResult* result) {
    result->measurement.Add(counts.measurement);
    result->succeeded_in_time += counts.succeeded_in_time;
    result->scheduled += counts.scheduled;
    result->not_sent += counts.not_sent;
    result->in_flight_at_end += counts.in_flight_at_end;
    result->unfinished += counts.unfinished;
  }

  static void AddMethods(const MethodRecorder* methods, std::vector<MethodCounts>* sums) {
    if (methods == nullptr) return;
    if (sums->empty()) {
      *sums = methods->counts();
      return;
    }
    for (std::size_t i = 0; i < sums->size(); ++i) (*sums)[i].Add(methods->counts()[i]);
  }

  void RunLoop(std::size_t i) {
    clocks_[i].Begin();
    engines_->engine(i).Run(loops_[i].get());
    loops_[i]->FlushLog();
    clocks_[i].End();
    const absl::MutexLock lock(&mutex_);
    --running_;
  }

  std::vector<absl::Duration> LoopTimes() const {
    std::vector<absl::Duration> times;
    for (const ThreadClock& clock : clocks_) times.push_back(clock.Read());
    return times;
  }
  absl::Duration MostSince(const std::vector<absl::Duration>& before) const {
    absl::Duration most;
    const std::vector<absl::Duration> after = LoopTimes();
    for (std::size_t i = 0; i < after.size(); ++i) most = std::max(most, after[i] - before[i]);
    return most;
  }

  // Waits until `time`, or until every loop has sent its share of calls. False when interrupted: the end is then now.
  bool WaitUntil(LoadTime time) {
    while (!interrupted_) {
      const LoadTime now = std::chrono::steady_clock::now();
      if (now >= time) return true;
      if (now >= next_progress_) TellProgress(now);
      if (now >= next_interval_) TellInterval(now);
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
    const auto is_warm = [](const std::unique_ptr<LoadLoop>& loop) { return loop->is_warm(); };
    LoadTime now = std::chrono::steady_clock::now();
    while (now < latest_begin_ && !std::all_of(loops_.begin(), loops_.end(), is_warm)) {
      if (!WaitUntil(std::min(latest_begin_, After(now, kLookPeriod)))) return false;
      now = std::chrono::steady_clock::now();
    }
    time_.end = After(now, duration_);
    time_.begin = now;
    return true;
  }

  // Where loops had sent all the calls that end a run the measured time ended with the last of these.
  LoadTime EndOfMeasuredTime() {
    const absl::MutexLock lock(&mutex_);
    const LoadTime end = time_.end;
    if (!ends_with_calls() || running_ > 0 || end <= std::chrono::steady_clock::now()) return end;
    LoadTime last = time_.begin.load();
    uint64_t scheduled = 0;
    for (const std::unique_ptr<LoadLoop>& loop : loops_) {
      last = std::max(last, loop->counts().last_end);
      scheduled += loop->counts().scheduled;
    }
    // A schedule may have had no more calls before the end.
    return asked_shape_ && scheduled < last_call_ ? end : last;
  }

  bool ends_with_calls() const { return last_call_ < std::numeric_limits<uint64_t>::max(); }

  absl::Duration TimeLeft(LoadTime now) const {
    const LoadTime begin = time_.begin;
    if (now < begin) return Between(now, warmup_end_) + planned_;
    return std::max(Between(now, std::min(time_.end.load(), After(begin, planned_))), absl::ZeroDuration());
  }

  void TellProgress(LoadTime now) {
    next_progress_ = After(now, kProgressPeriod);
    if (observer_ == nullptr) return;
    LoadProgress progress;
    progress.totals = LookAtLoops();
    progress.methods = LookAtMethods();
    progress.recent = progress.totals.Since(progress_seen_);
    progress_seen_ = progress.totals;
    progress.recent_length = Between(last_progress_, now);
    progress.warming_up = now < time_.begin.load();
    progress.ended = progress.recent.calls();
    progress.failed = progress.recent.failed();
    progress.rate = static_cast<double>(progress.ended) / absl::ToDoubleSeconds(progress.recent_length);
    progress.p50 = progress.recent.Quantile(0.5);
    progress.p99 = progress.recent.Quantile(0.99);
    progress.in_flight = progress.recent.in_flight;
    progress.time_left = TimeLeft(now);
    last_progress_ = now;
    observer_->OnProgress(progress);
  }

  void BeginIntervals() {
    // Without a warm-up no call has been sent before, and some may have ended since.
    if (has_warmup_) intervals_seen_ = LookAtLoops();
    last_interval_ = has_warmup_ ? std::chrono::steady_clock::now() : time_.begin.load();
    next_interval_ = After(time_.begin, kInterval);
  }

  void TellInterval(LoadTime now) {
    // From where the last one was to end: nobody's lateness moves them.
    while (next_interval_ <= now) next_interval_ = After(next_interval_, kInterval);
    if (observer_ == nullptr) return;
    const LiveCounts counts = LookAtLoops();
    observer_->OnInterval({Between(last_interval_, now), counts.Since(intervals_seen_)});
    intervals_seen_ = counts;
    last_interval_ = now;
  }

  LiveCounts LookAtLoops() const {
    LiveCounts counts;
    for (const std::unique_ptr<LoadLoop>& loop : loops_) loop->live_stats().AddTo(&counts);
    return counts;
  }

  std::vector<std::pair<std::string, LiveCounts>> LookAtMethods() const {
    std::vector<std::pair<std::string, LiveCounts>> methods;
    for (const std::unique_ptr<LoadLoop>& loop : loops_) {
      if (loop->methods() == nullptr) continue;
      const std::vector<MethodCounts>& counts = loop->methods()->counts();
      for (std::size_t i = methods.size(); i < counts.size(); ++i) methods.emplace_back(counts[i].name, LiveCounts());
      for (std::size_t i = 0; i < methods.size(); ++i) loop->methods()->live_stats()[i].AddTo(&methods[i].second);
    }
    return methods;
  }

  const std::optional<LoadShape>& asked_shape_;
  const absl::Duration planned_;   // Of the measured time, but for the calls of a replay that end after its last send.
  const absl::Duration duration_;  // It ends then at the latest.
  const uint64_t last_call_;
  const bool has_warmup_;
  LoadTime warmup_end_;
  LoadTime latest_begin_;
  EngineSet* const engines_;
  LoadObserver* const observer_;
  const std::function<bool()>& stopped_;
  MeasuredTime time_;
  std::optional<LoadShape> shape_;  // With the warm-up; of an open loop.
  std::vector<std::unique_ptr<LoadLoop>> loops_;
  std::vector<ThreadClock> clocks_;  // Of the loops' threads.
  LiveCounts progress_seen_;
  LoadTime last_progress_;
  LoadTime next_progress_;
  LiveCounts intervals_seen_;
  LoadTime last_interval_;
  LoadTime next_interval_ = LoadTime::max();
  bool interrupted_ = false;
  absl::Mutex mutex_;
  std::size_t running_ = 0;  // Loops; guarded by mutex_.
};

}  // namespace

absl::StatusOr<LoadResult> RunLoad(const LoadOptions& options, LoadObserver* observer,
                                   const std::function<bool()>& stopped) {
  const LoadTime before = std::chrono::steady_clock::now();
  absl::StatusOr<std::unique_ptr<EngineSet>> engines =
      ConnectEngines(EngineOptionsOf(options), options.connect_timeout);
  if (!engines.ok()) return engines.status();
  const LoadTime connected = std::chrono::steady_clock::now();
  LoadResult result = Run(options, engines->get(), observer, stopped).Measure();
  result.connect_time = Between(before, connected);
  result.processors = AvailableProcessors();
  result.connections = (*engines)->connections();
  result.loops = (*engines)->size();
  result.max_in_flight = options.max_in_flight;
  result.longest_dispatch_delay = options.longest_dispatch_delay;
  return result;
}

}  // namespace meanwhile
