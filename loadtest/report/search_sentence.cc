#include "loadtest/report/search_sentence.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "loadtest/report/figures.h"

namespace meanwhile {
namespace {

std::string Rate(double rate) { return absl::StrCat(FormatFigure(rate), " calls/s"); }

// Why the runs at a rate did not hold: the last reason that was given for it.
const v1::SearchProbe* FailedAt(const v1::SearchReport& report, double rate) {
  const v1::SearchProbe* failed = nullptr;
  for (const v1::SearchProbe& probe : report.probes()) {
    if (probe.cell().rate() == rate && !probe.held()) failed = &probe;
  }
  return failed;
}

// What lies above the answer.
std::string Above(const v1::SearchReport& report) {
  if (!report.has_lowest_failed()) return " No higher rate was tried.";
  const v1::SearchProbe* probe = FailedAt(report, report.lowest_failed());
  const std::string reason = probe == nullptr || probe->reason().empty() ? "" : absl::StrCat(": ", probe->reason());
  if (probe != nullptr && probe->cell().client_limited()) {
    return absl::StrCat(" At ", Rate(report.lowest_failed()), " the load tester was the limit", reason, ".");
  }
  return absl::StrCat(" ", Rate(report.lowest_failed()), " was too much", reason, ".");
}

std::string Unconfirmed(const v1::SearchReport& report) {
  std::string text = "The search ended before it had an answer";
  if (report.has_highest_held()) absl::StrAppend(&text, ": ", Rate(report.highest_held()), " held in a run");
  if (!report.has_highest_held()) absl::StrAppend(&text, ": no run has held");
  return absl::StrCat(text, ".", report.has_lowest_failed() ? Above(report) : "");
}

}  // namespace

std::string SearchSentence(const v1::SearchReport& report) {
  const std::string objectives = absl::StrJoin(report.objectives(), " and ");
  if (report.has_rate()) {
    return absl::StrCat(report.target(), " holds ", objectives, " at ", Rate(report.rate()), ": ", report.held(),
                        " of ", report.repeats(), " runs at that rate did.", Above(report));
  }
  const bool is_cut_short = report.interrupted() || report.probes().empty() || report.has_highest_held();
  if (is_cut_short) return Unconfirmed(report);
  return absl::StrCat(report.target(), " does not hold ", objectives, " at any rate that was tried.", Above(report));
}

}  // namespace meanwhile
