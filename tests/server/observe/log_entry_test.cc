#include "server/observe/log_entry.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "meanwhile/v1/log.pb.h"

namespace meanwhile {
namespace {

using google::protobuf::util::TimeUtil;

LogEntry Entry(std::string message, std::vector<LogField> fields = {}) {
  return {.time = absl::FromUnixMillis(1'500),
          .level = LogLevel::kWarning,
          .event = "event",
          .line = {.message = std::move(message), .fields = std::move(fields)}};
}

// What a program reads out of a line of JSON.
v1::LogEntry Parsed(const LogEntry& entry) {
  const std::string line = FormatLogEntry(LogFormat::kJson, entry);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  EXPECT_EQ(line.back(), '\n');
  v1::LogEntry parsed;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &parsed).ok()) << line;
  return parsed;
}

TEST(LogEntryTest, ATextLineIsTheSentence) {
  EXPECT_EQ(FormatLogEntry(LogFormat::kText, Entry("serving on 127.0.0.1:1: \"quoted\" \\ é 50 µs", {{"a", "b"}})),
            "serving on 127.0.0.1:1: \"quoted\" \\ é 50 µs\n");
}

TEST(LogEntryTest, ATextLineStaysOneAndATerminalCannotBeToldAnything) {
  EXPECT_EQ(FormatLogEntry(LogFormat::kText, Entry("a\nb\r\x1b[31m\x7f")), "a\\nb\\x0d\\x1b[31m\\x7f\n");
}

TEST(LogEntryTest, BytesThatAreNotUtf8AreReplaced) {
  const std::string bad =
      "\xff"
      "a\xc3"
      "b\xe2\x82"
      "c\xc0\x80"
      "d\xed\xa0\x80"
      "e\xf5\x80\x80\x80";
  const std::string good = "\uFFFDa\uFFFDb\uFFFD\uFFFDc\uFFFD\uFFFDd\uFFFD\uFFFD\uFFFDe\uFFFD\uFFFD\uFFFD\uFFFD";
  EXPECT_EQ(FormatLogEntry(LogFormat::kText, Entry(bad)), good + "\n");
  EXPECT_EQ(Parsed(Entry(bad)).message(), good);
  EXPECT_EQ(FormatLogEntry(LogFormat::kText, Entry("é€😀")), "é€😀\n");
}

TEST(LogEntryTest, AJsonLineIsAnObjectWithTimeLevelEventMessageAndFields) {
  EXPECT_EQ(
      FormatLogEntry(LogFormat::kJson, Entry("took 1.5s", {{"total", 1.5}})),
      "{\"time\":\"1970-01-01T00:00:01.500Z\",\"level\":\"WARNING\",\"event\":\"event\",\"message\":\"took 1.5s\","
      "\"fields\":{\"total\":1.5}}\n");
}

TEST(LogEntryTest, AJsonLineHoldsWhateverTheStringsAre) {
  const std::string odd = "\"\\\n\t\x01</script>é";
  const v1::LogEntry parsed = Parsed(Entry(odd, {{"text", odd}, {"number", 3.0}}));
  EXPECT_EQ(parsed.message(), odd);
  EXPECT_EQ(parsed.fields().fields().at("text").string_value(), odd);
  EXPECT_EQ(parsed.fields().fields().at("number").number_value(), 3.0);
  EXPECT_EQ(parsed.level(), v1::LogEntry::WARNING);
  EXPECT_EQ(TimeUtil::TimestampToMilliseconds(parsed.time()), 1'500);
}

TEST(LogEntryTest, ANumberThatJsonDoesNotHaveLosesNoLine) {
  for (const double number : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(Parsed(Entry("sentence", {{"number", number}})).message(), "sentence");
  }
}

}  // namespace
}  // namespace meanwhile
