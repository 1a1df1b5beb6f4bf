#include "loadtest/run/live_view.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "loadtest/report/figures.h"
#include "loadtest/report/text_layout.h"

namespace meanwhile {
namespace {

constexpr std::size_t kHalfSeconds = 120;  // In the last minute.
constexpr absl::Duration kLinePeriod = absl::Seconds(10);
constexpr std::size_t kWidestBar = 40;
constexpr std::size_t kWidestSparkline = 60;
constexpr char kRed[] = "\x1b[31m";
constexpr char kBold[] = "\x1b[1m";
constexpr char kPlain[] = "\x1b[0m";

std::string Seconds(absl::Duration duration) { return FormatSeconds(absl::ToDoubleSeconds(duration)); }

std::string TimeLeft(const LoadProgress& progress) {
  if (progress.time_left == absl::InfiniteDuration()) return "";
  const absl::Duration left = std::max(progress.time_left, absl::ZeroDuration());
  return absl::StrCat(absl::FormatDuration(absl::Ceil(left, absl::Seconds(1))), " left");
}

std::string Phase(const LoadProgress& progress) { return progress.warming_up ? "warming up" : "measuring"; }

std::vector<std::string> RateItems(const LoadProgress& progress) {
  const auto rate = [&progress](uint64_t count) {
    const double seconds = absl::ToDoubleSeconds(progress.recent_length);
    return absl::StrCat(FormatCount(seconds > 0 ? static_cast<double>(count) / seconds : 0), " calls/s");
  };
  std::vector<std::string> items;
  if (progress.totals.due > 0) items.push_back(absl::StrCat("offered ", rate(progress.recent.due)));
  items.push_back(absl::StrCat("achieved ", rate(progress.recent.succeeded())));
  items.push_back(absl::StrCat(FormatCount(static_cast<double>(progress.in_flight)), " in flight"));
  return items;
}

std::vector<std::string> TimeItems(const LoadProgress& progress) {
  if (progress.recent.calls() == 0) return {"response –"};
  return {absl::StrCat("response p50 ", Seconds(progress.recent.Quantile(0.5))),
          absl::StrCat("p90 ", Seconds(progress.recent.Quantile(0.9))),
          absl::StrCat("p99 ", Seconds(progress.recent.Quantile(0.99)))};
}

std::vector<std::string> ErrorItems(const LoadProgress& progress) {
  const auto failed = static_cast<double>(progress.totals.failed());
  std::string errors = absl::StrCat("errors ", FormatCount(failed));
  if (failed > 0) {
    absl::StrAppend(&errors, " (", FormatShare(failed / static_cast<double>(progress.totals.calls())), ")");
  }
  std::vector<std::string> items = {errors};
  if (progress.totals.not_sent > 0) {
    items.push_back(absl::StrCat("not sent ", FormatCount(static_cast<double>(progress.totals.not_sent))));
  }
  return items;
}

std::vector<std::string> ServerItems(const ServerSight& server) {
  return {absl::StrCat("server ", FormatFigure(server.processors_used), " processors"),
          FormatBytes(server.resident_bytes), absl::StrCat(FormatCount(server.threads), " threads")};
}

// `measuring  █████▌      43 %  12s left`, without the bar where it has no place.
std::string FirstLine(const LiveFigures& figures, std::size_t width) {
  const std::string phase = Phase(figures.progress);
  if (!figures.share_done) return absl::StrCat(phase, "  ", TimeLeft(figures.progress));
  const std::string rest =
      absl::StrCat("  ", FormatCount(100 * *figures.share_done), " %  ", TimeLeft(figures.progress));
  const std::size_t taken = TextWidth(phase) + 2 + TextWidth(rest);
  if (width < taken + 4) return absl::StrCat(phase, rest);
  const std::size_t room = std::min(kWidestBar, width - taken);
  const std::string bar = Bar(*figures.share_done, room);
  return absl::StrCat(phase, "  ", bar, std::string(room - TextWidth(bar), ' '), rest);
}

std::string SparkLine(const LiveFigures& figures, std::size_t width) {
  const std::string highest = Seconds(*std::max_element(figures.p99s.begin(), figures.p99s.end()));
  const std::string before = "p99 of the last minute  ";
  const std::string after = absl::StrCat("  up to ", highest);
  const std::size_t taken = before.size() + after.size();
  if (width < taken + 8) return Sparkline(figures.p99s, std::min(width, kWidestSparkline));
  return absl::StrCat(before, Sparkline(figures.p99s, std::min(kWidestSparkline, width - taken)), after);
}

bool IsTerminalThatMoves(std::FILE* file) {
  const char* term = std::getenv("TERM");
  return isatty(fileno(file)) != 0 && term != nullptr && std::string(term) != "dumb";
}

bool WantsColour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return no_colour == nullptr || *no_colour == '\0';
}

}  // namespace

std::string Sparkline(const std::vector<absl::Duration>& values, std::size_t width) {
  constexpr const char* kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (values.empty() || width == 0) return "";
  const double highest = absl::ToDoubleSeconds(*std::max_element(values.begin(), values.end()));
  const std::size_t a_bar = (values.size() + width - 1) / width;
  std::string line;
  for (std::size_t i = 0; i < values.size(); i += a_bar) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end = values.begin() + static_cast<std::ptrdiff_t>(std::min(values.size(), i + a_bar));
    const double value = absl::ToDoubleSeconds(*std::max_element(begin, end));
    const double share = highest > 0 ? value / highest : 0;
    absl::StrAppend(&line, kHeights[std::min<std::size_t>(7, static_cast<std::size_t>(share * 8))]);
  }
  return line;
}

std::vector<std::string> LiveFrame(const LiveFigures& figures, std::size_t width, bool in_colour) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& text, const char* colour) {
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      const std::string fitting = Shortened(line, width);
      lines.push_back(in_colour && *colour != '\0' ? absl::StrCat(colour, fitting, kPlain) : fitting);
    }
  };
  add(FirstLine(figures, width), kBold);
  add(JoinItems(RateItems(figures.progress), width), "");
  add(JoinItems(TimeItems(figures.progress), width), "");
  if (!figures.p99s.empty()) add(SparkLine(figures, width), "");
  const bool is_bad = figures.progress.totals.failed() > 0 || figures.progress.totals.not_sent > 0;
  add(JoinItems(ErrorItems(figures.progress), width), is_bad ? kRed : "");
  if (figures.server) add(JoinItems(ServerItems(*figures.server), width), "");
  return lines;
}

std::string LiveLine(const LiveFigures& figures) {
  std::vector<std::string> items = {Phase(figures.progress)};
  const auto add = [&items](const std::vector<std::string>& more) {
    items.insert(items.end(), more.begin(), more.end());
  };
  add(RateItems(figures.progress));
  add(TimeItems(figures.progress));
  add(ErrorItems(figures.progress));
  if (figures.server) add(ServerItems(*figures.server));
  if (const std::string left = TimeLeft(figures.progress); !left.empty()) items.push_back(left);
  return absl::StrJoin(items, " · ");
}

LiveView::LiveView(std::FILE* file)
    : file_(file), in_place_(IsTerminalThatMoves(file)), in_colour_(in_place_ && WantsColour()) {}

void LiveView::Show(const LoadProgress& progress, const std::optional<ServerSight>& server, absl::Time now) {
  const LiveFigures figures = FiguresOf(progress, server);
  if (in_place_) {
    Draw(figures);
    return;
  }
  if (!next_line_) next_line_ = now + kLinePeriod;
  if (now < *next_line_) return;
  next_line_ = now + kLinePeriod;
  std::fputs(absl::StrCat(LiveLine(figures), "\n").c_str(), file_);
  std::fflush(file_);
}

LiveFigures LiveView::FiguresOf(const LoadProgress& progress, const std::optional<ServerSight>& server) {
  if (progress.recent.calls() > 0) p99s_.push_back(progress.recent.Quantile(0.99));
  if (p99s_.size() > kHalfSeconds) p99s_.pop_front();
  LiveFigures figures;
  figures.progress = progress;
  figures.server = server;
  figures.p99s.assign(p99s_.begin(), p99s_.end());
  if (progress.time_left < absl::InfiniteDuration()) {
    // The first is told half a second after the run has begun.
    longest_left_ = std::max(longest_left_, progress.time_left + progress.recent_length);
    figures.share_done = std::clamp(1 - absl::FDivDuration(progress.time_left, longest_left_), 0.0, 1.0);
  }
  return figures;
}

void LiveView::Draw(const LiveFigures& figures) {
  winsize size{};
  ioctl(fileno(file_), TIOCGWINSZ, &size);
  const std::size_t columns = size.ws_col > 0 ? size.ws_col : 80;
  const std::size_t rows = size.ws_row > 0 ? size.ws_row : 24;
  // A line that fills the last column would wrap on some terminals; more lines than there are could not be taken back.
  std::vector<std::string> lines = LiveFrame(figures, std::max<std::size_t>(columns, 2) - 1, in_colour_);
  lines.resize(std::min(lines.size(), std::max<std::size_t>(rows, 2) - 1));
  Clear();
  std::fputs(absl::StrCat(absl::StrJoin(lines, "\n"), "\n").c_str(), file_);
  std::fflush(file_);
  lines_shown_ = lines.size();
}

void LiveView::Clear() {
  if (lines_shown_ == 0) return;
  // Up to the first line, and away with what stands from there on.
  std::fputs(absl::StrCat("\r\x1b[", lines_shown_, "A\x1b[J").c_str(), file_);
  std::fflush(file_);
  lines_shown_ = 0;
}

}  // namespace meanwhile
