#include "loadtest/measure/time_series.h"

#include <algorithm>
#include <utility>

namespace meanwhile {

void TimeSeries::Point::Append(const Point& later) {
  length += later.length;
  counts.Append(later.counts);
  in_flight += later.in_flight;
  server.processors_used += later.server.processors_used;
  server.resident_bytes += later.server.resident_bytes;
  server.threads += later.server.threads;
  seconds += later.seconds;
  server_seconds += later.server_seconds;
}

void TimeSeries::Add(absl::Duration length, const LiveCounts& counts, const std::optional<ServerSight>& server) {
  if (length <= absl::ZeroDuration()) return;
  Point point;
  point.length = length;
  point.counts = counts;
  point.in_flight = static_cast<double>(counts.in_flight);
  point.seconds = 1;
  if (server) {
    point.server = *server;
    point.server_seconds = 1;
  }
  const bool joins = !points_.empty() && (stretches_in_last_ < stretches_a_point_ || length < kShortest);
  if (joins) {
    ++stretches_in_last_;
    points_.back().Append(point);
    return;
  }
  if (points_.size() == kMostPoints) Halve();
  points_.push_back(std::move(point));
  stretches_in_last_ = 1;
}

void TimeSeries::Halve() {
  for (std::size_t i = 0; i < points_.size() / 2; ++i) {
    Point merged = std::move(points_[2 * i]);
    merged.Append(points_[2 * i + 1]);
    points_[i] = std::move(merged);
  }
  points_.resize(points_.size() / 2);
  stretches_a_point_ *= 2;
}

void TimeSeries::AddTo(v1::RunReport* report) const {
  const bool is_open = std::any_of(points_.begin(), points_.end(), [](const Point& p) { return p.counts.due > 0; });
  absl::Duration start;
  for (const Point& point : points_) {
    const double seconds = absl::ToDoubleSeconds(point.length);
    const LiveCounts& counts = point.counts;
    v1::TimePoint* to = report->add_time_series();
    to->set_start_seconds(absl::ToDoubleSeconds(start));
    to->set_length_seconds(seconds);
    to->set_calls(static_cast<double>(counts.calls()));
    to->set_achieved_rate(static_cast<double>(counts.succeeded()) / seconds);
    if (is_open) to->set_offered_rate(static_cast<double>(counts.due) / seconds);
    to->set_not_sent(static_cast<double>(counts.not_sent));
    to->set_errors(static_cast<double>(counts.failed()));
    to->set_in_flight(point.in_flight / point.seconds);
    if (counts.calls() > 0) {
      to->set_p50(absl::ToDoubleSeconds(counts.Quantile(0.5)));
      to->set_p90(absl::ToDoubleSeconds(counts.Quantile(0.9)));
      to->set_p99(absl::ToDoubleSeconds(counts.Quantile(0.99)));
      to->set_max(absl::ToDoubleSeconds(counts.Longest()));
    }
    if (point.server_seconds > 0) {
      v1::ServerPoint* server = to->mutable_server();
      server->set_processors_used(point.server.processors_used / point.server_seconds);
      server->set_rss_bytes(point.server.resident_bytes / point.server_seconds);
      server->set_threads(static_cast<double>(point.server.threads) / point.server_seconds);
    }
    start += point.length;
  }
}

}  // namespace meanwhile
