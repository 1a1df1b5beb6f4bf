#include "loadtest/call/call_mix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/loadtest/call/test_schema.h"

namespace meanwhile {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CallEntry Entry(const std::string& method, const std::string& json, double weight = 1) {
  const Method found = TestMethod(method);
  absl::StatusOr<CallData> data = CallData::FromJsonFile(found, "data", json);
  EXPECT_TRUE(data.ok()) << data.status();
  return {found, *data, weight};
}

std::string NameIn(const OutgoingCall& call) {
  // Of shop.Item: a tag, a length and the name.
  return call.messages[0].substr(2);
}

constexpr char kThreeItems[] = R"({"name": "a"} {"name": "b"} {"name": "c"})";

std::string FirstNames(const CallMix& mix, std::size_t engine, int calls) {
  const std::unique_ptr<CallSource> source = mix.plan->make_source(*mix.plan, engine);
  std::string names;
  for (int i = 0; i < calls; ++i) names += NameIn(source->Next());
  return names;
}

TEST(CallMixTest, TakesEntriesInTurnAndTheNextEngineBeginsWithTheNext) {
  const CallMix mix = MixCalls({Entry("Fill", kThreeItems)});
  EXPECT_EQ(FirstNames(mix, 0, 7), "abcabca");
  EXPECT_EQ(FirstNames(mix, 1, 3), "bca");
}

TEST(CallMixTest, PicksAtRandomTheSameWithTheSameSeed) {
  std::vector<CallEntry> entries = {Entry("Fill", kThreeItems)};
  entries[0].pick = Pick::kRandom;
  const std::string one = FirstNames(MixCalls(entries, 1), 0, 60);
  EXPECT_EQ(FirstNames(MixCalls(entries, 1), 0, 60), one);
  EXPECT_NE(FirstNames(MixCalls(entries, 2), 0, 60), one);
  EXPECT_NE(FirstNames(MixCalls(entries, 1), 1, 60), one);
  std::map<char, int> counts;
  for (const char name : one) ++counts[name];
  for (const char name : {'a', 'b', 'c'}) EXPECT_GT(counts[name], 5) << name;
}

TEST(CallMixTest, NamesThePathAndTheKindOfEachMethod) {
  const CallMix mix = MixCalls({Entry("Buy", "{}"), Entry("Follow", "{}"), Entry("Fill", "{}"), Entry("Talk", "{}")});
  std::vector<std::pair<std::string, CallKind>> methods;
  for (const TargetMethod& method : mix.plan->methods) methods.emplace_back(method.path, method.kind);
  EXPECT_THAT(methods, ElementsAre(std::pair("/shop.Shop/Buy", CallKind::kUnary),
                                   std::pair("/shop.Shop/Follow", CallKind::kServerStreaming),
                                   std::pair("/shop.Shop/Fill", CallKind::kClientStreaming),
                                   std::pair("/shop.Shop/Talk", CallKind::kBidirectional)));
}

TEST(CallMixTest, KeepsToTheWeightsAllTheTime) {
  const CallMix mix = MixCalls({Entry("Buy", "{}", 7), Entry("Fill", "{}", 2), Entry("Talk", "{}", 1)});
  for (const std::size_t engine : {0, 1, 5}) {
    const std::unique_ptr<CallSource> source = mix.plan->make_source(*mix.plan, engine);
    for (int hundred = 0; hundred < 20; ++hundred) {
      std::map<std::size_t, int> counts;
      for (int i = 0; i < 100; ++i) ++counts[source->Next().method];
      EXPECT_NEAR(counts[0], 70, 2);
      EXPECT_NEAR(counts[1], 20, 2);
      EXPECT_NEAR(counts[2], 10, 2);
    }
  }
}

TEST(CallMixTest, GivesWhatIsKnownBeforehandAsFixedCalls) {
  const CallMix mix = MixCalls({Entry("Fill", R"({"name": "a"} {"name": "{{.CallNumber}}"} {"name": "c"})")});
  ASSERT_EQ(mix.plan->fixed.size(), 2u);
  const std::unique_ptr<CallSource> source = mix.plan->make_source(*mix.plan, 0);
  EXPECT_EQ(source->Next().fixed, 0u);
  const OutgoingCall made = source->Next();
  EXPECT_EQ(made.fixed, OutgoingCall::kNotFixed);
  EXPECT_EQ(NameIn(made), "0");
  EXPECT_EQ(source->Next().fixed, 1u);
}

TEST(CallMixTest, NumbersTheCallsOfAllEnginesApart) {
  const CallMix mix = MixCalls({Entry("Fill", R"({"name": "{{.CallNumber}}"})")});
  const std::unique_ptr<CallSource> one = mix.plan->make_source(*mix.plan, 0);
  const std::unique_ptr<CallSource> other = mix.plan->make_source(*mix.plan, 1);
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    seen.insert(NameIn(one->Next()));
    seen.insert(NameIn(other->Next()));
  }
  EXPECT_EQ(seen.size(), 100u);
  EXPECT_EQ(seen.count("99"), 1u);
}

// A search measures its plan many times, and what it has stored stays there.
TEST(CallMixTest, DrawsOtherValuesInTheNextMeasurementAndTheSameWithTheSameSeed) {
  const auto identifiers = [](const CallMix& mix) {
    std::set<std::string> seen;
    for (int measurement = 0; measurement < 3; ++measurement) {
      for (const std::size_t engine : {0, 1}) {
        const std::unique_ptr<CallSource> source = mix.plan->make_source(*mix.plan, engine);
        for (int i = 0; i < 5; ++i) seen.insert(NameIn(source->Next()));
      }
    }
    return seen;
  };
  const std::vector<CallEntry> entries = {Entry("Fill", R"({"name": "{{.UUID}}"})")};
  const std::set<std::string> seen = identifiers(MixCalls(entries, 7));
  EXPECT_EQ(seen.size(), 30u);
  EXPECT_EQ(identifiers(MixCalls(entries, 7)), seen);
  EXPECT_NE(identifiers(MixCalls(entries, 8)), seen);
}

TEST(CallMixTest, TellsOfCallsThatCouldNotBeMade) {
  // Fits while the number has up to three digits: of 9 characters base64 knows what to do, of 13 not.
  const CallMix mix = MixCalls({Entry("Fill", R"({"count": 1000000{{.CallNumber}}})")});
  const std::unique_ptr<CallSource> source = mix.plan->make_source(*mix.plan, 0);
  std::string last;
  for (int i = 0; i < 1000; ++i) last = source->Next().messages[0];
  EXPECT_EQ(mix.unmade->Problem(), "");
  for (int i = 0; i < 9001; ++i) EXPECT_FALSE(source->Next().messages[0].empty());
  EXPECT_THAT(mix.unmade->Problem(), HasSubstr("the templates of "));
  EXPECT_THAT(mix.unmade->Problem(), HasSubstr("messages came out as none"));
}

TEST(CallMixTest, SendsInPlaceOfACallThatCouldNotBeMadeTheLastOneOfTheSameEntry) {
  // The count of the second grows out of its field with call 1,000.
  const CallMix mix = MixCalls(
      {Entry("Talk", R"({"name": "{{.CallNumber}}"})"), Entry("Fill", R"({"count": 1000000{{.CallNumber}}})")});
  const std::unique_ptr<CallSource> source = mix.plan->make_source(*mix.plan, 0);
  std::string last_fill;
  for (int i = 0; i < 2000; ++i) {
    const OutgoingCall call = source->Next();
    ASSERT_EQ(call.messages.size(), 1u);
    if (call.method == 0) continue;
    if (i >= 1000) {
      EXPECT_EQ(call.messages[0], last_fill) << "call " << i;
    }
    last_fill = call.messages[0];
  }
  EXPECT_THAT(mix.unmade->Problem(), HasSubstr("messages came out as none"));
}

}  // namespace
}  // namespace meanwhile
