#include "loadtest/report/text_report.h"

#include <string>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "loadtest/report/text_layout.h"
#include "tests/loadtest/report/sample_reports.h"

namespace meanwhile {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

void ExpectFitsTheTerminal(const std::string& text) {
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
    EXPECT_LE(TextWidth(line), 120u) << line;
    EXPECT_FALSE(!line.empty() && line.back() == ' ') << line;
  }
}

TEST(TextReportTest, ShowsATableAndASentenceForEachLevel) {
  const std::string text = TextReport(SampleComparison());
  EXPECT_EQ("\n" + text, R"(
GOLDEN_COMPARE)");
  ExpectFitsTheTerminal(text);
}

TEST(TextReportTest, SumsUpARun) {
  const std::string text = TextReport(SampleRun());
  EXPECT_EQ("\n" + text, R"(
GOLDEN_RUN)");
  ExpectFitsTheTerminal(text);
}

TEST(TextReportTest, TellsAnInvalidComparisonFirstAndLast) {
  v1::ComparisonReport report = SampleComparison();
  report.set_valid(false);
  report.add_problems("client-limited: the load tester's processor was full");
  const std::string verdict = "INVALID: client-limited: the load tester's processor was full\n";
  EXPECT_THAT(TextReport(report), StartsWith(verdict));
  EXPECT_THAT(TextReport(report), EndsWith("\n\n" + verdict));
}

TEST(TextReportTest, TellsAnInvalidRunFirstAndLast) {
  v1::RunReport report = SampleRun();
  report.set_valid(false);
  const std::string verdict = "INVALID: these figures must not be used.\n";
  EXPECT_THAT(TextReport(report), StartsWith(verdict));
  EXPECT_THAT(TextReport(report), EndsWith("\n\n" + verdict));
}

TEST(TextReportTest, TellsProblemsThatLeaveTheFiguresValid) {
  v1::RunReport report = SampleRun();
  report.add_problems("the server has no Admin service");
  EXPECT_THAT(TextReport(report), StartsWith("Problem: the server has no Admin service\n"));
  EXPECT_THAT(TextReport(report), Not(HasSubstr("INVALID")));
}

TEST(TextReportTest, TellsThatItWasInterrupted) {
  v1::ComparisonReport report = SampleComparison();
  report.set_interrupted(true);
  EXPECT_THAT(TextReport(report), StartsWith("INTERRUPTED: these figures are of what was measured until then.\n"));
}

TEST(TextReportTest, HostileTextReachesTheTerminalAsEscapes) {
  const std::string text = TextReport(HostileComparison());
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("12 × UNAVAILABLE: a</script>\"b\",'c'\\n<!--\\\\x1b[31m\n"));
  ExpectFitsTheTerminal(text);
}

TEST(TextReportTest, LongNamesAndLargeFiguresStillFit) {
  v1::ComparisonReport report = SampleComparison();
  for (v1::Cell& cell : *report.mutable_cells()) {
    cell.set_model("a-server-with-a-very-long-name");
    cell.set_achieved_rate(1234567);
    cell.set_errors(12345678);
    cell.mutable_response_time()->set_p999(1234);
    cell.mutable_server()->set_peak_threads(12345);
    cell.mutable_server()->set_context_switches_per_call(1234);
    if (!cell.error_groups().empty()) cell.mutable_error_groups(0)->set_message(std::string(500, 'x'));
  }
  report.mutable_comparisons(0)->set_sentence("At 100 in flight " + std::string(60, 'a') + " serves " +
                                              std::string(60, 'b'));
  EXPECT_THAT(TextReport(report), HasSubstr("a-server-with-a…"));
  ExpectFitsTheTerminal(TextReport(report));
}

TEST(TextReportTest, ShowsTheMostFrequentErrorsAndSumsUpTheRest) {
  v1::RunReport report = SampleRun();
  report.clear_error_groups();
  for (int i = 1; i <= 12; ++i) {
    v1::ErrorGroup& group = *report.add_error_groups();
    group.set_status("UNKNOWN");
    group.set_count(i);
  }
  const std::string text = TextReport(report);
  EXPECT_THAT(text, HasSubstr("\nErrors\n  12 × UNKNOWN: (no message)\n  11 × UNKNOWN"));
  EXPECT_THAT(text, HasSubstr("  3 × UNKNOWN: (no message)\n  3 errors of other kinds\n"));
}

TEST(TextReportTest, AnEmptyReportIsNoCrash) {
  EXPECT_THAT(TextReport(v1::ComparisonReport()), StartsWith("INVALID: "));
  EXPECT_THAT(TextReport(v1::RunReport()), StartsWith("INVALID: "));
}

}  // namespace
}  // namespace meanwhile
