#include "loadtest/report/csv_report.h"

#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/loadtest/report/sample_reports.h"

namespace meanwhile {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kHead[] =
    "kind,model,in_flight,round,duration_seconds,calls,achieved_rate,ideal_share,errors,min_seconds,mean_seconds,"
    "p50_seconds,p75_seconds,p90_seconds,p99_seconds,p999_seconds,p9999_seconds,max_seconds,server_cpu_micros_per_call,"
    "server_processors_used,server_peak_threads,server_peak_rss_bytes,server_context_switches_per_call,"
    "client_cpu_micros_per_call,client_processors_used,client_waited_for_stream,statuses,error_groups,stddev_seconds,"
    "p99999_seconds,"
    "offered_rate,not_sent,in_flight_at_end,unfinished,service_mean_seconds,service_p50_seconds,service_p99_seconds,"
    "service_p999_seconds,service_max_seconds,dispatch_delay_mean_seconds,dispatch_delay_p50_seconds,"
    "dispatch_delay_p99_seconds,dispatch_delay_p999_seconds,dispatch_delay_max_seconds,"
    "messages_received,messages_sent,messages_received_rate,messages_sent_rate,"
    "time_to_first_message_mean_seconds,time_to_first_message_p50_seconds,time_to_first_message_p99_seconds,"
    "time_to_first_message_p999_seconds,time_to_first_message_max_seconds,time_between_messages_mean_seconds,"
    "time_between_messages_p50_seconds,time_between_messages_p99_seconds,time_between_messages_p999_seconds,"
    "time_between_messages_max_seconds,engine,method\r\n";

// Reads CSV as RFC 4180 has it.
std::vector<std::vector<std::string>> Read(const std::string& csv) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    std::string& field = rows.back().back();
    if (csv[i] == '"' && quoted && i + 1 < csv.size() && csv[i + 1] == '"') {
      field += csv[++i];
    } else if (csv[i] == '"') {
      quoted = !quoted;
    } else if (csv[i] == ',' && !quoted) {
      rows.back().emplace_back();
    } else if (csv[i] == '\r' && !quoted) {
      ++i;
      rows.push_back({""});
    } else {
      field += csv[i];
    }
  }
  rows.pop_back();
  return rows;
}

TEST(CsvReportTest, WritesASummaryWithEveryFigure) {
  EXPECT_EQ(
      CsvReport(SampleRun()),
      std::string(kHead) +
          "summary,async,1000,,10,192114,19210,0.9605,14,0.0004,0.0521,0.0511,0.0562,0.0603,0.066,0.081,0.0972,1.22,"
          "25.2,0.484,13,34000000,0.34,22,0.423,0,DEADLINE_EXCEEDED=2 OK=192100 UNAVAILABLE=12,"
          "\"2 DEADLINE_EXCEEDED: Deadline Exceeded\n12 UNAVAILABLE: Socket "
          "closed\",0.0087,1.1,,0,1000,0,,,,,,,,,,,,,,,,,,,,,,,,,grpc,\r\n");
}

TEST(CsvReportTest, WritesWhatAnOpenLoopTells) {
  const auto rows = Read(CsvReport(SampleOpenRun()));
  EXPECT_EQ(rows[0].size(), rows[1].size());
  EXPECT_THAT(std::vector<std::string>(rows[1].begin() + 28, rows[1].end()),
              ElementsAre("0.0087", "1.1", "19300", "86", "1000", "3", "0.05", "0.05", "0.06", "0.07", "0.1", "0.00031",
                          "0.0003", "0.0009", "0.001", "0.0123", "", "", "", "", "", "", "", "", "", "", "", "", "", "",
                          "grpc", ""));
}

TEST(CsvReportTest, WritesARowForEachMethodOfSeveral) {
  const auto rows = Read(CsvReport(SampleMixRun()));
  ASSERT_THAT(rows, SizeIs(5));
  const auto column = [&rows](const std::string& name) {
    const auto place = std::find(rows[0].begin(), rows[0].end(), name) - rows[0].begin();
    std::vector<std::string> fields;
    for (std::size_t row = 1; row < rows.size(); ++row) fields.push_back(rows[row].at(static_cast<std::size_t>(place)));
    return fields;
  };
  EXPECT_THAT(column("kind"), ElementsAre("summary", "method", "method", "method"));
  EXPECT_THAT(column("method"), ElementsAre("", "meanwhile.v1.Meanwhile/Fetch", "health of nothing", "shop.Shop/Buy"));
  EXPECT_THAT(column("calls"), ElementsAre("192114", "172903", "19211", "0"));
  EXPECT_THAT(column("statuses"), ElementsAre("DEADLINE_EXCEEDED=2 OK=192100 UNAVAILABLE=12", "OK=172903",
                                              "NOT_FOUND=19197 UNAVAILABLE=14", ""));
  EXPECT_THAT(column("p99_seconds"), ElementsAre("0.066", "0.064", "0.0012", "0"));
  EXPECT_THAT(column("not_sent"), ElementsAre("0", "", "", "")) << "which method they were of is not known";
}

TEST(CsvReportTest, WritesWhatStreamsTell) {
  v1::RunReport report;
  v1::StreamFigures& streams = *report.mutable_streams();
  streams.set_received(10);
  streams.set_received_rate(2.5);
  streams.mutable_time_to_first_message()->set_p99(0.25);
  const auto rows = Read(CsvReport(report));
  EXPECT_THAT(std::vector<std::string>(rows[1].end() - 15, rows[1].end()),
              ElementsAre("0", "2.5", "0", "0", "0", "0.25", "0", "0", "", "", "", "", "", "", ""));
}

TEST(CsvReportTest, WritesWhatStreamsTellInASummaryOverRounds) {
  v1::ComparisonReport report = SampleComparison();
  report.mutable_cells(0)->mutable_streams()->set_received_rate(2.5);
  const auto rows = Read(CsvReport(report));
  EXPECT_EQ(*(rows[1].end() - 14), "2.5");
  EXPECT_EQ(*(rows[2].end() - 14), "");
}

TEST(CsvReportTest, WritesTheSummariesThenTheRounds) {
  const auto rows = Read(CsvReport(SampleComparison()));
  ASSERT_THAT(rows, SizeIs(7));
  for (const auto& row : rows) EXPECT_THAT(row, SizeIs(60));
  const auto start = [&rows](int row) { return std::vector<std::string>(rows[row].begin(), rows[row].begin() + 4); };
  EXPECT_THAT(start(1), ElementsAre("summary", "async", "100", ""));
  EXPECT_THAT(start(4), ElementsAre("summary", "thread", "4000", ""));
  EXPECT_THAT(start(5), ElementsAre("round", "async", "4000", "1"));
  EXPECT_THAT(start(6), ElementsAre("round", "async", "4000", "2"));
}

TEST(CsvReportTest, LeavesEmptyWhatNobodyMeasured) {
  const auto rows = Read(CsvReport(SampleComparison()));
  EXPECT_EQ(rows[1][22], "1.1");
  EXPECT_EQ(rows[4][22], "");  // A server without context switches.
  EXPECT_EQ(rows[5][7], "0.35");
  EXPECT_EQ(rows[6][7], "");   // No ideal share.
  EXPECT_EQ(rows[6][18], "");  // No server.
  EXPECT_EQ(rows[6][23], "");  // No load tester.
}

TEST(CsvReportTest, NumbersReadBackAsTheSameDoubles) {
  v1::RunReport report;
  report.set_calls(123456789012345);
  report.set_achieved_rate(1.0 / 3);
  report.mutable_response_time()->set_min(5e-324);
  report.mutable_response_time()->set_max(std::numeric_limits<double>::max());
  report.mutable_response_time()->set_mean(std::numeric_limits<double>::quiet_NaN());
  const auto rows = Read(CsvReport(report));
  EXPECT_EQ(rows[1][5], "123456789012345");
  EXPECT_EQ(std::stod(rows[1][6]), 1.0 / 3);
  EXPECT_EQ(std::strtod(rows[1][9].c_str(), nullptr), 5e-324);
  EXPECT_EQ(std::stod(rows[1][17]), std::numeric_limits<double>::max());
  EXPECT_EQ(rows[1][10], "");
}

TEST(CsvReportTest, HostileTextStaysInItsField) {
  const auto rows = Read(CsvReport(HostileComparison()));
  ASSERT_THAT(rows, SizeIs(7));
  EXPECT_EQ(rows[1][1], kHostile);
  EXPECT_EQ(rows[4][27], std::string("12 UNAVAILABLE: ") + kHostile);
}

}  // namespace
}  // namespace meanwhile
