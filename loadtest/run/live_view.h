// The live view: how a run goes. On a terminal a few lines that are redrawn in place twice a second:
//
//   measuring  █████████████████▌                         43 %  12s left
//   offered 2,000 calls/s · achieved 1,996 calls/s · 102 in flight
//   response p50 50.8 ms · p90 57.1 ms · p99 62.9 ms
//   p99 of the last minute  ▅▅▅▆▅▅█▅▅  up to 71.0 ms
//   errors 12 (0.01 %) · not sent 0
//   server 0.61 processors · 74 MB · 13 threads
//
// Elsewhere, and on a terminal that cannot move its cursor (TERM=dumb), one line every ten seconds. With NO_COLOR set
// to something nothing is coloured.
//
// The cursor is always left at the start of the line below: whatever ends the program, the terminal is as it was.
//
// Thread: the one that runs the load.

#ifndef MEANWHILE_LOADTEST_RUN_LIVE_VIEW_H_
#define MEANWHILE_LOADTEST_RUN_LIVE_VIEW_H_

#include <cstddef>
#include <cstdio>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "loadtest/load/load_run.h"
#include "loadtest/measure/time_series.h"

namespace meanwhile {

struct LiveFigures {
  LoadProgress progress;
  std::optional<ServerSight> server;
  // The p99 of each half second of the last minute, the newest last.
  std::vector<absl::Duration> p99s;
  // Of the run's time; none when only the number of calls ends it.
  std::optional<double> share_done;
};

// The lines of the view, none wider than `width` columns. Pure; so is the next.
std::vector<std::string> LiveFrame(const LiveFigures& figures, std::size_t width, bool in_colour);

// All of it in one line.
std::string LiveLine(const LiveFigures& figures);

// Bars from ▁ to █ for `values`, the highest one of them all; at most `width`, each for the highest of its values.
std::string Sparkline(const std::vector<absl::Duration>& values, std::size_t width);

class LiveView {
 public:
  // Writes to `file`. Asks the environment for TERM and NO_COLOR.
  explicit LiveView(std::FILE* file);
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;
  // Takes the view away.
  ~LiveView() { Clear(); }

  void Show(const LoadProgress& progress, const std::optional<ServerSight>& server, absl::Time now);
  // Takes the lines away, where they were drawn in place.
  void Clear();

 private:
  LiveFigures FiguresOf(const LoadProgress& progress, const std::optional<ServerSight>& server);
  void Draw(const LiveFigures& figures);

  std::FILE* const file_;
  const bool in_place_;
  const bool in_colour_;
  std::deque<absl::Duration> p99s_;
  absl::Duration longest_left_;
  std::optional<absl::Time> next_line_;
  std::size_t lines_shown_ = 0;
};

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_RUN_LIVE_VIEW_H_
