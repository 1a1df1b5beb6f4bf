// Measurement: what is known of the calls of a measured time: how long they took and how they ended.
//
// Every call counts, also in the response times, whichever way it ended: to leave out those that timed out would
// flatter the server.
//
// A measurement belongs to one thread. Give each its own and Add them up in the end.

#ifndef MEANWHILE_LOADTEST_MEASUREMENT_H_
#define MEANWHILE_LOADTEST_MEASUREMENT_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "loadtest/histogram.h"

namespace meanwhile {

class Measurement {
 public:
  // Calls that failed with the same status and message.
  struct ErrorGroup {
    absl::StatusCode code;
    std::string message;
    uint64_t count = 0;
  };

  // No more groups are told apart. Calls beyond them count in the group of their status with the message
  // kOtherMessages.
  static constexpr std::size_t kMaxErrorGroups = 20;
  // Bytes of a message that are kept.
  static constexpr std::size_t kMaxMessageSize = 300;
  static constexpr char kOtherMessages[] = "(other messages)";

  // A call has ended. Allocates only for an error's first occurrence.
  void Record(std::chrono::nanoseconds response_time, absl::StatusCode code, absl::string_view message) {
    response_times_.RecordNanos(response_time.count());
    ++statuses_[static_cast<std::size_t>(code)];
    if (code != absl::StatusCode::kOk) CountError(code, message.substr(0, kMaxMessageSize), 1);
  }

  // Counts all that `other` has counted.
  void Add(const Measurement& other);

  uint64_t calls() const { return response_times_.count(); }
  uint64_t succeeded() const { return count(absl::StatusCode::kOk); }
  uint64_t count(absl::StatusCode code) const { return statuses_[static_cast<std::size_t>(code)]; }
  const Histogram& response_times() const { return response_times_; }

  // The most frequent first.
  std::vector<ErrorGroup> ErrorGroups() const;

 private:
  void CountError(absl::StatusCode code, absl::string_view message, uint64_t count);

  Histogram response_times_;
  std::array<uint64_t, 17> statuses_{};  // By status code.
  std::vector<ErrorGroup> errors_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASUREMENT_H_
