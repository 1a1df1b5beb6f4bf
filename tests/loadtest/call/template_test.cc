#include "loadtest/call/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

std::string Rendered(const std::string& text, TemplateValues values = {}) {
  const absl::StatusOr<Template> parsed = Template::Parse(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (!parsed.ok()) return "";
  std::string out;
  parsed->Render(&values, &out);
  return out;
}

std::string ErrorOf(const std::string& text) {
  const absl::StatusOr<Template> parsed = Template::Parse(text);
  EXPECT_FALSE(parsed.ok()) << text;
  return std::string(parsed.status().message());
}

TEST(TemplateTest, LeavesATextWithoutPlacesAlone) {
  EXPECT_EQ(Rendered(R"({"a": {"b": [1, "}}"]}})"), R"({"a": {"b": [1, "}}"]}})");
  EXPECT_EQ(Rendered(""), "");
  EXPECT_TRUE(Template::Parse("{}")->is_constant());
  EXPECT_FALSE(Template::Parse("{{.UUID}}")->is_constant());
}

TEST(TemplateTest, FillsInTheNumbersOfCallAndLoop) {
  TemplateValues values;
  values.call_number = 41;
  values.loop_number = 3;
  EXPECT_EQ(Rendered("{{.CallNumber}}/{{ .RequestNumber }}/{{.LoopNumber}}", values), "41/41/3");
}

TEST(TemplateTest, DrawsIntegersWithinTheirBoundsAndReachesBoth) {
  TemplateValues values;
  const absl::StatusOr<Template> parsed = Template::Parse("{{randomInt -1 1}}");
  ASSERT_TRUE(parsed.ok());
  std::string seen;
  for (int i = 0; i < 200; ++i) {
    std::string out;
    parsed->Render(&values, &out);
    EXPECT_TRUE(out == "-1" || out == "0" || out == "1") << out;
    seen += out + " ";
  }
  EXPECT_THAT(seen, HasSubstr("-1 "));
  EXPECT_THAT(seen, HasSubstr(" 1 "));
  values.draw = TemplateValues::Draw::kLowest;
  EXPECT_EQ(Rendered("{{randomInt 5 9}}", values), "5");
  values.draw = TemplateValues::Draw::kHighest;
  EXPECT_EQ(Rendered("{{randomInt 5 9}}", values), "9");
}

TEST(TemplateTest, MakesIdentifiersOfVersion4ThatDiffer) {
  TemplateValues values;
  const absl::StatusOr<Template> parsed = Template::Parse("{{.UUID}}");
  ASSERT_TRUE(parsed.ok());
  std::string one, other;
  parsed->Render(&values, &one);
  parsed->Render(&values, &other);
  const std::string hex = "[0-9a-f]";
  const std::string form = absl::StrCat(hex, "{8}-", hex, "{4}-4", hex, "{3}-[89ab]", hex, "{3}-", hex, "{12}");
  EXPECT_THAT(one, MatchesRegex(form));
  EXPECT_THAT(other, MatchesRegex(form));
  EXPECT_NE(one, other);
}

TEST(TemplateTest, DrawsTheSameAgainWithTheSameSeed) {
  TemplateValues values;
  values.random.seed(7);
  const std::string text = "{{randomString 20}} {{newUUID}} {{randomInt 0 1000000}}";
  EXPECT_EQ(Rendered(text, values), Rendered(text, values));
  EXPECT_THAT(Rendered("{{randomString 20}}", values), MatchesRegex("[A-Za-z0-9]{20}"));
  EXPECT_EQ(Rendered("{{randomString 0}}", values), "");
}

TEST(TemplateTest, TellsTheTimeInEachForm) {
  TemplateValues values;
  values.now = absl::FromUnixMillis(1'700'000'000'250);
  EXPECT_EQ(Rendered("{{timestamp}}", values), "2023-11-14T22:13:20.250000Z");
  EXPECT_EQ(Rendered("{{timestampUnix}}", values), "1700000000");
  EXPECT_EQ(Rendered("{{timestampUnixMilli}} {{.TimestampUnixMilli}}", values), "1700000000250 1700000000250");
  EXPECT_EQ(Rendered("{{timestampUnixNano}}", values), "1700000000250000000");
}

TEST(TemplateTest, TakesQuotedTextAsItIs) { EXPECT_EQ(Rendered(R"(a{{"{{}}"}}b)"), "a{{}}b"); }

TEST(TemplateTest, SaysWhereATextIsWrongAndWhatThereIs) {
  EXPECT_THAT(ErrorOf(R"({"a": "{{.Nope}}"})"), StartsWith("column 8: {{.Nope}}: unknown name; there are .CallNumber"));
  EXPECT_THAT(ErrorOf("{\n  \"a\": {{randomInt 1}}}"),
              StartsWith("line 2, column 8: {{randomInt 1}}: randomInt takes 2 numbers, not 1"));
  EXPECT_THAT(ErrorOf("{{randomInt 5 1}}"), HasSubstr("the first number must not exceed the second"));
  EXPECT_THAT(ErrorOf("{{randomInt 5 x}}"), HasSubstr("x is no whole number"));
  EXPECT_THAT(ErrorOf("{{randomString 2000000}}"), HasSubstr("must be from 0 to 1048576"));
  EXPECT_THAT(ErrorOf("a{{.UUID"), StartsWith("column 2: {{ without }}"));
  EXPECT_THAT(ErrorOf("{{ }}"), HasSubstr("nothing is named"));
}

}  // namespace
}  // namespace meanwhile
