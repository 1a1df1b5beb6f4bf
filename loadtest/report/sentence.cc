#include "loadtest/report/sentence.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "loadtest/report/figures.h"

namespace meanwhile {
namespace {

// A ratio near 1 needs more decimals than a large one to say anything.
int RatioDecimals(double median) { return median < 1.95 ? 2 : median < 9.95 ? 1 : 0; }

// `value` as it is printed, as a number again.
double AsPrinted(const std::string& value) {
  double number = 0;
  return absl::SimpleAtod(value, &number) ? number : 0;
}

std::string Threads(double count) { return absl::StrCat(FormatCount(count), count == 1 ? " thread" : " threads"); }

// Where the load tester was the limit of one side, the ratio is a bound.
absl::string_view AtLeast(const v1::Cell& subject, const v1::Cell& baseline) {
  if (subject.client_limited() == baseline.client_limited()) return "";
  return subject.client_limited() ? "at least " : "at most ";
}

const v1::Cell& FindCell(const v1::ComparisonReport& report, const std::string& model, unsigned in_flight) {
  for (const v1::Cell& cell : report.cells()) {
    if (cell.model() == model && cell.in_flight() == in_flight) return cell;
  }
  return v1::Cell::default_instance();
}

}  // namespace

std::string Sentence(const v1::Comparison& comparison, const v1::Cell& subject, const v1::Cell& baseline) {
  const std::string level = absl::StrCat("At ", FormatCount(comparison.in_flight()), " in flight ");
  const v1::Estimate& ratio = comparison.throughput_ratio();
  if (!std::isfinite(ratio.median()) || ratio.median() <= 0) {
    return absl::StrCat(level, "there is nothing to compare: ", comparison.subject(), " or ", comparison.baseline(),
                        " served no call.");
  }
  if (subject.client_limited() && baseline.client_limited()) {
    return absl::StrCat(level, "there is nothing to compare: the load tester was the limit of both ",
                        comparison.subject(), " and ", comparison.baseline(), ".");
  }

  const int decimals = RatioDecimals(ratio.median());
  const std::string low = absl::StrFormat("%.*f", decimals, ratio.low());
  const std::string high = absl::StrFormat("%.*f", decimals, ratio.high());
  // One round gives a figure and no interval; to print [2.7–2.7] would claim a certainty that nobody has.
  const bool has_interval = ratio.low() != ratio.high();
  std::string times = absl::StrFormat("%.*f times", decimals, ratio.median());
  if (has_interval) absl::StrAppend(&times, " [", low, "–", high, "]");
  const bool shows_difference = !has_interval || AsPrinted(low) > 1 || AsPrinted(high) < 1;

  std::string sentence =
      absl::StrCat(level, comparison.subject(), " serves ", AtLeast(subject, baseline), times, " the calls of ",
                   comparison.baseline(), shows_difference ? "" : ": no difference that this run can show");
  if (subject.has_server() && baseline.has_server()) {
    absl::StrAppend(&sentence, ", with ", Threads(subject.server().peak_threads()), " instead of ",
                    FormatCount(baseline.server().peak_threads()));
  }
  absl::StrAppend(&sentence, has_interval ? "." : " (one round, so without an error bar).");
  return sentence;
}

void SetSentences(v1::ComparisonReport& report) {
  for (v1::Comparison& comparison : *report.mutable_comparisons()) {
    comparison.set_sentence(Sentence(comparison, FindCell(report, comparison.subject(), comparison.in_flight()),
                                     FindCell(report, comparison.baseline(), comparison.in_flight())));
  }
}

}  // namespace meanwhile
