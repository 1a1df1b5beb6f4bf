#include "loadtest/call/mix_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::StartsWith;

absl::StatusOr<std::vector<MixEntry>> Parse(const std::string& text) {
  const absl::StatusOr<ConfigNode> config = ParseConfig(text);
  EXPECT_TRUE(config.ok()) << config.status();
  return ParseMix(config->children.front());
}

std::string ErrorOf(const std::string& text) { return std::string(Parse(text).status().message()); }

// Of an entry that has a call and this line, which is the third.
std::string ErrorOfKey(const std::string& line) { return ErrorOf("mix:\n- call: a.B/C\n  " + line); }

TEST(MixFileTest, AnEntrySaysWhatIsCalledAndHowOften) {
  const absl::StatusOr<std::vector<MixEntry>> mix = Parse(R"(mix:
- call: shop.Shop/Buy
  weight: 2.5
  name: buys
  data: '{"name": "{{.UUID}}"}'
  pick: random
  expect-status: [OK, "5"]
  expect-json: [item.count=1, paid=true]

- {call: shop.Shop.Fill, data-file: items.json, expect-status: "OK,ABORTED", expect-json: count=1}
- {call: shop.Shop/Fill, binary-file: item.bin}
)");
  ASSERT_TRUE(mix.ok()) << mix.status();
  ASSERT_EQ(mix->size(), 3u);
  const MixEntry& first = mix->front();
  EXPECT_EQ(first.call.service, "shop.Shop");
  EXPECT_EQ(first.call.method, "Buy");
  EXPECT_EQ(first.weight, 2.5);
  EXPECT_EQ(first.name, "buys");
  EXPECT_EQ(first.data, R"({"name": "{{.UUID}}"})");
  EXPECT_EQ(first.pick, Pick::kRandom);
  EXPECT_EQ(first.statuses->Names(), "OK or NOT_FOUND");
  EXPECT_THAT(first.fields, ElementsAre("item.count=1", "paid=true"));
  EXPECT_EQ(first.place, "mix line 2");
  const MixEntry& second = (*mix)[1];
  EXPECT_EQ(second.call.method, "Fill");
  EXPECT_EQ(second.weight, 1);
  EXPECT_EQ(second.name, "");
  EXPECT_EQ(second.data_file, "items.json");
  EXPECT_EQ(second.pick, Pick::kRoundRobin);
  EXPECT_EQ(second.statuses->Names(), "OK or ABORTED");
  EXPECT_THAT(second.fields, ElementsAre("count=1"));
  EXPECT_EQ(second.place, "mix line 10");
  EXPECT_EQ((*mix)[2].binary_file, "item.bin");
  EXPECT_FALSE((*mix)[2].statuses.has_value());
}

TEST(MixFileTest, DataMayBeYaml) {
  const absl::StatusOr<std::vector<MixEntry>> mix = Parse(R"(mix:
- call: shop.Shop/Buy
  data: {name: "a \"b\"", count: 3, paid: true, none: , items: [{count: "{{randomInt 1 9}}"}, 5], empty: {}}
- call: shop.Shop/Fill
  data: [{count: 1}, {count: 2}]
)");
  ASSERT_TRUE(mix.ok()) << mix.status();
  // In what order is not said.
  for (const char* part : {R"("name":"a \"b\"")", R"("count":"3")", R"("paid":"true")", R"("none":null)",
                           R"("items":[{"count":"{{randomInt 1 9}}"},"5"])", R"("empty":{})"}) {
    EXPECT_THAT((*mix)[0].data, testing::HasSubstr(part));
  }
  EXPECT_EQ((*mix)[1].data, R"([{"count":"1"},{"count":"2"}])");
}

TEST(MixFileTest, MustBeAListOfEntriesThatHaveACall) {
  EXPECT_THAT(ErrorOf("mix: 5"), StartsWith("1: mix: must be a list; an entry has call and may have weight, "));
  EXPECT_THAT(ErrorOf("mix: []"), StartsWith("1: mix: must be a list; "));
  EXPECT_THAT(ErrorOf("mix: {call: a.B/C}"), StartsWith("1: mix: must be a list; "));
  EXPECT_THAT(ErrorOf("mix:\n- call: a.B/C\n- weight: 1"), StartsWith("3: mix: has no call; an entry has call"));
  EXPECT_THAT(ErrorOf("mix:\n- call: a.B/C\n- a.B/C"), StartsWith("3: mix: has no call; an entry has call"));
  std::string many = "mix:\n";
  for (std::size_t i = 0; i < kMostMixEntries; ++i) absl::StrAppend(&many, "- call: a.B/C\n");
  EXPECT_TRUE(Parse(many).ok());
  EXPECT_EQ(ErrorOf(many + "- call: a.B/C"), "1: mix: must have at most 100 entries");
}

TEST(MixFileTest, AWrongValueIsToldWithItsLineAndItsKey) {
  EXPECT_THAT(ErrorOfKey("wait: 1"), StartsWith("3: wait: unknown key; an entry has call"));
  EXPECT_THAT(ErrorOf("mix: [{call: Buy}]"), StartsWith("1: call: Buy: must be a method such as "));
  for (const char* weight : {"0", "-1", "1000001", "1e7", "inf", "nan", "many", "1x"}) {
    EXPECT_EQ(ErrorOfKey(absl::StrCat("weight: ", weight)),
              absl::StrCat("3: weight: ", weight, ": must be a number over 0, up to 1000000"));
  }
  EXPECT_EQ(ErrorOfKey("pick: any"), "3: pick: any: must be round-robin or random");
  EXPECT_THAT(ErrorOfKey("expect-status: Ok"), StartsWith("3: expect-status: Ok: must be a status such as OK"));
  EXPECT_THAT(ErrorOfKey("expect-status:\n  - OK\n  - 17"), StartsWith("5: expect-status: 17: must be a status"));
  EXPECT_EQ(ErrorOfKey("expect-status: []"), "3: expect-status: must have a value");
  EXPECT_EQ(ErrorOfKey("expect-json: [[a=b]]"), "3: expect-json: must be a single value");
  EXPECT_EQ(ErrorOfKey("expect-json: {a: b}"), "3: expect-json: must be a single value");
  EXPECT_EQ(ErrorOfKey("data: '{}'\n  data-file: x"), "4: data-file: cannot stand together with data");
  EXPECT_EQ(ErrorOfKey("binary-file: x\n  data: {}"), "4: data: cannot stand together with binary-file");
  for (const char* key :
       {"weight", "name", "data", "data-file", "binary-file", "pick", "expect-status", "expect-json"}) {
    EXPECT_EQ(ErrorOfKey(absl::StrCat(key, ":")), absl::StrCat("3: ", key, ": must have a value"));
    EXPECT_EQ(ErrorOfKey(absl::StrCat(key, ": ''")), absl::StrCat("3: ", key, ": must have a value"));
  }
  for (const char* key : {"weight", "name", "data-file", "binary-file", "pick"}) {
    EXPECT_THAT(ErrorOfKey(absl::StrCat(key, ": [a]")), EndsWith(": must be a single value"));
  }
}

}  // namespace
}  // namespace meanwhile
