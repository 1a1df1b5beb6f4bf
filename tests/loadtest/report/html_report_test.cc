#include "loadtest/report/html_report.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/loadtest/report/sample_reports.h"

namespace meanwhile {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t Count(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

// What stands between the tag of the data and the next end of a script, as a browser takes it.
std::string Data(const std::string& page) {
  const std::string tag = "<script type=\"application/json\" id=\"data\">";
  const std::size_t start = page.find(tag) + tag.size();
  return page.substr(start, page.find("</script", start) - start);
}

template <typename Report>
void ExpectCarries(const Report& report) {
  Report read;
  const auto status = google::protobuf::util::JsonStringToMessage(Data(HtmlReport(report)), &read);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(read, report));
}

TEST(HtmlReportTest, CarriesTheReportAsData) {
  ExpectCarries(SampleComparison());
  ExpectCarries(SampleRun());
  ExpectCarries(SampleOpenRun());
}

TEST(HtmlReportTest, HostileTextCannotLeaveTheData) {
  ExpectCarries(HostileComparison());
  const std::string page = HtmlReport(HostileComparison());
  EXPECT_EQ(Count(page, "</script"), 7u);
  EXPECT_EQ(Count(page, "<!--"), 0u);
}

TEST(HtmlReportTest, TextThatLooksLikeAPlaceOfTheTemplateIsNotFilled) {
  v1::RunReport report = SampleRun();
  report.set_target("/*report.js*/");
  ExpectCarries(report);
}

TEST(HtmlReportTest, EveryPlaceIsFilled) {
  const std::string page = HtmlReport(SampleComparison());
  EXPECT_THAT(page, HasSubstr("Chart.js v3.9.1"));
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(page, HasSubstr("function comparePage()"));
  EXPECT_THAT(page, HasSubstr("function runPage()"));
  EXPECT_THAT(page, HasSubstr("function lineChart("));
  EXPECT_THAT(page, HasSubstr("function spectrumChart("));
  EXPECT_THAT(page, HasSubstr("function table("));
  for (const char* place : {"/*report.", "/*report_", "/*chart."}) EXPECT_THAT(page, Not(HasSubstr(place)));
}

TEST(HtmlReportTest, LoadsNothingFromElsewhere) {
  const std::string page = HtmlReport(SampleComparison());
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr(" src=")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
  EXPECT_EQ(Count(page, "<link"), 1u);
  EXPECT_THAT(page, HasSubstr("<link rel=\"icon\" href=\"data:,\">"));
}

}  // namespace
}  // namespace meanwhile
