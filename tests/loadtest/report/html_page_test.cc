// The HTML report as a browser shows it: Chromium, which Debian packages, without a window and without a network.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "loadtest/report/html_report.h"
#include "tests/loadtest/report/sample_reports.h"
#include "tests/process.h"

namespace meanwhile {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// A browser starts slowly on a busy machine.
constexpr absl::Duration kBrowserPatience = absl::Minutes(2);

// Runs in the page when its own scripts have: notes on the page what cannot be read off its elements.
constexpr char kProbe[] = R"(<script>
const painted = canvas =>
  canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0);
document.querySelectorAll('canvas').forEach(canvas => { canvas.dataset.painted = painted(canvas); });
document.documentElement.dataset.requests = performance.getEntriesByType('resource').length;
document.documentElement.dataset.width = innerWidth;
document.documentElement.dataset.overflow = document.documentElement.scrollWidth > innerWidth;
document.documentElement.dataset.background = getComputedStyle(document.body).backgroundColor;
</script>)";

struct Look {
  bool dark = false;
  // Of a frame that the page is shown in, as no window of the browser is that narrow; 0 for none.
  int width = 0;
};

// A page that shows `html` in a frame, and becomes a copy of what that turns into.
std::string InFrame(const std::string& html, int width) {
  return absl::StrCat("<!doctype html><iframe width=", width, " height=900 srcdoc=\"",
                      absl::StrReplaceAll(html, {{"&", "&amp;"}, {"\"", "&quot;"}}),
                      "\" onload=\"document.body.append(document.importNode(",
                      "this.contentDocument.documentElement, true))\"></iframe>");
}

struct Page {
  std::string dom;
  // What the browser's console says.
  std::vector<std::string> console;

  // The values of an attribute, in the order of the elements.
  std::vector<std::string> Values(const std::string& attribute) const {
    const std::string begin = absl::StrCat(" ", attribute, "=\"");
    std::vector<std::string> values;
    for (std::size_t at = dom.find(begin); at != std::string::npos; at = dom.find(begin, at + 1)) {
      const std::size_t from = at + begin.size();
      values.push_back(dom.substr(from, dom.find('"', from) - from));
    }
    return values;
  }
};

Page Open(const std::string& html, const Look& look = {}) {
  const std::string path = absl::StrCat(testing::TempDir(), "/page.html");
  const std::string probed = absl::StrReplaceAll(html, {{"</body>", absl::StrCat(kProbe, "</body>")}});
  std::ofstream(path) << (look.width > 0 ? InFrame(probed, look.width) : probed);
  std::vector<std::string> command = {
      "chromium",
      "--headless",
      "--no-sandbox",  // Its own, which root cannot have.
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--disable-background-networking",
      "--disable-component-update",
      "--host-resolver-rules=MAP * ~NOTFOUND",
      absl::StrCat("--user-data-dir=", testing::TempDir(), "/browser"),
      "--window-size=1200,900",
      "--enable-logging=stderr",
      "--v=0",
      "--virtual-time-budget=5000",
      "--dump-dom",
      absl::StrCat("file://", path),
  };
  if (look.dark) command.insert(command.end() - 1, "--blink-settings=preferredColorScheme=0");
  Process browser(command);
  EXPECT_EQ(browser.Wait(kBrowserPatience), 0) << browser.err();
  Page page;
  page.dom = browser.out();
  for (const absl::string_view line : absl::StrSplit(browser.err(), '\n')) {
    if (absl::StrContains(line, ":CONSOLE")) page.console.emplace_back(line);
  }
  return page;
}

// Every chart is drawn, and nothing goes wrong.
void ExpectShown(const Page& page, std::size_t charts) {
  EXPECT_THAT(page.console, IsEmpty());
  EXPECT_THAT(page.Values("data-requests"), ElementsAre("0"));
  EXPECT_THAT(page.Values("data-overflow"), ElementsAre("false"));
  EXPECT_THAT(page.Values("data-painted"), SizeIs(charts));
  EXPECT_THAT(page.Values("data-painted"), Each("true"));
  std::vector<int> points;
  for (const std::string& value : page.Values("data-points"))
    EXPECT_TRUE(absl::SimpleAtoi(value, &points.emplace_back()));
  EXPECT_THAT(points, SizeIs(charts));
  EXPECT_THAT(points, Each(Gt(0)));
}

TEST(HtmlPageTest, ShowsARunInLightAndDark) {
  const std::string html = HtmlReport(SampleOpenRun());
  const Page light = Open(html);
  // Rate, times, errors, in flight; processors, memory, threads; against in flight, rate; spectrum, histogram.
  ExpectShown(light, 11);
  EXPECT_THAT(light.dom, HasSubstr("Second by second"));
  EXPECT_THAT(light.dom, HasSubstr("<dt>rps</dt><dd>19300</dd>"));
  EXPECT_THAT(light.dom, HasSubstr("By default: warmup 2s"));
  const Page dark = Open(html, {.dark = true});
  ExpectShown(dark, 11);
  EXPECT_NE(light.Values("data-background"), dark.Values("data-background"));
}

TEST(HtmlPageTest, ShowsEachMethodOfSeveral) {
  for (const int width : {0, 360}) {
    const Page page = Open(HtmlReport(SampleMixRun()), {.width = width});
    ExpectShown(page, 3);
    EXPECT_THAT(page.dom, HasSubstr("<h2>Methods</h2>"));
    EXPECT_THAT(page.dom, HasSubstr("<h2>Response time by method</h2>"));
    EXPECT_THAT(page.dom, HasSubstr("<th scope=\"row\">health of nothing</th><td>19,211</td><td>10 %</td><td>1,920</td>"
                                    "<td>14</td><td>400 µs</td><td>800 µs</td><td>1.20 ms</td><td>9.00 ms</td>"
                                    "<td>NOT_FOUND 19,197, UNAVAILABLE 14</td>"));
    EXPECT_THAT(page.dom, HasSubstr("<th scope=\"row\">shop.Shop/Buy</th><td>0</td><td>0 %</td><td>0.00</td><td>0</td>"
                                    "<td>–</td><td>–</td><td>–</td><td>–</td><td></td>"));
  }
  EXPECT_THAT(Open(HtmlReport(SampleRun())).dom, Not(HasSubstr("<h2>Methods</h2>")));
}

TEST(HtmlPageTest, ShowsARunOnAPhone) {
  const Page page = Open(HtmlReport(SampleOpenRun()), {.width = 360});
  EXPECT_THAT(page.Values("data-width"), ElementsAre("360"));
  ExpectShown(page, 11);
}

TEST(HtmlPageTest, ShowsARunWithoutATimeSeries) {
  ExpectShown(Open(HtmlReport(SampleRun())), 2);
  ExpectShown(Open(HtmlReport(v1::RunReport())), 0);
}

TEST(HtmlPageTest, ShowsAComparisonWithItsConfiguration) {
  const Page page = Open(HtmlReport(SampleComparison()), {.width = 400});
  ExpectShown(page, 5);
  EXPECT_THAT(page.dom, HasSubstr("<dt>rounds</dt><dd>4</dd>"));
  EXPECT_THAT(page.dom, HasSubstr("By default: warmup 800ms"));
  EXPECT_THAT(page.dom, HasSubstr(">switches per call<"));
  EXPECT_THAT(page.dom, HasSubstr("any round. The ideal is"));
}

// Nothing is known of the servers but what the calls tell.
TEST(HtmlPageTest, ShowsAComparisonOfServersOfAnyService) {
  v1::ComparisonReport report = SampleComparison();
  v1::ComparisonSettings& settings = *report.mutable_settings();
  settings.add_methods("shop.Catalogue/Search");
  settings.add_expected("items[0].name=tea");
  settings.set_scenario("shop.yaml");
  settings.clear_mean_wait_seconds();
  for (auto* cells : {report.mutable_cells(), report.mutable_rounds()}) {
    for (v1::Cell& cell : *cells) {
      cell.clear_server();
      cell.clear_ideal_share();
    }
  }
  const Page page = Open(HtmlReport(report));
  ExpectShown(page, 2);
  EXPECT_THAT(page.dom, HasSubstr("scenario shop.yaml · shop.Catalogue/Search · expected items[0].name=tea"));
  // The page has its scripts in it, and there these stand in any case.
  EXPECT_THAT(page.dom, Not(HasSubstr(">switches per call<")));
  EXPECT_THAT(page.dom, Not(HasSubstr("any round. The ideal is")));
}

TEST(HtmlPageTest, ShowsTheMessagesOfAComparisonAndOfASearch) {
  v1::ComparisonReport comparison = SampleComparison();
  v1::SearchReport search = SampleSearch();
  EXPECT_THAT(Open(HtmlReport(comparison)).dom, Not(HasSubstr(">first message p50<")));
  for (v1::Cell* cell :
       {comparison.mutable_cells(0), comparison.mutable_rounds(0), search.mutable_probes(0)->mutable_cell()}) {
    v1::StreamFigures& streams = *cell->mutable_streams();
    streams.set_received(12'345);
    streams.set_received_rate(1'235);
    streams.mutable_time_to_first_message()->set_p50(0.0123);
    streams.mutable_time_to_first_message()->set_p99(0.0456);
  }
  const Page compared = Open(HtmlReport(comparison), {.width = 400});
  ExpectShown(compared, 5);
  const Page searched = Open(HtmlReport(search), {.width = 400});
  ExpectShown(searched, 2);
  for (const std::string& dom : {compared.dom, searched.dom}) {
    EXPECT_THAT(dom, HasSubstr(">first message p50<"));
    EXPECT_THAT(dom, HasSubstr(">messages received/s<"));
    EXPECT_THAT(dom, HasSubstr("<td>12.3 ms</td><td>45.6 ms</td><td>1,235</td>"));
    // Nothing is sent.
    EXPECT_THAT(dom, Not(HasSubstr(">messages sent/s<")));
  }
}

TEST(HtmlPageTest, ShowsASearchWithItsConfiguration) {
  v1::SearchReport report = SampleSearch();
  report.add_methods("shop.Catalogue/Search");
  const Page page = Open(HtmlReport(report), {.width = 400});
  ExpectShown(page, 2);
  EXPECT_THAT(page.dom, HasSubstr("shop.Catalogue/Search · model async"));
  EXPECT_THAT(page.dom, HasSubstr("<dt>slo</dt><dd>p99&lt;100ms,errors&lt;0.1%</dd>"));
  EXPECT_THAT(page.dom, HasSubstr("By default: to 10000000"));
}

TEST(HtmlPageTest, ShowsAComparisonWhateverItsTextSays) { ExpectShown(Open(HtmlReport(HostileComparison())), 5); }

// Else the tests above would prove nothing.
TEST(HtmlPageTest, SeesWhatGoesWrongOnAPage) {
  const std::string html = HtmlReport(SampleRun());
  EXPECT_THAT(Open(absl::StrReplaceAll(html, {{"function runPage()", "function otherPage()"}})).console,
              ElementsAre(HasSubstr("runPage is not defined")));
  const Page loading = Open(absl::StrReplaceAll(
      html, {{"</main>",
              "<img src=\"http://localhost:1/x.png\"><link rel=stylesheet href=\"http://localhost:1/x\"></main>"}}));
  EXPECT_THAT(loading.console, Each(HasSubstr("Content Security Policy")));
  EXPECT_THAT(loading.console, SizeIs(2));
}

}  // namespace
}  // namespace meanwhile
