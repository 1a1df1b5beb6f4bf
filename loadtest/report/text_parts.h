// What the text of a comparison and the text of a run have in common. Pure functions, any thread.
#ifndef MEANWHILE_LOADTEST_REPORT_TEXT_PARTS_H_
#define MEANWHILE_LOADTEST_REPORT_TEXT_PARTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "google/protobuf/repeated_field.h"
#include "meanwhile/v1/report.pb.h"

namespace meanwhile {

// No line of a report is wider.
inline constexpr std::size_t kReportWidth = 120;

// `host: box`, its processors, memory and kernel, those that are known.
std::vector<std::string> HostItems(const v1::Host& host);

// Adds what was called and what was expected of it, as SearchReport and ComparisonSettings tell.
template <typename Report>
void AddCalls(const Report& report, std::vector<std::string>* items);

// `1 connection`, `8 connections`.
std::string Quantity(double count, const std::string& thing);

// A line for each thing that is wrong, `INVALID: …` where the figures must not be used; empty when nothing is wrong.
template <typename Report>
std::string Verdict(const Report& report);

// `12 × UNAVAILABLE: connection reset`: a line for each of the most frequent groups, and one for the rest.
std::string ErrorLines(const google::protobuf::RepeatedPtrField<v1::ErrorGroup>& groups, std::size_t indent);

extern template void AddCalls(const v1::ComparisonSettings&, std::vector<std::string>*);
extern template void AddCalls(const v1::SearchReport&, std::vector<std::string>*);
extern template std::string Verdict(const v1::ComparisonReport&);
extern template std::string Verdict(const v1::RunReport&);
extern template std::string Verdict(const v1::SearchReport&);

}  // namespace meanwhile

#endif  // MEANWHILE_LOADTEST_REPORT_TEXT_PARTS_H_
