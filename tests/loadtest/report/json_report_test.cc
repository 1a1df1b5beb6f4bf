#include "loadtest/report/json_report.h"

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/loadtest/report/sample_reports.h"

namespace meanwhile {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;
using google::protobuf::util::JsonStringToMessage;
using google::protobuf::util::MessageDifferencer;

// The JSON as a tree without a schema, so that its own names are seen.
Struct Tree(const std::string& json) {
  Struct tree;
  const auto status = JsonStringToMessage(json, &tree);
  EXPECT_TRUE(status.ok()) << status;
  return tree;
}

const Value& Field(const Value& value, const std::string& name) {
  static const Value kMissing;
  const auto& fields = value.struct_value().fields();
  const auto field = fields.find(name);
  return field == fields.end() ? kMissing : field->second;
}

template <typename Report>
void ExpectReadsBackTheSame(const Report& report) {
  Report read;
  const auto status = JsonStringToMessage(JsonReport(report), &read);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(MessageDifferencer::Equals(read, report)) << read.DebugString();
}

TEST(JsonReportTest, ReadsBackAsTheSameMessage) {
  ExpectReadsBackTheSame(SampleComparison());
  ExpectReadsBackTheSame(SampleRun());
  ExpectReadsBackTheSame(v1::ComparisonReport());
}

TEST(JsonReportTest, KeepsHostileTextAndHoldsNoLessThanSign) {
  ExpectReadsBackTheSame(HostileComparison());
  EXPECT_EQ(JsonReport(HostileComparison()).find('<'), std::string::npos);
}

TEST(JsonReportTest, NamesAreLowerCamelCaseAndFiguresAreNumbers) {
  const Struct tree = Tree(JsonReport(SampleComparison()));
  const Value& cell = tree.fields().at("cells").list_value().values(3);
  EXPECT_EQ(Field(cell, "model").string_value(), "thread");
  EXPECT_EQ(Field(cell, "inFlight").number_value(), 4000);
  EXPECT_EQ(Field(cell, "achievedRate").number_value(), 10520);
  EXPECT_EQ(Field(cell, "idealShare").number_value(), 0.1315);
  EXPECT_EQ(Field(cell, "errors").number_value(), 12);
  EXPECT_EQ(Field(Field(cell, "responseTime"), "p50").number_value(), 0.371);
  EXPECT_EQ(Field(Field(cell, "responseTime"), "p999").number_value(), 1.41);
  EXPECT_EQ(Field(Field(cell, "server"), "cpuMicrosPerCall").number_value(), 66);
  EXPECT_EQ(Field(Field(cell, "server"), "peakThreads").number_value(), 3160);
  EXPECT_EQ(Field(Field(cell, "server"), "peakRssBytes").number_value(), 312e6);
  const Value& comparison = tree.fields().at("comparisons").list_value().values(1);
  EXPECT_EQ(Field(comparison, "subject").string_value(), "async");
  EXPECT_EQ(Field(Field(comparison, "throughputRatio"), "low").number_value(), 2.5);
}

TEST(JsonReportTest, ZeroIsPrintedAndOnlyWhatNobodyMeasuredIsAbsent) {
  const Struct tree = Tree(JsonReport(SampleComparison()));
  EXPECT_EQ(tree.fields().at("interrupted").kind_case(), Value::kBoolValue);
  EXPECT_EQ(tree.fields().at("problems").kind_case(), Value::kListValue);
  const Value& async = tree.fields().at("cells").list_value().values(0);
  EXPECT_EQ(Field(async, "errors").kind_case(), Value::kNumberValue);
  EXPECT_EQ(Field(Field(async, "server"), "contextSwitchesPerCall").number_value(), 1.1);
  const Value& thread = tree.fields().at("cells").list_value().values(3);
  EXPECT_EQ(Field(Field(thread, "server"), "contextSwitchesPerCall").kind_case(), Value::KIND_NOT_SET);
}

TEST(JsonReportTest, StandsOnManyLinesAndEndsInANewline) {
  const std::string json = JsonReport(SampleRun());
  EXPECT_EQ(json.substr(0, 3), "{\n ");
  EXPECT_EQ(json.substr(json.size() - 3), "\n}\n");
}

}  // namespace
}  // namespace meanwhile
