#include "loadtest/call/json_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::vector<std::pair<std::string, int>> Pairs(const absl::StatusOr<std::vector<JsonValue>>& values) {
  EXPECT_TRUE(values.ok()) << values.status();
  std::vector<std::pair<std::string, int>> pairs;
  if (!values.ok()) return pairs;
  for (const JsonValue& value : *values) pairs.emplace_back(std::string(value.text), value.line);
  return pairs;
}

std::vector<std::pair<std::string, int>> Split(absl::string_view text) { return Pairs(SplitJsonValues(text)); }
std::vector<std::pair<std::string, int>> Elements(absl::string_view text) { return Pairs(SplitJsonArray({text, 1})); }
std::string ErrorOf(absl::string_view text) {
  const auto values = SplitJsonValues(text);
  EXPECT_FALSE(values.ok()) << text;
  return std::string(values.status().message());
}

TEST(JsonValuesTest, FindsValuesOneAfterAnother) {
  EXPECT_THAT(
      Split(" {\"a\": [1, {}]}\n{} {}\n\n\"x y\" 12 "),
      ElementsAre(Pair("{\"a\": [1, {}]}", 1), Pair("{}", 2), Pair("{}", 2), Pair("\"x y\"", 4), Pair("12", 4)));
  EXPECT_THAT(Split("{}{}[1]"), ElementsAre(Pair("{}", 1), Pair("{}", 1), Pair("[1]", 1)));
  EXPECT_THAT(Split(" \n"), IsEmpty());
}

TEST(JsonValuesTest, FindsTheElementsOfAnArray) {
  EXPECT_THAT(Elements("[{\"a\": 1},\n {\"b\": [1,2]} , 3]"),
              ElementsAre(Pair("{\"a\": 1}", 1), Pair("{\"b\": [1,2]}", 2), Pair("3", 2)));
  EXPECT_THAT(Elements("[ ]"), IsEmpty());
}

TEST(JsonValuesTest, IsNotMisledByWhatStandsInStrings) {
  EXPECT_THAT(Split(R"({"}": "\"{", "\\": "["} 1)"), ElementsAre(Pair(R"({"}": "\"{", "\\": "["})", 1), Pair("1", 1)));
}

TEST(JsonValuesTest, PassesOverTemplatesInsideAndOutsideOfStrings) {
  EXPECT_THAT(
      Elements(R"([{"n": {{randomInt 1 9}}}, {{.CallNumber}}, "{{"}}"}} \" ]"])"),
      ElementsAre(Pair(R"({"n": {{randomInt 1 9}}})", 1), Pair("{{.CallNumber}}", 1), Pair(R"("{{"}}"}} \" ]")", 1)));
}

TEST(JsonValuesTest, SaysInWhichLineSomethingIsNotClosed) {
  EXPECT_EQ(ErrorOf("{}\n{\"a\": [1}"), "line 2: a } too many");
  EXPECT_EQ(ErrorOf("{}\n{\"a\": 1"), "line 2: a } is missing");
  EXPECT_EQ(ErrorOf("\n\"abc"), "line 2: a string is not closed");
  EXPECT_EQ(ErrorOf("{{.UUID"), "line 1: {{ without }}");
  EXPECT_EQ(ErrorOf("]"), "line 1: a ] too many");
  EXPECT_EQ(ErrorOf("{},{}"), "line 1: a comma outside of an array");
}

TEST(JsonValuesTest, SaysInWhichLineAnArrayIsWrong) {
  EXPECT_EQ(SplitJsonArray({"[1,\n,2]", 1}).status().message(), "line 2: a value is missing");
  EXPECT_EQ(SplitJsonArray({"[1,]", 1}).status().message(), "line 1: a value is missing");
  EXPECT_EQ(SplitJsonArray({"[1 2]", 7}).status().message(), "line 7: a comma is missing between two values");
}

}  // namespace
}  // namespace meanwhile
