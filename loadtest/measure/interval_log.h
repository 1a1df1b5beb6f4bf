// IntervalLog: what loops measure, second by second, written to a file as an HdrHistogram log while the load goes on.
//
//   loops         IntervalRecorder: a second's histograms of its own, handed to the log when the next second begins
//   main thread   WriteClosed, now and then; WriteAll in the end
//
// An interval's response times have no tag; service times have the tag `service`, dispatch delays `delay`. A call is in
// the interval in which it ended.
//
// Memory: what loops hand over in two or three seconds. A loop that was idle and hands an interval over later adds
// lines for the same time, which readers add up.

#ifndef MEANWHILE_LOADTEST_MEASURE_INTERVAL_LOG_H_
#define MEANWHILE_LOADTEST_MEASURE_INTERVAL_LOG_H_

#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "loadtest/engine/engine.h"
#include "loadtest/measure/histogram.h"
#include "loadtest/measure/measurement.h"

namespace meanwhile {

// The times of the calls that ended in one interval.
struct IntervalTimes {
  Histogram response;
  Histogram service;
  Histogram delay;

  void Record(const CallTimes& times);
  void Add(const IntervalTimes& other);
  void Clear();
};

class IntervalLog {
 public:
  static constexpr std::chrono::seconds kLength{1};

  // Replaces the file. Check status().
  explicit IntervalLog(const std::string& path);

  // Interval 0 begins at `begin`. Before any loop runs.
  void Begin(LoadTime begin, absl::Time wall_begin);
  LoadTime begin() const { return begin_; }

  // Any thread: a loop's part of an interval.
  void Add(int64_t interval, const IntervalTimes& times) ABSL_LOCKS_EXCLUDED(mutex_);

  // One thread: writes the intervals that no busy loop adds to any more; all of them.
  void WriteClosed();
  void WriteAll();
  // Of the writing so far. The error names the file.
  absl::Status status() const;

 private:
  void WriteUpTo(int64_t newest);

  const std::string path_;
  std::ofstream file_;
  LoadTime begin_;
  absl::Mutex mutex_;
  std::map<int64_t, IntervalTimes> open_ ABSL_GUARDED_BY(mutex_);
};

// One loop's. The log may be null: nothing is recorded then.
class IntervalRecorder {
 public:
  explicit IntervalRecorder(IntervalLog* log) : log_(log) {}

  void Record(const CallTimes& times, LoadTime end) {
    if (log_ != nullptr) RecordIn((end - log_->begin()) / IntervalLog::kLength, times);
  }
  // Hands over what has not been.
  void Flush();

 private:
  void RecordIn(int64_t interval, const CallTimes& times);

  IntervalLog* const log_;
  int64_t interval_ = 0;
  // Made with the first call: most loads have no log.
  std::unique_ptr<IntervalTimes> times_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_INTERVAL_LOG_H_
