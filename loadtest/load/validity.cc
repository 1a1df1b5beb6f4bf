#include "loadtest/load/validity.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "loadtest/report/figures.h"

namespace meanwhile {
namespace {

// A processor that is busy for so large a share of the time has none left to send on time.
constexpr double kFullShare = 0.95;
// In less time than this a thread's first calls, which cost more, fill it.
constexpr absl::Duration kShortestToJudge = absl::Milliseconds(100);
// Of the calls that the schedule set. If more of them are missing, no percentile tells of all.
constexpr double kNotSentShare = 0.01;
// Of the calls that were due. The number in flight varies by about its root, and calls that end late at one end of the
// measured time are made up for at the other; thrice that is no chance.
constexpr double kMissingShare = 0.05;
constexpr double kDeviations = 3;

// Of one processor. 0 in a run too short to tell.
double ShareOf(absl::Duration processor_time, const LoadResult& result) {
  return result.elapsed >= kShortestToJudge ? absl::FDivDuration(processor_time, result.elapsed) : 0;
}

std::string Count(uint64_t count) { return FormatCount(static_cast<double>(count)); }
std::string Time(absl::Duration time) { return FormatSeconds(absl::ToDoubleSeconds(time)); }

// What to do about loops that are full.
std::string MoreLoops(const LoadResult& result) {
  if (result.loops >= result.processors) return "run it on another machine, or on more of them";
  std::string advice = absl::StrCat("give it more --loops than ", result.loops);
  if (result.connections <= result.loops) absl::StrAppend(&advice, ", and more --connections than they are");
  return advice;
}

bool AreTooManyNotSent(const LoadResult& result) {
  return static_cast<double>(result.not_sent) > kNotSentShare * static_cast<double>(result.scheduled);
}

}  // namespace

std::vector<std::string> OwnLimits(const LoadResult& result) {
  std::vector<std::string> limits;
  const double used = ShareOf(result.processor_time, result);
  const double busiest = ShareOf(result.busiest_loop_time, result);
  if (result.processors > 0 && used >= kFullShare * static_cast<double>(result.processors)) {
    limits.push_back(absl::StrFormat("the load tester used %.2f of its %d processors; run it on another machine", used,
                                     result.processors));
  } else if (busiest >= kFullShare) {
    limits.push_back(absl::StrFormat("a loop of the load tester was busy for %.0f %% of the time; %s", 100 * busiest,
                                     MoreLoops(result)));
  }
  if (result.scheduled == 0) return limits;

  const absl::Duration delay = result.measurement.dispatch_delays().ValueAtQuantile(0.99);
  if (delay > result.longest_dispatch_delay) {
    limits.push_back(absl::StrCat("1 % of the calls left ", Time(delay), " late or later, over --max-dispatch-delay, ",
                                  Time(result.longest_dispatch_delay), "; ", MoreLoops(result)));
  }
  return limits;
}

std::vector<std::string> ClientLimits(const LoadResult& result) {
  std::vector<std::string> limits = OwnLimits(result);
  if (!AreTooManyNotSent(result)) return limits;
  std::string limit =
      absl::StrCat(Count(result.not_sent), " of the ", Count(result.scheduled), " calls that were due were never sent");
  // Loops that were too late did not come to them; else there was no place.
  if (limits.empty()) {
    absl::StrAppend(
        &limit, ", as ", Count(result.max_in_flight),
        " were in flight: raise --max-in-flight, or lower the rate, which the server does not keep up with");
  }
  limits.push_back(limit);
  return limits;
}

bool IsServerBehind(const LoadResult& result) {
  if (result.scheduled == 0) return false;
  if (AreTooManyNotSent(result)) return true;
  const auto due = static_cast<double>(result.scheduled);
  const double missing = due - static_cast<double>(result.succeeded_in_time + result.measurement.failed());
  return missing > std::max(kMissingShare * due, kDeviations * std::sqrt(static_cast<double>(result.in_flight_at_end)));
}

}  // namespace meanwhile
