// The load that servers are compared at: so many calls in flight, or so many calls a second. A plain value; the
// functions are pure.
#ifndef MEANWHILE_LOADTEST_REPORT_LEVEL_H_
#define MEANWHILE_LOADTEST_REPORT_LEVEL_H_

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loadtest/report/figures.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

struct Level {
  uint32_t in_flight = 0;
  // Of an open loop, in place of calls in flight.
  std::optional<double> rate;

  // `4,000 in flight`, `500 calls/s`.
  std::string text() const {
    if (!rate) return FormatCount(static_cast<double>(in_flight)) + " in flight";
    return (*rate == std::floor(*rate) ? FormatCount(*rate) : FormatFigure(*rate)) + " calls/s";
  }

  bool operator==(const Level&) const = default;
};

// Of a v1::Cell or a v1::Comparison.
template <typename Message>
Level LevelOf(const Message& message) {
  if (message.has_rate()) return Level{.in_flight = 0, .rate = message.rate()};
  return Level{.in_flight = message.in_flight(), .rate = std::nullopt};
}

template <typename Message>
void SetLevel(const Level& level, Message* message) {
  if (level.rate) {
    message->set_rate(*level.rate);
  } else {
    message->set_in_flight(level.in_flight);
  }
}

// In the order in which they were asked for.
inline std::vector<Level> LevelsOf(const v1::ComparisonSettings& settings) {
  std::vector<Level> levels;
  for (const double rate : settings.rates()) levels.push_back({.in_flight = 0, .rate = rate});
  for (const uint32_t in_flight : settings.in_flight()) levels.push_back({.in_flight = in_flight, .rate = {}});
  return levels;
}

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_LEVEL_H_
