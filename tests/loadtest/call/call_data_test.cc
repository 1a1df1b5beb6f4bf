#include "loadtest/call/call_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/loadtest/call/test_schema.h"

namespace meanwhile {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

// Item{name: "a"}.
constexpr char kItemA[] =
    "\x0a\x01"
    "a";

std::string ErrorOf(const absl::StatusOr<CallData>& data) {
  EXPECT_FALSE(data.ok());
  return std::string(data.status().message());
}

TEST(CallDataTest, EncodesConstantEntriesOnce) {
  const auto data = CallData::FromJson(TestMethod("Buy"), "--data", R"([{"item": {"name": "a"}}, {}])");
  ASSERT_TRUE(data.ok()) << data.status();
  ASSERT_THAT(data->entries(), ElementsAre(SizeIs(1), SizeIs(1)));
  EXPECT_EQ(data->entries()[0][0].encoded, std::string("\x0a\x03") + kItemA);
  EXPECT_EQ(data->entries()[0][0].text, nullptr);
  EXPECT_EQ(data->entries()[1][0].encoded, "");
}

TEST(CallDataTest, SendsAnEmptyMessageWhenNothingIsGiven) {
  for (const std::string method : {"Buy", "Fill"}) {
    const auto data = CallData::FromJson(TestMethod(method), "--data", "");
    ASSERT_TRUE(data.ok()) << data.status();
    EXPECT_THAT(data->entries(), ElementsAre(SizeIs(1)));
  }
}

TEST(CallDataTest, TakesAnArrayAsTheMessagesOfACallThatStreams) {
  const auto data = CallData::FromJson(TestMethod("Fill"), "--data", R"([{"name": "a"}, {"name": "a"}])");
  ASSERT_TRUE(data.ok()) << data.status();
  ASSERT_THAT(data->entries(), ElementsAre(SizeIs(2)));
  EXPECT_EQ(data->entries()[0][1].encoded, kItemA);
  EXPECT_THAT(CallData::FromJson(TestMethod("Fill"), "--data", "[]")->entries(), ElementsAre(SizeIs(0)));
}

TEST(CallDataTest, TakesAFileOfLinesOrOfAnArray) {
  const Method fill = TestMethod("Fill");
  EXPECT_THAT(CallData::FromJsonFile(fill, "file", "{}\n[{}, {}]\n\n{}\n")->entries(),
              ElementsAre(SizeIs(1), SizeIs(2), SizeIs(1)));
  EXPECT_THAT(CallData::FromJsonFile(fill, "file", "[{}, [{}, {}]]")->entries(), ElementsAre(SizeIs(1), SizeIs(2)));
  EXPECT_THAT(CallData::FromJsonFile(TestMethod("Buy"), "file", "{}\n{}\n")->entries(),
              ElementsAre(SizeIs(1), SizeIs(1)));
}

TEST(CallDataTest, NamesTheEntryAndTheLineOfAnError) {
  const Method buy = TestMethod("Buy");
  EXPECT_THAT(ErrorOf(CallData::FromJsonFile(buy, "--data-file=f", "{}\n\n{\"itm\": 1}")),
              AllOf(StartsWith("--data-file=f: entry 2, line 3: is no shop.Order: "), HasSubstr("itm")));
  EXPECT_THAT(ErrorOf(CallData::FromJson(buy, "--data", R"({"item" 1})")),
              StartsWith("--data: entry 1, line 1: is no shop.Order: "));
  EXPECT_THAT(ErrorOf(CallData::FromJson(TestMethod("Fill"), "--data", "[{},\n{\"count\": \"x\"}]")),
              StartsWith("--data: message 2, line 2: is no shop.Item: "));
  EXPECT_EQ(ErrorOf(CallData::FromJson(buy, "--data", "[]")), "--data: there is no message in it");
  EXPECT_EQ(ErrorOf(CallData::FromJson(buy, "--data", "{")), "--data: line 1: a } is missing");
  EXPECT_THAT(ErrorOf(CallData::FromJson(buy, "--data", "[[{}]]")), StartsWith("--data: entry 1, line 1: "));
}

TEST(CallDataTest, CompilesTemplatesAndTriesThem) {
  const Method fill = TestMethod("Fill");
  const auto data = CallData::FromJson(fill, "--data", R"({"name": "{{.UUID}}", "count": {{randomInt 1 9}}})");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_NE(data->entries()[0][0].text, nullptr);
  EXPECT_THAT(ErrorOf(CallData::FromJson(fill, "--data", R"({"name": "{{.Nothing}}"})")),
              StartsWith("--data: message 1, line 1: column 11: {{.Nothing}}: unknown name"));
  EXPECT_THAT(ErrorOf(CallData::FromJson(fill, "--data", R"({"count": "{{.UUID}}"})")),
              AllOf(StartsWith("--data: message 1, line 1: with its templates filled, as in "),
                    HasSubstr("it is no shop.Item")));
  // Right for some draws is not enough.
  EXPECT_THAT(ErrorOf(CallData::FromJson(fill, "--data", R"({"count": {{randomInt 1 3000000000}}})")),
              HasSubstr("3000000000"));
  EXPECT_THAT(ErrorOf(CallData::FromJson(fill, "--data", R"({"count": {{randomInt -3000000000 1}}})")),
              HasSubstr("-3000000000"));
}

TEST(CallDataTest, TakesAQuotedTextAsAConstant) {
  const auto data = CallData::FromJson(TestMethod("Fill"), "--data", R"({"name": "{{"a"}}"})");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->entries()[0][0].encoded, kItemA);
}

TEST(CallDataTest, TakesBytesThatAreTheMessage) {
  const auto data = CallData::FromBytes(TestMethod("Fill"), "--binary-file=f", kItemA);
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->entries()[0][0].encoded, kItemA);
  EXPECT_EQ(ErrorOf(CallData::FromBytes(TestMethod("Fill"), "--binary-file=f", "\xff\xff")),
            "--binary-file=f: is no encoded shop.Item");
}

}  // namespace
}  // namespace meanwhile
