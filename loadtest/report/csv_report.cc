#include "loadtest/report/csv_report.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "loadtest/report/run_cell.h"

namespace meanwhile {
namespace {

// The shortest decimal that reads back as the same double; empty when it is not finite.
std::string Number(double value) {
  if (!std::isfinite(value)) return "";
  // The longest doubles take 309 digits before the point or 1,074 after it.
  char buffer[1100];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed);
  return std::string(buffer, result.ptr);
}

std::string Quoted(absl::string_view field) {
  if (field.find_first_of(",\"\r\n") == absl::string_view::npos) return std::string(field);
  return absl::StrCat("\"", absl::StrReplaceAll(field, {{"\"", "\"\""}}), "\"");
}

// `OK=100 UNAVAILABLE=2`.
std::string Statuses(const v1::Cell& cell) {
  const std::map<std::string, double> sorted(cell.statuses().begin(), cell.statuses().end());
  return absl::StrJoin(sorted, " ", [](std::string* out, const auto& status) {
    absl::StrAppend(out, status.first, "=", Number(status.second));
  });
}

// `2 UNAVAILABLE: connection reset`, a line each.
std::string ErrorGroups(const v1::Cell& cell) {
  return absl::StrJoin(cell.error_groups(), "\n", [](std::string* out, const v1::ErrorGroup& group) {
    absl::StrAppend(out, Number(group.count()), " ", group.status(), ": ", group.message());
  });
}

struct Column {
  const char* name;
  std::string (*field)(const v1::Cell& cell);
};

#define TIME_COLUMN(name)                                                                      \
  {                                                                                            \
    #name "_seconds", [](const v1::Cell& cell) { return Number(cell.response_time().name()); } \
  }
#define SERVICE_COLUMN(name)                                                                                   \
  {                                                                                                            \
    "service_" #name "_seconds",                                                                               \
        [](const v1::Cell& cell) { return cell.has_service_time() ? Number(cell.service_time().name()) : ""; } \
  }
#define DISPATCH_COLUMN(name)                                                                                      \
  {                                                                                                                \
    "dispatch_delay_" #name "_seconds",                                                                            \
        [](const v1::Cell& cell) { return cell.has_dispatch_delay() ? Number(cell.dispatch_delay().name()) : ""; } \
  }
#define SERVER_COLUMN(name)                                                                                     \
  {                                                                                                             \
    "server_" #name, [](const v1::Cell& cell) { return cell.has_server() ? Number(cell.server().name()) : ""; } \
  }
#define CLIENT_COLUMN(name)                                                                                     \
  {                                                                                                             \
    "client_" #name, [](const v1::Cell& cell) { return cell.has_client() ? Number(cell.client().name()) : ""; } \
  }
#define STREAM_COLUMN(column, figure)                                                                    \
  {                                                                                                      \
    column, [](const v1::Cell& cell) { return cell.has_streams() ? Number(cell.streams().figure) : ""; } \
  }
#define STREAM_TIME_COLUMN(times, figure)                                                 \
  {                                                                                       \
    #times "_" #figure "_seconds", [](const v1::Cell& cell) {                             \
      return cell.streams().has_##times() ? Number(cell.streams().times().figure()) : ""; \
    }                                                                                     \
  }

constexpr Column kColumns[] = {
    {"model", [](const v1::Cell& cell) { return cell.model(); }},
    {"in_flight", [](const v1::Cell& cell) { return absl::StrCat(cell.in_flight()); }},
    {"round", [](const v1::Cell& cell) { return cell.round() == 0 ? "" : absl::StrCat(cell.round()); }},
    {"duration_seconds", [](const v1::Cell& cell) { return Number(cell.duration_seconds()); }},
    {"calls", [](const v1::Cell& cell) { return Number(cell.calls()); }},
    {"achieved_rate", [](const v1::Cell& cell) { return Number(cell.achieved_rate()); }},
    {"ideal_share", [](const v1::Cell& cell) { return cell.has_ideal_share() ? Number(cell.ideal_share()) : ""; }},
    {"errors", [](const v1::Cell& cell) { return Number(cell.errors()); }},
    TIME_COLUMN(min),
    TIME_COLUMN(mean),
    TIME_COLUMN(p50),
    TIME_COLUMN(p75),
    TIME_COLUMN(p90),
    TIME_COLUMN(p99),
    TIME_COLUMN(p999),
    TIME_COLUMN(p9999),
    TIME_COLUMN(max),
    SERVER_COLUMN(cpu_micros_per_call),
    SERVER_COLUMN(processors_used),
    SERVER_COLUMN(peak_threads),
    SERVER_COLUMN(peak_rss_bytes),
    {"server_context_switches_per_call",
     [](const v1::Cell& cell) {
       return cell.server().has_context_switches_per_call() ? Number(cell.server().context_switches_per_call()) : "";
     }},
    CLIENT_COLUMN(cpu_micros_per_call),
    CLIENT_COLUMN(processors_used),
    CLIENT_COLUMN(waited_for_stream),
    {"statuses", Statuses},
    {"error_groups", ErrorGroups},
    TIME_COLUMN(stddev),
    TIME_COLUMN(p99999),
    {"offered_rate", [](const v1::Cell& cell) { return cell.has_offered_rate() ? Number(cell.offered_rate()) : ""; }},
    {"not_sent", [](const v1::Cell& cell) { return Number(cell.not_sent()); }},
    {"in_flight_at_end", [](const v1::Cell& cell) { return Number(cell.in_flight_at_end()); }},
    {"unfinished", [](const v1::Cell& cell) { return Number(cell.unfinished()); }},
    SERVICE_COLUMN(mean),
    SERVICE_COLUMN(p50),
    SERVICE_COLUMN(p99),
    SERVICE_COLUMN(p999),
    SERVICE_COLUMN(max),
    DISPATCH_COLUMN(mean),
    DISPATCH_COLUMN(p50),
    DISPATCH_COLUMN(p99),
    DISPATCH_COLUMN(p999),
    DISPATCH_COLUMN(max),
    STREAM_COLUMN("messages_received", received()),
    STREAM_COLUMN("messages_sent", sent()),
    STREAM_COLUMN("messages_received_rate", received_rate()),
    STREAM_COLUMN("messages_sent_rate", sent_rate()),
    STREAM_TIME_COLUMN(time_to_first_message, mean),
    STREAM_TIME_COLUMN(time_to_first_message, p50),
    STREAM_TIME_COLUMN(time_to_first_message, p99),
    STREAM_TIME_COLUMN(time_to_first_message, p999),
    STREAM_TIME_COLUMN(time_to_first_message, max),
    STREAM_TIME_COLUMN(time_between_messages, mean),
    STREAM_TIME_COLUMN(time_between_messages, p50),
    STREAM_TIME_COLUMN(time_between_messages, p99),
    STREAM_TIME_COLUMN(time_between_messages, p999),
    STREAM_TIME_COLUMN(time_between_messages, max),
};

#undef TIME_COLUMN
#undef SERVICE_COLUMN
#undef DISPATCH_COLUMN
#undef SERVER_COLUMN
#undef CLIENT_COLUMN
#undef STREAM_COLUMN
#undef STREAM_TIME_COLUMN

// `kind` stands before the columns of a cell, `of_report` behind them.
template <typename FieldOf>
void AppendRow(std::string& csv, const std::string& kind, FieldOf field_of, const std::vector<std::string>& of_report) {
  std::vector<std::string> fields = {kind};
  for (const Column& column : kColumns) fields.push_back(Quoted(field_of(column)));
  for (const std::string& field : of_report) fields.push_back(Quoted(field));
  absl::StrAppend(&csv, absl::StrJoin(fields, ","), "\r\n");
}

std::string Head() {
  std::string csv;
  AppendRow(csv, "kind", [](const Column& column) { return std::string(column.name); }, {"engine", "method"});
  return csv;
}

void AppendCell(std::string& csv, const v1::Cell& cell, const std::string& engine, const std::string& method = "") {
  const std::string kind = !method.empty() ? "method" : cell.round() == 0 ? "summary" : "round";
  AppendRow(csv, kind, [&cell](const Column& column) { return column.field(cell); }, {engine, method});
}

// What is known of a method's calls alone; what is not is no number.
v1::Cell CellOf(const v1::MethodFigures& method, const v1::RunReport& report) {
  constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  v1::Cell cell;
  cell.set_model(report.model());
  cell.set_in_flight(report.in_flight());
  cell.set_duration_seconds(report.duration_seconds());
  cell.set_calls(method.calls());
  cell.set_achieved_rate(method.achieved_rate());
  cell.set_errors(method.errors());
  *cell.mutable_statuses() = method.statuses();
  *cell.mutable_error_groups() = method.error_groups();
  *cell.mutable_response_time() = method.response_time();
  cell.set_unfinished(method.unfinished());
  cell.set_not_sent(kUnknown);
  cell.set_in_flight_at_end(kUnknown);
  return cell;
}

}  // namespace

std::string CsvReport(const v1::ComparisonReport& report) {
  std::string csv = Head();
  for (const v1::Cell& cell : report.cells()) AppendCell(csv, cell, report.settings().engine());
  for (const v1::Cell& cell : report.rounds()) AppendCell(csv, cell, report.settings().engine());
  return csv;
}

std::string CsvReport(const v1::RunReport& report) {
  std::string csv = Head();
  AppendCell(csv, CellOf(report), report.engine());
  for (const v1::MethodFigures& method : report.method_figures()) {
    AppendCell(csv, CellOf(method, report), report.engine(), method.name());
  }
  return csv;
}

std::string CsvReport(const v1::SearchReport& report) {
  std::string csv = Head();
  uint32_t number = 0;
  for (const v1::SearchProbe& probe : report.probes()) {
    v1::Cell cell = probe.cell();
    cell.set_round(++number);
    AppendCell(csv, cell, report.engine());
  }
  return csv;
}

}  // namespace meanwhile
