#include "loadtest/report/text_report.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "loadtest/report/figures.h"
#include "loadtest/report/level.h"
#include "loadtest/report/sentence.h"
#include "loadtest/report/text_layout.h"
#include "loadtest/report/text_parts.h"

namespace meanwhile {
namespace {

constexpr std::size_t kWidestModel = 21;  // thread:max_pollers=64
constexpr std::size_t kWidestBar = 24;

std::string CellModel(const v1::Cell& cell) { return Shortened(Printable(cell.model()), kWidestModel); }

// Of what can be reached: the ideal, or the rate that was offered.
std::string ShareOfWhole(const v1::Cell& cell) {
  if (cell.has_rate()) return cell.offered_rate() > 0 ? FormatShare(cell.achieved_rate() / cell.offered_rate()) : "";
  return cell.has_ideal_share() ? FormatShare(cell.ideal_share()) : kNoFigure;
}

// The tables of all levels as one, so that their columns align down the page: two lines of heads, then a line a cell.
std::vector<std::string> CellLines(const v1::ComparisonReport& report, std::size_t bar_width) {
  double highest_rate = 0;
  for (const v1::Cell& cell : report.cells()) highest_rate = std::max(highest_rate, cell.achieved_rate());

  TextTable table("lrlrrrrrrrrr");
  table.AddRow({"", "", "", "of", "", "", "", "processor", "peak", "peak", "switches", ""});
  const char* const whole = report.settings().rates().empty() ? "ideal" : "offered";
  table.AddRow({"model", "calls/s", std::string(bar_width, ' '), whole, "p50", "p99", "p99.9", "per call", "threads",
                "memory", "per call", "errors"});
  for (const v1::Cell& cell : report.cells()) {
    const v1::ServerUsage& server = cell.server();
    const auto of_server = [&cell](const std::string& figure) { return cell.has_server() ? figure : kNoFigure; };
    table.AddRow({
        CellModel(cell),
        FormatFigure(cell.achieved_rate()),
        Bar(cell.achieved_rate() / highest_rate, bar_width),
        ShareOfWhole(cell),
        FormatSeconds(cell.response_time().p50()),
        FormatSeconds(cell.response_time().p99()),
        FormatSeconds(cell.response_time().p999()),
        of_server(absl::StrCat(FormatFigure(server.cpu_micros_per_call()), " µs")),
        of_server(FormatCount(server.peak_threads())),
        of_server(FormatBytes(server.peak_rss_bytes())),
        server.has_context_switches_per_call() ? FormatFigure(server.context_switches_per_call()) : kNoFigure,
        FormatCount(cell.errors()),
    });
  }
  return table.Lines(2);
}

// As wide as the rest of the table allows.
std::size_t BarWidth(const v1::ComparisonReport& report) {
  std::size_t width_without = 0;
  for (const std::string& line : CellLines(report, 0)) width_without = std::max(width_without, TextWidth(line));
  return width_without < kReportWidth ? std::min(kWidestBar, kReportWidth - width_without) : 0;
}

std::string ComparisonHead(const v1::ComparisonReport& report) {
  const v1::ComparisonSettings& settings = report.settings();
  std::vector<std::string> models;
  for (const std::string& model : settings.models()) models.push_back(Printable(model));
  const auto files = [](const auto& names) {
    return absl::StrJoin(names, ", ", [](std::string* out, const std::string& name) { *out += Printable(name); });
  };
  std::vector<std::string> how = {absl::StrJoin(models, models.size() == 2 ? " against " : ", ")};
  const bool is_of_earlier_runs = !settings.after_files().empty();
  if (is_of_earlier_runs) {
    how = {absl::StrCat("after: ", files(settings.after_files())),
           absl::StrCat("before: ", files(settings.before_files())), Printable(settings.load())};
  }
  if (!settings.scenario().empty() && settings.scenario() != "waiting") {
    how.push_back(absl::StrCat("scenario ", Printable(settings.scenario())));
  }
  AddCalls(settings, &how);
  if (!settings.backend().empty()) how.push_back(absl::StrCat("backend ", Printable(settings.backend())));
  how.push_back(Quantity(settings.connections(), "connection"));
  how.push_back(absl::StrCat("engine ", Printable(settings.engine())));
  if (!settings.arrival().empty()) how.push_back(absl::StrCat(Printable(settings.arrival()), " arrivals"));
  if (!is_of_earlier_runs) {
    how.push_back(absl::StrCat(Quantity(settings.rounds(), "round"), " of ", settings.measure_seconds(), " s after ",
                               settings.warmup_seconds(), " s of warm-up"));
  }
  std::vector<std::string> where = HostItems(report.host());
  if (!settings.pinning().empty()) where.push_back(absl::StrCat("pinning: ", Printable(settings.pinning())));
  return absl::StrCat(JoinItems(how, kReportWidth), "\n", JoinItems(where, kReportWidth), "\n");
}

std::string LevelTitle(const v1::ComparisonReport& report, const Level& level) {
  const double mean_wait = report.settings().mean_wait_seconds();
  if (level.rate || !(mean_wait > 0)) return level.text();
  return absl::StrCat(level.text(), ", ideal ", FormatFigure(level.in_flight / mean_wait), " calls/s");
}

// The levels in the order of the report.
std::vector<Level> LevelsOf(const v1::ComparisonReport& report) {
  std::vector<Level> levels;
  for (const v1::Cell& cell : report.cells()) {
    if (std::find(levels.begin(), levels.end(), LevelOf(cell)) == levels.end()) levels.push_back(LevelOf(cell));
  }
  return levels;
}

// `messages of async: first after p50 12.3 ms, p99 45.6 ms · received 1,235/s · sent 5.00/s`, of what there is of it;
// nothing when nothing streams.
std::string MessagesLine(const v1::Cell& cell) {
  if (!cell.has_streams()) return "";
  const v1::StreamFigures& streams = cell.streams();
  std::vector<std::string> items;
  if (streams.has_time_to_first_message()) {
    const v1::LatencySummary& first = streams.time_to_first_message();
    items.push_back(absl::StrCat("first after p50 ", FormatSeconds(first.p50()), ", p99 ", FormatSeconds(first.p99())));
  }
  if (streams.received() > 0) items.push_back(absl::StrCat("received ", FormatFigure(streams.received_rate()), "/s"));
  if (streams.sent() > 0) items.push_back(absl::StrCat("sent ", FormatFigure(streams.sent_rate()), "/s"));
  const std::string figures = items.empty() ? "none" : absl::StrJoin(items, " · ");
  const std::string line = absl::StrCat("messages of ", CellModel(cell), ": ", figures);
  return absl::StrCat("  ", WrapWords(line, kReportWidth - 2, 4), "\n");
}

// Whoever is behind although it has nobody to be compared with.
std::string BehindLine(const v1::ComparisonReport& report, const v1::Cell& cell) {
  if (!cell.behind() || !report.comparisons().empty()) return "";
  return absl::StrCat("At ", LevelOf(cell).text(), " ", CellModel(cell), " does not keep up.\n");
}

// All ratios of a comparison that has some: `async over thread: calls/s 1.00× [0.99–1.01] · p50 …`.
std::string RatioLine(const v1::Comparison& comparison) {
  std::vector<std::string> ratios;
  const auto add = [&ratios](const std::string& name, const v1::Estimate& ratio) {
    if (const std::string text = FormatRatio(ratio); text != kNoFigure) ratios.push_back(absl::StrCat(name, " ", text));
  };
  add("calls/s", comparison.throughput_ratio());
  add("p50", comparison.p50_ratio());
  add("p90", comparison.p90_ratio());
  add("p99", comparison.p99_ratio());
  add("processor per call", comparison.cpu_per_call_ratio());
  if (ratios.empty()) return "";
  const std::string line = absl::StrCat(Printable(comparison.subject()), " over ", Printable(comparison.baseline()),
                                        ": ", absl::StrJoin(ratios, " · "));
  return absl::StrCat("  ", WrapWords(absl::StrReplaceAll(line, {{" times", "×"}}), kReportWidth - 2, 4), "\n");
}

}  // namespace

std::string TextReport(const v1::ComparisonReport& report) {
  std::string text = absl::StrCat(Verdict(report), ComparisonHead(report));
  const std::vector<std::string> lines = CellLines(report, BarWidth(report));
  for (const Level& level : LevelsOf(report)) {
    absl::StrAppend(&text, "\n", LevelTitle(report, level), "\n", lines[0], "\n", lines[1], "\n");
    for (int i = 0; i < report.cells_size(); ++i) {
      if (LevelOf(report.cells(i)) == level) absl::StrAppend(&text, lines[2 + i], "\n");
    }
    for (const v1::Cell& cell : report.cells()) {
      if (LevelOf(cell) == level) absl::StrAppend(&text, MessagesLine(cell));
    }
    for (const v1::Cell& cell : report.cells()) {
      if (LevelOf(cell) != level) continue;
      absl::StrAppend(&text, BehindLine(report, cell));
      if (cell.error_groups().empty()) continue;
      absl::StrAppend(&text, "  errors of ", CellModel(cell), ":\n", ErrorLines(cell.error_groups(), 4));
    }
    for (const v1::Comparison& comparison : report.comparisons()) {
      if (LevelOf(comparison) != level || comparison.sentence().empty()) continue;
      absl::StrAppend(&text, WrapWords(Printable(comparison.sentence()), kReportWidth, 2), "\n", RatioLine(comparison));
    }
  }
  const std::string verdict = Verdict(report);
  if (!verdict.empty()) absl::StrAppend(&text, "\n", verdict);
  return text;
}

}  // namespace meanwhile
