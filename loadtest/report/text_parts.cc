#include "loadtest/report/text_parts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "loadtest/report/figures.h"
#include "loadtest/report/text_layout.h"

namespace meanwhile {

std::vector<std::string> HostItems(const v1::Host& host) {
  std::vector<std::string> items;
  if (!host.name().empty()) items.push_back(absl::StrCat("host ", Printable(host.name())));
  if (host.processors() > 0) {
    items.push_back(Quantity(host.processors(), "processor"));
    if (!host.processor().empty()) absl::StrAppend(&items.back(), " (", Printable(host.processor()), ")");
  }
  if (host.memory_bytes() > 0) items.push_back(absl::StrCat(FormatBytes(host.memory_bytes()), " memory"));
  if (!host.kernel().empty()) items.push_back(Printable(host.kernel()));
  return items;
}

template <typename Report>
void AddCalls(const Report& report, std::vector<std::string>* items) {
  for (const std::string& method : report.methods()) items->push_back(Printable(method));
  if (report.expected().empty()) return;
  items->push_back(absl::StrCat("expected ", Printable(absl::StrJoin(report.expected(), ", "))));
}

template void AddCalls(const v1::ComparisonSettings&, std::vector<std::string>*);
template void AddCalls(const v1::SearchReport&, std::vector<std::string>*);

std::string Quantity(double count, const std::string& thing) {
  return absl::StrCat(FormatCount(count), " ", thing, count == 1 ? "" : "s");
}

template <typename Report>
std::string Verdict(const Report& report) {
  std::string verdict;
  const auto add = [&verdict](const std::string& line) {
    absl::StrAppend(&verdict, WrapWords(line, kReportWidth, 2), "\n");
  };
  const std::string mark = report.valid() ? "Problem: " : "INVALID: ";
  if (!report.valid() && report.problems().empty()) add("INVALID: these figures must not be used.");
  for (const std::string& problem : report.problems()) add(absl::StrCat(mark, Printable(problem)));
  if (report.interrupted()) add("INTERRUPTED: these figures are of what was measured until then.");
  return verdict;
}

template std::string Verdict(const v1::ComparisonReport&);
template std::string Verdict(const v1::RunReport&);
template std::string Verdict(const v1::SearchReport&);

std::string ErrorLines(const google::protobuf::RepeatedPtrField<v1::ErrorGroup>& groups, std::size_t indent) {
  constexpr std::size_t kMostShown = 10;
  std::vector<const v1::ErrorGroup*> sorted;
  for (const v1::ErrorGroup& group : groups) sorted.push_back(&group);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->count() > b->count(); });

  const std::string margin(indent, ' ');
  std::string lines;
  double rest = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i >= kMostShown) {
      rest += sorted[i]->count();
      continue;
    }
    const std::string line =
        absl::StrCat(margin, FormatCount(sorted[i]->count()), " × ", Printable(sorted[i]->status()), ": ",
                     sorted[i]->message().empty() ? "(no message)" : Printable(sorted[i]->message()));
    absl::StrAppend(&lines, Shortened(line, kReportWidth), "\n");
  }
  if (rest > 0) absl::StrAppend(&lines, margin, Quantity(rest, "error"), " of other kinds\n");
  return lines;
}

}  // namespace meanwhile
