// TimeSeries: how a load went over time, a point a second. When there are too many points for a picture, each two
// neighbours become one, and from then on points are twice as long: so memory is bounded (some 4 MB), however long the
// load goes on, and nothing is left out.
//
// The counts come from LiveStats, which loops keep anyway: a series costs a call nothing. A call is in the point in
// which it ended.
//
// A plain value; one thread at a time.

#ifndef MEANWHILE_LOADTEST_MEASURE_TIME_SERIES_H_
#define MEANWHILE_LOADTEST_MEASURE_TIME_SERIES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "loadtest/measure/live_stats.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// What a server used over about a second.
struct ServerSight {
  double processors_used = 0;
  double resident_bytes = 0;
  uint32_t threads = 0;
};

class TimeSeries {
 public:
  // An even number.
  static constexpr std::size_t kMostPoints = 600;
  // What is shorter does not become a point of its own: its rate would say nothing.
  static constexpr absl::Duration kShortest = absl::Milliseconds(250);

  // The next stretch of time, from where the last one ended.
  void Add(absl::Duration length, const LiveCounts& counts, const std::optional<ServerSight>& server);

  void AddTo(v1::RunReport* report) const;

 private:
  struct Point {
    absl::Duration length;
    LiveCounts counts;
    // Sums over the seconds in it, for means, and how many they are of.
    double in_flight = 0;
    ServerSight server;
    uint32_t seconds = 0;
    uint32_t server_seconds = 0;

    void Append(const Point& later);
  };

  void Halve();

  std::vector<Point> points_;
  // How many of what Add was given make a point, and how many of them the last point has.
  std::size_t stretches_a_point_ = 1;
  std::size_t stretches_in_last_ = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_MEASURE_TIME_SERIES_H_
