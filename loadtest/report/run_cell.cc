#include "loadtest/report/run_cell.h"

namespace meanwhile {

v1::Cell CellOf(const v1::RunReport& report) {
  v1::Cell cell;
  cell.set_model(report.model());
  cell.set_in_flight(report.in_flight());
  cell.set_duration_seconds(report.duration_seconds());
  cell.set_calls(report.calls());
  cell.set_achieved_rate(report.achieved_rate());
  if (report.has_ideal_share()) cell.set_ideal_share(report.ideal_share());
  cell.set_errors(report.errors());
  *cell.mutable_statuses() = report.statuses();
  *cell.mutable_error_groups() = report.error_groups();
  *cell.mutable_response_time() = report.response_time();
  if (report.has_service_time()) *cell.mutable_service_time() = report.service_time();
  if (report.has_dispatch_delay()) *cell.mutable_dispatch_delay() = report.dispatch_delay();
  if (report.has_offered_rate()) cell.set_offered_rate(report.offered_rate());
  cell.set_not_sent(report.not_sent());
  cell.set_in_flight_at_end(report.in_flight_at_end());
  cell.set_unfinished(report.unfinished());
  if (report.has_server()) *cell.mutable_server() = report.server();
  if (report.has_client()) *cell.mutable_client() = report.client();
  cell.set_client_limited(report.client_limited());
  cell.set_behind(report.behind());
  if (report.has_streams()) *cell.mutable_streams() = report.streams();
  return cell;
}

}  // namespace meanwhile
