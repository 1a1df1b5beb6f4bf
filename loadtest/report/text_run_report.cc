// The text of `loadtest run`, in the order in which one reads ghz's: summary, times, histogram, status codes, errors.

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "loadtest/report/figures.h"
#include "loadtest/report/text_layout.h"
#include "loadtest/report/text_parts.h"
#include "loadtest/report/text_report.h"

namespace meanwhile {
namespace {

constexpr std::size_t kBarWidth = 60;

std::string Section(const std::string& title, const TextTable& table) {
  return absl::StrCat("\n", title, "\n", absl::StrJoin(table.Lines(2), "\n"), "\n");
}

std::string Head(const v1::RunReport& report) {
  std::vector<std::string> how = {Printable(report.target())};
  for (const std::string& method : report.methods()) how.push_back(Printable(method));
  if (!report.model().empty()) how.push_back(absl::StrCat("model ", Printable(report.model())));
  if (!report.load().empty()) how.push_back(Printable(report.load()));
  how.push_back(Quantity(report.connections(), "connection"));
  how.push_back(Quantity(report.loops(), "loop"));
  how.push_back(absl::StrCat("engine ", Printable(report.engine())));
  return absl::StrCat(JoinItems(how, kReportWidth), "\n", JoinItems(HostItems(report.host()), kReportWidth), "\n");
}

std::string RateOf(const v1::RunReport& report) {
  std::string rate = absl::StrCat(FormatFigure(report.achieved_rate()), " calls/s");
  if (report.has_offered_rate()) {
    absl::StrAppend(&rate, " of ", FormatFigure(report.offered_rate()), " calls/s offered");
  }
  if (report.has_ideal_share()) absl::StrAppend(&rate, ", ", FormatShare(report.ideal_share()), " of the ideal");
  return rate;
}

std::string ServerFigures(const v1::ServerUsage& server) {
  std::vector<std::string> figures;
  // The server tells of the calls of its own service only.
  if (server.cpu_micros_per_call() > 0) {
    figures.push_back(absl::StrCat(FormatFigure(server.cpu_micros_per_call()), " µs of processor per call"));
  }
  figures.insert(figures.end(), {
                                    absl::StrCat(FormatFigure(server.processors_used()), " processors busy"),
                                    absl::StrCat("peak ", Quantity(server.peak_threads(), "thread")),
                                    absl::StrCat("peak ", FormatBytes(server.peak_rss_bytes())),
                                });
  if (server.has_context_switches_per_call()) {
    figures.push_back(absl::StrCat(FormatFigure(server.context_switches_per_call()), " switches per call"));
  }
  return absl::StrJoin(figures, ", ");
}

std::string MessagesOf(const v1::StreamFigures& streams) {
  std::vector<std::string> figures;
  const auto add = [&figures](double count, double rate, const char* direction) {
    if (count > 0) {
      figures.push_back(absl::StrCat(FormatCount(count), " ", direction, ", ", FormatFigure(rate), " a second"));
    }
  };
  add(streams.received(), streams.received_rate(), "received");
  add(streams.sent(), streams.sent_rate(), "sent");
  return figures.empty() ? "none" : absl::StrJoin(figures, "; ");
}

std::string Summary(const v1::RunReport& report) {
  TextTable table("ll");
  const auto add = [&table](const std::string& name, const std::string& figure) { table.AddRow({name, figure}); };
  add("calls", absl::StrCat(FormatCount(report.calls()), " in ", FormatSeconds(report.duration_seconds())));
  add("rate", RateOf(report));
  if (report.not_sent() > 0) {
    add("not sent", absl::StrCat(FormatCount(report.not_sent()), " calls, for want of a place among ",
                                 FormatCount(report.max_in_flight()), " in flight"));
  }
  if (report.has_streams()) add("messages", MessagesOf(report.streams()));
  add("errors", report.errors() > 0 ? absl::StrCat(FormatCount(report.errors()), " (",
                                                   FormatShare(report.errors() / report.calls()), ")")
                                    : "0");
  for (int i = 0; i < report.expected_size(); ++i) add(i == 0 ? "expected" : "", Printable(report.expected(i)));
  if (report.in_flight_at_end() > 0) {
    add("at the end",
        absl::StrCat(FormatCount(report.in_flight_at_end()), " in flight, ",
                     report.unfinished() > 0 ? absl::StrCat(FormatCount(report.unfinished()), " of them given up")
                                             : "waited for"));
  }
  if (report.has_server()) add("server", ServerFigures(report.server()));
  add("load tester", absl::StrCat(FormatFigure(report.client().cpu_micros_per_call()), " µs of processor per call, ",
                                  FormatFigure(report.client().processors_used()), " processors busy"));
  if (const double waited = report.client().waited_for_stream(); waited > 0) {
    add("", absl::StrCat(FormatCount(waited), " calls waited, as the server allowed for no more streams"));
  }
  if (report.connect_seconds() > 0) add("connecting", absl::StrCat(FormatSeconds(report.connect_seconds())));
  return Section("Summary", table);
}

std::string Times(const v1::RunReport& report) {
  TextTable table("lrrrrrrrrrrr");
  table.AddRow({"", "min", "mean", "std dev", "p50", "p75", "p90", "p99", "p99.9", "p99.99", "p99.999", "max"});
  const auto add = [&table](const std::string& name, const v1::LatencySummary& times) {
    std::vector<std::string> row = {name};
    for (const double seconds : {times.min(), times.mean(), times.stddev(), times.p50(), times.p75(), times.p90(),
                                 times.p99(), times.p999(), times.p9999(), times.p99999(), times.max()}) {
      row.push_back(FormatSeconds(seconds));
    }
    table.AddRow(std::move(row));
  };
  add("response", report.response_time());
  if (report.has_service_time()) add("service", report.service_time());
  if (report.has_dispatch_delay()) add("delay", report.dispatch_delay());
  const v1::StreamFigures& streams = report.streams();
  if (streams.has_time_to_first_message()) add("first msg", streams.time_to_first_message());
  if (streams.has_time_between_messages()) add("between", streams.time_between_messages());
  return Section("Times", table);
}

std::string HistogramBars(const v1::RunReport& report) {
  double most = 0;
  for (const v1::HistogramBar& bar : report.histogram()) most = std::max(most, bar.count());
  TextTable table("rrl");
  for (const v1::HistogramBar& bar : report.histogram()) {
    table.AddRow(
        {absl::StrCat("to ", FormatSeconds(bar.high())), FormatCount(bar.count()), Bar(bar.count() / most, kBarWidth)});
  }
  return Section("Histogram of response times", table);
}

using StatusCounts = std::vector<std::pair<std::string, double>>;

// The most frequent first. `Figures` are of a run or of a method.
template <typename Figures>
StatusCounts SortedStatuses(const Figures& figures) {
  StatusCounts statuses(figures.statuses().begin(), figures.statuses().end());
  std::sort(statuses.begin(), statuses.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  return statuses;
}

// A name is too long to stand beside its figures.
std::string Methods(const v1::RunReport& report) {
  TextTable table("rrrrrrrr");
  table.AddRow({"calls", "share", "calls/s", "errors", "p50", "p90", "p99", "max"});
  for (const v1::MethodFigures& method : report.method_figures()) {
    const v1::LatencySummary& times = method.response_time();
    std::vector<std::string> row = {FormatCount(method.calls()), FormatShare(method.share()),
                                    FormatFigure(method.achieved_rate()), FormatCount(method.errors())};
    for (const double seconds : {times.p50(), times.p90(), times.p99(), times.max()}) {
      row.push_back(method.calls() > 0 ? FormatSeconds(seconds) : kNoFigure);
    }
    table.AddRow(std::move(row));
  }
  const std::vector<std::string> lines = table.Lines(4);
  std::string text = absl::StrCat("\nMethods\n", lines.front(), "\n");
  for (int i = 0; i < report.method_figures_size(); ++i) {
    const v1::MethodFigures& method = report.method_figures(i);
    std::vector<std::string> about = {Printable(method.name())};
    if (method.errors() > 0) {
      for (const auto& [status, count] : SortedStatuses(method)) {
        about.push_back(absl::StrCat(Printable(status), " ", FormatCount(count)));
      }
    }
    absl::StrAppend(&text, "  ", JoinItems(about, kReportWidth), "\n", lines[static_cast<std::size_t>(i) + 1], "\n");
  }
  return text;
}

std::string Statuses(const v1::RunReport& report) {
  TextTable table("lrrrr");
  table.AddRow({"", "calls", "p50", "p99", "max"});
  for (const auto& [status, count] : SortedStatuses(report)) {
    const auto times = report.status_times().find(status);
    const auto figure = [&](double seconds) {
      return times == report.status_times().end() ? kNoFigure : FormatSeconds(seconds);
    };
    const v1::LatencySummary known = times == report.status_times().end() ? v1::LatencySummary() : times->second;
    table.AddRow(
        {Printable(status), FormatCount(count), figure(known.p50()), figure(known.p99()), figure(known.max())});
  }
  return Section("Status codes", table);
}

std::string Thresholds(const v1::RunReport& report) {
  TextTable table("lll");
  for (const v1::ThresholdVerdict& verdict : report.thresholds()) {
    table.AddRow({verdict.passed() ? "passed" : "FAILED", Printable(verdict.threshold()),
                  absl::StrCat("was ", Printable(verdict.actual_text()))});
  }
  return Section("Thresholds", table);
}

}  // namespace

std::string TextReport(const v1::RunReport& report) {
  std::string verdict = Verdict(report);
  if (!report.aborted().empty()) absl::StrAppend(&verdict, "ABORTED: ", Printable(report.aborted()), "\n");
  std::string text = absl::StrCat(verdict, Head(report), Summary(report), Times(report));
  if (!report.method_figures().empty()) absl::StrAppend(&text, Methods(report));
  if (!report.histogram().empty()) absl::StrAppend(&text, HistogramBars(report));
  if (!report.statuses().empty()) absl::StrAppend(&text, Statuses(report));
  if (!report.error_groups().empty()) absl::StrAppend(&text, "\nErrors\n", ErrorLines(report.error_groups(), 2));
  if (!report.thresholds().empty()) absl::StrAppend(&text, Thresholds(report));
  if (!verdict.empty()) absl::StrAppend(&text, "\n", verdict);
  return text;
}

}  // namespace meanwhile
