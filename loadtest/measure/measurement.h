// Measurement: what is known of the calls of a measured time: how long they took and how they ended.
//
//   intended send      actual send                  response
//        ├── dispatch delay ──┼────── service time ──────┤
//        ├────────────────── response time ──────────────┤
//
// Every call counts in all three, whichever way it ended: to leave out those that timed out would flatter the server.
// So does one that was given up before it ended, with the time until then, but it is no success and no error. A call
// whose answer was wrong counts apart from the statuses.
//
// Memory: three histograms, and one more for each further status that calls end with, however many calls.
//
// A measurement belongs to one thread. Give each its own and Add them up in the end.

#ifndef MEANWHILE_LOADTEST_MEASURE_MEASUREMENT_H_
#define MEANWHILE_LOADTEST_MEASURE_MEASUREMENT_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "loadtest/measure/histogram.h"
#include "loadtest/measure/verdict.h"

namespace meanwhile {

struct CallTimes {
  // From the intended send.
  std::chrono::nanoseconds response;
  // From the actual send.
  std::chrono::nanoseconds service;
};

class Measurement {
 public:
  // Calls that failed with the same status, or with a wrong answer, and message.
  struct ErrorGroup {
    absl::StatusCode code;
    std::string message;
    uint64_t count = 0;
    bool is_wrong_answer = false;
  };

  // No more groups are told apart. Calls beyond them count in the group of their status with the message
  // kOtherMessages.
  static constexpr std::size_t kMaxErrorGroups = 20;
  // Bytes of a message that are kept.
  static constexpr std::size_t kMaxMessageSize = 300;
  static constexpr char kOtherMessages[] = "(other messages)";

  // A call has ended. Allocates only for the first call with a status or an error.
  void Record(const CallTimes& times, absl::StatusCode code, absl::string_view message) {
    Record(times, code, VerdictOf(code), message);
  }
  // One that was judged otherwise than by its status; `message` says why it is no success.
  void Record(const CallTimes& times, absl::StatusCode code, Verdict verdict, absl::string_view message) {
    const bool is_wrong_answer = verdict == Verdict::kWrongAnswer;
    RecordTimes(times, is_wrong_answer ? kWrongAnswer : static_cast<std::size_t>(code));
    if (verdict == Verdict::kSucceeded) {
      ++succeeded_;
    } else {
      CountError({code, std::string(), 1, is_wrong_answer}, message.substr(0, kMaxMessageSize));
    }
  }

  // A call was given up after these times.
  void RecordUnfinished(const CallTimes& times) { RecordTimes(times, kUnfinished); }

  // Counts all that `other` has counted.
  void Add(const Measurement& other);

  // All calls, unfinished ones included.
  uint64_t calls() const { return service_times_.count(); }
  uint64_t succeeded() const { return succeeded_; }
  uint64_t unfinished() const { return CountOf(kUnfinished); }
  uint64_t failed() const { return calls() - succeeded() - unfinished(); }
  // Calls with a wrong answer are in none of these.
  uint64_t count(absl::StatusCode code) const { return CountOf(static_cast<std::size_t>(code)); }
  uint64_t wrong_answers() const { return CountOf(kWrongAnswer); }

  // Made anew in each call.
  Histogram response_times() const;
  const Histogram& service_times() const { return service_times_; }
  const Histogram& dispatch_delays() const { return dispatch_delays_; }
  // The response times of calls that ended with `code`; null when none did.
  const Histogram* response_times(absl::StatusCode code) const { return TimesOf(static_cast<std::size_t>(code)); }
  const Histogram* wrong_answer_times() const { return TimesOf(kWrongAnswer); }

  // The most frequent first.
  std::vector<ErrorGroup> ErrorGroups() const;

 private:
  // After the 17 status codes.
  static constexpr std::size_t kUnfinished = 17;
  static constexpr std::size_t kWrongAnswer = 18;

  void RecordTimes(const CallTimes& times, std::size_t status) {
    if (!response_times_[status]) response_times_[status].emplace();
    response_times_[status]->RecordNanos(times.response.count());
    service_times_.RecordNanos(times.service.count());
    dispatch_delays_.RecordNanos((times.response - times.service).count());
  }
  uint64_t CountOf(std::size_t status) const { return response_times_[status] ? response_times_[status]->count() : 0; }
  const Histogram* TimesOf(std::size_t status) const {
    return response_times_[status] ? &*response_times_[status] : nullptr;
  }
  // Adds the count of `error`, whose own message is not looked at.
  void CountError(const ErrorGroup& error, absl::string_view message);

  std::array<std::optional<Histogram>, kWrongAnswer + 1> response_times_;  // By status.
  uint64_t succeeded_ = 0;
  Histogram service_times_;
  Histogram dispatch_delays_;
  std::vector<ErrorGroup> errors_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_MEASUREMENT_H_
