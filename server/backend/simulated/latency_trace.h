// LatencyTrace: latencies that were measured elsewhere, in the order in which they were measured. A file has one a
// line, written as in a flag:
//
//   # the staging database, one Tuesday
//   12.5ms
//   3ms
//
// Blank lines, and those that begin with `#`, say nothing.
//
// Immutable; any thread. It stays for as long as the process: a server has one, and whatever refers to it is then a
// plain value that is copied without counting.

#ifndef MEANWHILE_SERVER_BACKEND_SIMULATED_LATENCY_TRACE_H_
#define MEANWHILE_SERVER_BACKEND_SIMULATED_LATENCY_TRACE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace meanwhile {

class LatencyTrace {
 public:
  // A file has at most so many lines, of at most so many characters.
  static constexpr std::size_t kMaxLines = 10'000'000;
  static constexpr std::size_t kMaxLineLength = 256;

  // The latencies are from 0 to 1 h, and at least one. An InvalidArgumentError names file, line and bound: `slow.txt:
  // line 3: 2h: must be from 0 to 1h`. A file that is read again, unchanged, gives the same trace.
  static absl::StatusOr<const LatencyTrace*> Read(const std::string& file);

  const std::string& file() const { return file_; }
  std::size_t size() const { return in_order_.size(); }
  // REQUIRES: place < size().
  absl::Duration at(std::size_t place) const { return in_order_[place]; }

  absl::Duration Mean() const { return mean_; }
  // The latency that a share `p` does not exceed. REQUIRES: 0 < p < 1.
  absl::Duration Quantile(double p) const;

 private:
  LatencyTrace(std::string file, std::vector<absl::Duration> in_order);

  std::string file_;
  std::vector<absl::Duration> in_order_;
  std::vector<absl::Duration> sorted_;
  absl::Duration mean_;
};

}  // namespace meanwhile

#endif  // MEANWHILE_SERVER_BACKEND_SIMULATED_LATENCY_TRACE_H_
