#include "loadtest/report/sentence.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "loadtest/report/figures.h"
#include "loadtest/report/level.h"

namespace meanwhile {
namespace {

constexpr char kNoDifference[] = "no difference that this run can show";
constexpr char kNoDifferenceOfRuns[] = "no difference that these runs can show";

// A ratio near 1 needs more decimals than a large one to say anything.
int RatioDecimals(double median) { return median < 1.95 ? 2 : median < 9.95 ? 1 : 0; }

bool IsKnown(const v1::Estimate& ratio) { return std::isfinite(ratio.median()) && ratio.median() > 0; }

// One round gives a figure and no interval; to print [2.7–2.7] would claim a certainty that nobody has.
bool HasInterval(const v1::Estimate& ratio) { return ratio.low() != ratio.high(); }

// A bound of the interval as it is printed, and that as a number again.
std::string Bound(const v1::Estimate& ratio, double bound) {
  return absl::StrFormat("%.*f", RatioDecimals(ratio.median()), bound);
}
double AsPrinted(const std::string& value) {
  double number = 0;
  return absl::SimpleAtod(value, &number) ? number : 0;
}

// Whether the interval, as it is printed, holds 1.
bool ShowsNoDifference(const v1::Estimate& ratio) {
  return HasInterval(ratio) && AsPrinted(Bound(ratio, ratio.low())) <= 1 && AsPrinted(Bound(ratio, ratio.high())) >= 1;
}

std::string ThreadCount(double count) { return absl::StrCat(FormatCount(count), count == 1 ? " thread" : " threads"); }

// Of both, when both are seen.
std::string Threads(const v1::Cell& subject, const v1::Cell& baseline) {
  if (!subject.has_server() || !baseline.has_server()) return "";
  return absl::StrCat(", with ", ThreadCount(subject.server().peak_threads()), " instead of ",
                      FormatCount(baseline.server().peak_threads()));
}

// Where the load tester was the limit of one side, the ratio is a bound.
absl::string_view AtLeast(const v1::Cell& subject, const v1::Cell& baseline) {
  if (subject.client_limited() == baseline.client_limited()) return "";
  return subject.client_limited() ? "at least " : "at most ";
}

std::string Rate(const v1::Cell& cell) { return absl::StrCat(FormatFigure(cell.achieved_rate()), " calls/s"); }

// Response times of a server that falls behind tell of its queue, and of how long the run was.
std::string BehindSentence(const std::string& level, const v1::Comparison& comparison, const v1::Cell& subject,
                           const v1::Cell& baseline) {
  if (subject.behind() && baseline.behind()) {
    return absl::StrCat(level, "neither ", comparison.subject(), " nor ", comparison.baseline(),
                        " keeps up: they answer ", Rate(subject), " and ", Rate(baseline), ".");
  }
  const std::string& slower = subject.behind() ? comparison.subject() : comparison.baseline();
  const std::string& faster = subject.behind() ? comparison.baseline() : comparison.subject();
  return absl::StrCat(level, slower, " does not keep up: it answers ", Rate(subject.behind() ? subject : baseline),
                      "; ", faster, " does keep up, with a p99 of ",
                      FormatSeconds((subject.behind() ? baseline : subject).response_time().p99()), ".");
}

// `p50 … is 0.98 times [0.97–0.99] …, its p99 …`; what shows no difference is said once where it is so of both.
std::string OpenSentence(const std::string& level, const v1::Comparison& comparison, const v1::Cell& subject,
                         const v1::Cell& baseline) {
  if (subject.behind() || baseline.behind()) return BehindSentence(level, comparison, subject, baseline);
  const v1::Estimate& p50 = comparison.p50_ratio();
  const v1::Estimate& p99 = comparison.p99_ratio();
  const bool neither = ShowsNoDifference(p50) && ShowsNoDifference(p99);
  const auto judged = [neither](const v1::Estimate& ratio) {
    return !neither && ShowsNoDifference(ratio) ? absl::StrCat(" (", kNoDifference, ")") : "";
  };
  return absl::StrCat(
      level, "the p50 of ", comparison.subject(), " is ", FormatRatio(p50), " that of ", comparison.baseline(),
      judged(p50), ", its p99 ", FormatRatio(p99), judged(p99), neither ? absl::StrCat(": ", kNoDifference) : "",
      Threads(subject, baseline),
      HasInterval(p50) || HasInterval(p99) ? "." : " (one round, or all alike, so without an error bar).");
}

const v1::Cell& FindCell(const v1::ComparisonReport& report, const std::string& model, const Level& level) {
  for (const v1::Cell& cell : report.cells()) {
    if (cell.model() == model && LevelOf(cell) == level) return cell;
  }
  return v1::Cell::default_instance();
}

}  // namespace

std::string FormatRatio(const v1::Estimate& ratio) {
  if (!IsKnown(ratio)) return kNoFigure;
  std::string text = absl::StrCat(Bound(ratio, ratio.median()), " times");
  if (HasInterval(ratio)) absl::StrAppend(&text, " [", Bound(ratio, ratio.low()), "–", Bound(ratio, ratio.high()), "]");
  return text;
}

std::string Sentence(const v1::Comparison& comparison, const v1::Cell& subject, const v1::Cell& baseline) {
  const std::string level = absl::StrCat("At ", LevelOf(comparison).text(), " ");
  const v1::Estimate& ratio = comparison.throughput_ratio();
  if (!IsKnown(ratio)) {
    return absl::StrCat(level, "there is nothing to compare: ", comparison.subject(), " or ", comparison.baseline(),
                        " served no call.");
  }
  if (subject.client_limited() && baseline.client_limited()) {
    return absl::StrCat(level, "there is nothing to compare: the load tester was the limit of both ",
                        comparison.subject(), " and ", comparison.baseline(), ".");
  }
  if (comparison.has_rate()) return OpenSentence(level, comparison, subject, baseline);
  return absl::StrCat(level, comparison.subject(), " serves ", AtLeast(subject, baseline), FormatRatio(ratio),
                      " the calls of ", comparison.baseline(),
                      ShowsNoDifference(ratio) ? absl::StrCat(": ", kNoDifference) : "", Threads(subject, baseline),
                      HasInterval(ratio) ? "." : " (one round, or all alike, so without an error bar).");
}

std::string EarlierRunsSentence(const v1::Comparison& comparison, const v1::Cell& after, const v1::Cell& before) {
  const std::string level = absl::StrCat("At ", LevelOf(comparison).text(), " ");
  // At an offered rate it is the times that may differ.
  const bool by_time = comparison.has_rate() && !after.behind() && !before.behind();
  const v1::Estimate& ratio = by_time ? comparison.p99_ratio() : comparison.throughput_ratio();
  if (!IsKnown(ratio)) return absl::StrCat(level, "there is nothing to compare: a side served no call.");
  if (after.client_limited() && before.client_limited()) {
    return absl::StrCat(level, "there is nothing to compare: the load tester was the limit of both sides.");
  }
  const std::string times =
      absl::StrCat(level, by_time ? "p99" : "the rate", " is ", by_time ? "" : AtLeast(after, before),
                   FormatRatio(ratio), " what it was before");
  if (!HasInterval(ratio)) {
    return absl::StrCat(
        times,
        ". With a single run on a side there is no interval: nobody can tell this from what two runs of "
        "the same server differ by.");
  }
  return absl::StrCat(times, ShowsNoDifference(ratio) ? absl::StrCat(": ", kNoDifferenceOfRuns) : "", ".");
}

void SetSentences(v1::ComparisonReport& report) {
  const bool of_earlier_runs = !report.settings().after_files().empty();
  for (v1::Comparison& comparison : *report.mutable_comparisons()) {
    const v1::Cell& subject = FindCell(report, comparison.subject(), LevelOf(comparison));
    const v1::Cell& baseline = FindCell(report, comparison.baseline(), LevelOf(comparison));
    comparison.set_sentence(of_earlier_runs ? EarlierRunsSentence(comparison, subject, baseline)
                                            : Sentence(comparison, subject, baseline));
  }
}

}  // namespace meanwhile
