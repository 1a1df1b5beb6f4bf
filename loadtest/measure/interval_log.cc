#include "loadtest/measure/interval_log.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "loadtest/measure/hdr_log.h"

namespace meanwhile {
namespace {

// How far behind the newest interval loops may hand over theirs, as they do when they next record.
constexpr int64_t kOpenIntervals = 2;

}  // namespace

void IntervalTimes::Record(const CallTimes& times) {
  response.RecordNanos(times.response.count());
  service.RecordNanos(times.service.count());
  delay.RecordNanos((times.response - times.service).count());
}

void IntervalTimes::Add(const IntervalTimes& other) {
  response.Add(other.response);
  service.Add(other.service);
  delay.Add(other.delay);
}

void IntervalTimes::Clear() {
  response.Clear();
  service.Clear();
  delay.Clear();
}

IntervalLog::IntervalLog(const std::string& path) : path_(path), file_(path, std::ios::trunc) {}

void IntervalLog::Begin(LoadTime begin, absl::Time wall_begin) {
  begin_ = begin;
  file_ << HdrLogHead(wall_begin);
}

void IntervalLog::Add(int64_t interval, const IntervalTimes& times) {
  const absl::MutexLock lock(&mutex_);
  open_[interval].Add(times);
}

void IntervalLog::WriteClosed() {
  int64_t newest = 0;
  {
    const absl::MutexLock lock(&mutex_);
    if (open_.empty()) return;
    newest = open_.rbegin()->first;
  }
  WriteUpTo(newest - kOpenIntervals);
}

void IntervalLog::WriteAll() {
  WriteUpTo(std::numeric_limits<int64_t>::max());
  file_.flush();
}

void IntervalLog::WriteUpTo(int64_t newest) {
  // Encoded outside of the lock: loops do not wait for it.
  std::vector<std::pair<int64_t, IntervalTimes>> closed;
  {
    const absl::MutexLock lock(&mutex_);
    while (!open_.empty() && open_.begin()->first <= newest) {
      auto first = open_.extract(open_.begin());
      closed.emplace_back(first.key(), std::move(first.mapped()));
    }
  }
  const absl::Duration length = absl::FromChrono(kLength);
  for (const auto& [interval, times] : closed) {
    const absl::Duration begin = interval * length;
    file_ << HdrLogLine("", begin, length, times.response) << HdrLogLine("service", begin, length, times.service)
          << HdrLogLine("delay", begin, length, times.delay);
  }
}

absl::Status IntervalLog::status() const {
  return file_ ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", path_));
}

void IntervalRecorder::Flush() {
  if (times_ == nullptr || times_->response.count() == 0) return;
  log_->Add(interval_, *times_);
  times_->Clear();
}

void IntervalRecorder::RecordIn(int64_t interval, const CallTimes& times) {
  if (times_ == nullptr) times_ = std::make_unique<IntervalTimes>();
  if (interval != interval_) Flush();
  interval_ = interval;
  times_->Record(times);
}

}  // namespace meanwhile
