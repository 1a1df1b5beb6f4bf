#include "loadtest/report/text_report.h"

#include <string>
#include <utility>

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
async against thread · backend normal:50ms,5ms · 8 connections · engine grpc · 4 rounds of 3 s after 0.5 s of warm-up
host box · 2 processors (Fast CPU) · 8.3 GB memory · Linux 6.1
pinning: server on processor 0, load tester on processor 1

100 in flight, ideal 2,000 calls/s
                                             of                             processor     peak    peak  switches
  model   calls/s                         ideal      p50      p99    p99.9   per call  threads  memory  per call  errors
  async     1,985  █▌                      99 %  50.3 ms  62.2 ms  71.0 ms    31.0 µs       13   21 MB      1.10       0
  thread    1,978  █▌                      99 %  50.6 ms  63.3 ms  74.2 ms    58.0 µs      108   24 MB      3.20       0
At 100 in flight there is the sentence.
  async over thread: calls/s 1.00× [0.99–1.01] · processor per call 0.53× [0.52–0.55]

4,000 in flight, ideal 80,000 calls/s
                                             of                             processor     peak    peak  switches
  model   calls/s                         ideal      p50      p99    p99.9   per call  threads  memory  per call  errors
  async    28,412  █████████████████████   36 %   138 ms   171 ms   220 ms    21.3 µs       13   74 MB      0.08       0
  thread   10,520  ███████▊                13 %   371 ms   622 ms   1.41 s    66.0 µs    3,160  312 MB         –      12
  errors of thread:
    12 × UNAVAILABLE: Socket closed
At 4,000 in flight async serves 2.7 times [2.5–2.9] the calls of thread, with 13 threads instead of 3,160.
  async over thread: calls/s 2.7× [2.5–2.9] · processor per call 0.32× [0.30–0.34]
)");
  ExpectFitsTheTerminal(text);
}

TEST(TextReportTest, TellsEachOfSeveralTargets) {
  v1::RunReport report = SampleRun();
  EXPECT_THAT(TextReport(report), Not(HasSubstr("  targets")));
  for (const auto& [target, standing] : {std::pair("a:1", 2u), std::pair("b:2", 1u)}) {
    v1::TargetConnections* connections = report.add_targets();
    connections->set_target(target);
    connections->set_opened(2);
    connections->set_standing(standing);
  }
  EXPECT_THAT(TextReport(report), HasSubstr("  targets      a:1: 2 connections\n"
                                            "               b:2: 2 connections, 1 at the end\n"));
}

TEST(TextReportTest, SaysWhatAComparisonOrASearchHasCalled) {
  v1::ComparisonReport comparison = SampleComparison();
  v1::SearchReport search = SampleSearch();
  comparison.mutable_settings()->set_scenario("shop.yaml");
  for (const char* method : {"shop.Catalogue/Search", "shop.Basket/\x1b[31mAdd"}) {
    comparison.mutable_settings()->add_methods(method);
    search.add_methods(method);
  }
  for (const char* expected : {"status OK", "items[0].name=tea"}) {
    comparison.mutable_settings()->add_expected(expected);
    search.add_expected(expected);
  }
  EXPECT_THAT(TextReport(comparison), HasSubstr("scenario shop.yaml · shop.Catalogue/Search · "));
  for (const std::string& text : {TextReport(comparison), TextReport(search)}) {
    EXPECT_THAT(text, HasSubstr("shop.Catalogue/Search"));
    EXPECT_THAT(text, HasSubstr("shop.Basket/\\x1b[31mAdd"));
    EXPECT_THAT(text, HasSubstr("expected status OK, items[0].name=tea"));
  }
  ExpectFitsTheTerminal(TextReport(comparison));
}

TEST(TextReportTest, SumsUpARun) {
  const std::string text = TextReport(SampleRun());
  EXPECT_EQ("\n" + text, R"(
localhost:50051 · model async · 1,000 in flight · 8 connections · 2 loops · engine grpc
host box · 1 processor

Summary
  calls        192,114 in 10.0 s
  rate         19,210 calls/s, 96 % of the ideal
  errors       14 (0.01 %)
  at the end   1,000 in flight, waited for
  server       25.2 µs of processor per call, 0.48 processors busy, peak 13 threads, peak 34 MB, 0.34 switches per call
  load tester  22.0 µs of processor per call, 0.42 processors busy
  connecting   3.10 ms

Times
               min     mean  std dev      p50      p75      p90      p99    p99.9   p99.99  p99.999     max
  response  400 µs  52.1 ms  8.70 ms  51.1 ms  56.2 ms  60.3 ms  66.0 ms  81.0 ms  97.2 ms   1.10 s  1.22 s

Histogram of response times
  to 33.0 ms   40,114  ████████████████
  to 66.0 ms  150,000  ████████████████████████████████████████████████████████████
   to 1.22 s    2,000  ▊

Status codes
                       calls      p50      p99     max
  OK                 192,100  51.1 ms  66.0 ms  1.22 s
  UNAVAILABLE             12   400 µs   500 µs  600 µs
  DEADLINE_EXCEEDED        2        –        –       –

Errors
  12 × UNAVAILABLE: Socket closed
  2 × DEADLINE_EXCEEDED: Deadline Exceeded
)");
  ExpectFitsTheTerminal(text);
}

TEST(TextReportTest, TellsWhatAnOpenLoopFound) {
  const std::string text = TextReport(SampleOpenRun());
  EXPECT_THAT(
      text,
      StartsWith("localhost:50051 · model async · 19,300 calls/s, poisson · 8 connections · 2 loops · engine grpc\n"));
  EXPECT_THAT(text, HasSubstr("  rate         19,210 calls/s of 19,300 calls/s offered\n"
                              "  not sent     86 calls, for want of a place among 10,000 in flight\n"));
  EXPECT_THAT(text, HasSubstr("  at the end   1,000 in flight, 3 of them given up\n"));
  EXPECT_THAT(text, HasSubstr(R"(
Times
               min     mean  std dev      p50      p75      p90      p99    p99.9   p99.99  p99.999      max
  response  400 µs  52.1 ms  8.70 ms  51.1 ms  56.2 ms  60.3 ms  66.0 ms  81.0 ms  97.2 ms   1.10 s   1.22 s
  service   400 µs  50.0 ms  4.00 ms  50.0 ms  55.0 ms  59.0 ms  60.0 ms  70.0 ms  80.0 ms  90.0 ms   100 ms
  delay        0 s   310 µs   200 µs   300 µs   400 µs   500 µs   900 µs  1.00 ms  1.10 ms  12.0 ms  12.3 ms
)"));
  EXPECT_THAT(text, EndsWith("\n\nThresholds\n"
                             "  passed  p99<80ms       was 66.0 ms\n"
                             "  FAILED  errors<0.001%  was 0.01 %\n"));
  ExpectFitsTheTerminal(text);
}

TEST(TextReportTest, TellsWhatStreamed) {
  v1::RunReport report = SampleRun();
  EXPECT_THAT(TextReport(report), Not(HasSubstr("messages")));
  v1::StreamFigures& streams = *report.mutable_streams();
  streams.set_received(12'345);
  streams.set_received_rate(1'235);
  streams.set_sent(50);
  streams.set_sent_rate(5);
  streams.mutable_time_to_first_message()->set_p99(0.0123);
  streams.mutable_time_between_messages()->set_p99(0.00456);
  const std::string text = TextReport(report);
  EXPECT_THAT(text, HasSubstr("12,345 received, 1,235 a second; 50 sent, 5.00 a second"));
  EXPECT_THAT(text, HasSubstr("first msg"));
  EXPECT_THAT(text, HasSubstr("12.3 ms"));
  EXPECT_THAT(text, HasSubstr("between"));
  EXPECT_THAT(text, HasSubstr("4.56 ms"));
}

// What a cell of streams has.
v1::StreamFigures SampleStreams() {
  v1::StreamFigures streams;
  streams.set_received(12'345);
  streams.set_received_rate(1'235);
  streams.set_sent(50);
  streams.set_sent_rate(5);
  streams.mutable_time_to_first_message()->set_p50(0.0123);
  streams.mutable_time_to_first_message()->set_p99(0.0456);
  return streams;
}

TEST(TextReportTest, TellsTheMessagesOfEachServerBelowTheTable) {
  v1::ComparisonReport report = SampleComparison();
  EXPECT_THAT(TextReport(report), Not(HasSubstr("messages")));
  *report.mutable_cells(2)->mutable_streams() = SampleStreams();
  v1::StreamFigures& sends = *report.mutable_cells(3)->mutable_streams();
  sends.set_sent(40);
  sends.set_sent_rate(4);
  *report.mutable_cells(0)->mutable_streams() = v1::StreamFigures();
  const std::string text = TextReport(report);
  EXPECT_THAT(text, HasSubstr("    108   24 MB      3.20       0\n"
                              "  messages of async: none\n"
                              "At 100 in flight there is the sentence.\n"));
  EXPECT_THAT(text,
              HasSubstr("  messages of async: first after p50 12.3 ms, p99 45.6 ms · received 1,235/s · sent 5.00/s\n"
                        "  messages of thread: sent 4.00/s\n"
                        "  errors of thread:\n"));
  ExpectFitsTheTerminal(text);
}

TEST(TextReportTest, TellsTheMessagesOfEachRunOfASearch) {
  v1::SearchReport report = SampleSearch();
  EXPECT_THAT(TextReport(report), Not(HasSubstr("\nMessages\n")));
  *report.mutable_probes(0)->mutable_cell()->mutable_streams() = SampleStreams();
  v1::StreamFigures& receives = *report.mutable_probes(1)->mutable_cell()->mutable_streams();
  receives.set_received(1);
  receives.set_received_rate(0.2);
  const std::string text = TextReport(report);
  EXPECT_THAT(text, HasSubstr(R"(

Messages
                  first p50  first p99  received/s  sent/s
  1  100 calls/s    12.3 ms    45.6 ms       1,235    5.00
  2  105 calls/s          –          –        0.20       –
  3  100 calls/s          –          –           –       –

Errors at 105 calls/s
)"));
  ExpectFitsTheTerminal(text);
}

TEST(TextReportTest, TellsEachMethodOfSeveralWithin80Columns) {
  EXPECT_THAT(TextReport(SampleRun()), Not(HasSubstr("\nMethods\n")));
  const std::string text = TextReport(SampleMixRun());
  EXPECT_THAT(text, HasSubstr(R"(
Methods
      calls  share  calls/s  errors      p50      p90      p99      max
  meanwhile.v1.Meanwhile/Fetch
    172,903   90 %   17,290       0  51.3 ms  60.0 ms  64.0 ms   1.22 s
  health of nothing · NOT_FOUND 19,197 · UNAVAILABLE 14
     19,211   10 %    1,920      14   400 µs   800 µs  1.20 ms  9.00 ms
  shop.Shop/Buy
          0    0 %     0.00       0        –        –        –        –

Histogram)"));
  ExpectFitsTheTerminal(text);
}

TEST(TextReportTest, TellsFirstAndLastThatARunWasAborted) {
  v1::RunReport report = SampleRun();
  report.set_aborted("errors>5%: 300 of 1000 calls had failed");
  const std::string verdict = "ABORTED: errors>5%: 300 of 1000 calls had failed\n";
  EXPECT_THAT(TextReport(report), StartsWith(verdict));
  EXPECT_THAT(TextReport(report), EndsWith("\n\n" + verdict));
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
    *cell.mutable_streams() = SampleStreams();
    cell.mutable_streams()->set_received_rate(123456789);
    cell.mutable_streams()->set_sent_rate(123456789);
    cell.mutable_streams()->mutable_time_to_first_message()->set_p50(123456);
    if (!cell.error_groups().empty()) cell.mutable_error_groups(0)->set_message(std::string(500, 'x'));
  }
  report.mutable_comparisons(0)->set_sentence("At 100 in flight " + std::string(60, 'a') + " serves " +
                                              std::string(60, 'b'));
  EXPECT_THAT(TextReport(report), HasSubstr("a-server-with-a-very…"));
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

TEST(TextReportTest, TellsTheRunsOfASearchAndTheAnswer) {
  EXPECT_EQ(
      TextReport(SampleSearch()),
      R"(localhost:50051 · model async · objectives p99<100ms, errors<0.1% · poisson arrivals · 8 connections · 2 loops
engine http2 · runs of 5 s after 1 s of warm-up
host box · 2 processors (Fast CPU) · 8.3 GB memory · Linux 6.1

                  offered  answered      p50      p99    p99.9      max  errors  verdict
  1  grow     100 calls/s       100  50.3 ms  62.2 ms  71.0 ms  90.0 ms       0  held
  2  bisect   105 calls/s       101  70.3 ms   123 ms   171 ms   190 ms      12  failed
  3  confirm  100 calls/s       100  50.3 ms  62.2 ms  71.0 ms  90.0 ms       0  held

Errors at 105 calls/s
  12 × UNAVAILABLE: Socket closed

There is the sentence.
)");
}

}  // namespace
}  // namespace meanwhile
