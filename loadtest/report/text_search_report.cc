// The text of `loadtest search`: the answer, and the runs that lead to it.

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

std::string Head(const v1::SearchReport& report) {
  std::vector<std::string> how = {Printable(report.target())};
  AddCalls(report, &how);
  if (!report.model().empty()) how.push_back(absl::StrCat("model ", Printable(report.model())));
  how.push_back(absl::StrCat("objectives ", Printable(absl::StrJoin(report.objectives(), ", "))));
  how.push_back(absl::StrCat(Printable(report.arrival()), " arrivals"));
  how.push_back(Quantity(report.connections(), "connection"));
  how.push_back(Quantity(report.loops(), "loop"));
  how.push_back(absl::StrCat("engine ", Printable(report.engine())));
  how.push_back(
      absl::StrCat("runs of ", report.measure_seconds(), " s after ", report.warmup_seconds(), " s of warm-up"));
  return absl::StrCat(JoinItems(how, kReportWidth), "\n", JoinItems(HostItems(report.host()), kReportWidth), "\n");
}

std::string VerdictOf(const v1::SearchProbe& probe) {
  if (probe.held()) return "held";
  return probe.cell().client_limited() ? "load tester" : "failed";
}

std::string Probes(const v1::SearchReport& report) {
  TextTable table("rlrrrrrrrl");
  table.AddRow({"", "", "offered", "answered", "p50", "p99", "p99.9", "max", "errors", "verdict"});
  int number = 0;
  for (const v1::SearchProbe& probe : report.probes()) {
    const v1::Cell& cell = probe.cell();
    table.AddRow({absl::StrCat(++number), Printable(probe.stage()), absl::StrCat(FormatFigure(cell.rate()), " calls/s"),
                  FormatFigure(cell.achieved_rate()), FormatSeconds(cell.response_time().p50()),
                  FormatSeconds(cell.response_time().p99()), FormatSeconds(cell.response_time().p999()),
                  FormatSeconds(cell.response_time().max()), FormatCount(cell.errors()), VerdictOf(probe)});
  }
  return absl::StrCat("\n", absl::StrJoin(table.Lines(2), "\n"), "\n");
}

// The messages of each run, when something streams.
std::string Messages(const v1::SearchReport& report) {
  TextTable table("rrrrrr");
  table.AddRow({"", "", "first p50", "first p99", "received/s", "sent/s"});
  bool has_streams = false;
  int number = 0;
  for (const v1::SearchProbe& probe : report.probes()) {
    const v1::StreamFigures& streams = probe.cell().streams();
    const v1::LatencySummary& first = streams.time_to_first_message();
    const auto time = [&](double seconds) {
      return streams.has_time_to_first_message() ? FormatSeconds(seconds) : kNoFigure;
    };
    table.AddRow({absl::StrCat(++number), absl::StrCat(FormatFigure(probe.cell().rate()), " calls/s"),
                  time(first.p50()), time(first.p99()),
                  streams.received() > 0 ? FormatFigure(streams.received_rate()) : kNoFigure,
                  streams.sent() > 0 ? FormatFigure(streams.sent_rate()) : kNoFigure});
    has_streams = has_streams || probe.cell().has_streams();
  }
  return has_streams ? absl::StrCat("\nMessages\n", absl::StrJoin(table.Lines(2), "\n"), "\n") : "";
}

// Of the last run that had some.
std::string Errors(const v1::SearchReport& report) {
  std::string text;
  for (const v1::SearchProbe& probe : report.probes()) {
    if (probe.cell().error_groups().empty()) continue;
    text = absl::StrCat("\nErrors at ", FormatFigure(probe.cell().rate()), " calls/s\n",
                        ErrorLines(probe.cell().error_groups(), 2));
  }
  return text;
}

}  // namespace

std::string TextReport(const v1::SearchReport& report) {
  const std::string verdict = Verdict(report);
  std::string text = absl::StrCat(verdict, Head(report));
  if (!report.probes().empty()) absl::StrAppend(&text, Probes(report), Messages(report), Errors(report));
  absl::StrAppend(&text, "\n", WrapWords(Printable(report.sentence()), kReportWidth, 2), "\n");
  if (!verdict.empty()) absl::StrAppend(&text, "\n", verdict);
  return text;
}

}  // namespace meanwhile
