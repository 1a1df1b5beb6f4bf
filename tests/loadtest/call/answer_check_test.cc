#include "loadtest/call/answer_check.h"

#include <gmock/gmock.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "loadtest/call/message_encoder.h"
#include "tests/loadtest/call/test_schema.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kOrder[] = R"({
  "item": {"name": "a", "count": 2, "code": "AAE="}, "items": [{"name": "b"}, {"name": "c"}], "numbers": [7, -8],
  "colour": "RED", "price": 0.1, "paid": true, "wait": "1.500s", "share": 0.1, "fullName": "x = y"})";

class AnswerCheckTest : public testing::Test {
 protected:
  std::string Encoded(const std::string& json) {
    std::string encoded;
    const absl::Status status = MessageEncoder(buy_.response()).Encode(json, &encoded);
    EXPECT_TRUE(status.ok()) << status;
    return encoded;
  }

  // What is wrong with the order; empty when nothing is.
  std::string Mismatch(const std::string& expected, const std::string& json = kOrder) {
    const absl::StatusOr<ExpectedField> field = ExpectedField::Parse("--expect-json", expected, buy_);
    EXPECT_TRUE(field.ok()) << field.status();
    if (!field.ok()) return "";
    google::protobuf::DynamicMessageFactory factory;
    const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(&buy_.response())->New());
    EXPECT_TRUE(message->ParseFromString(Encoded(json)));
    return field->Mismatch(*message);
  }

  std::string ErrorOf(const std::string& expected) {
    const absl::StatusOr<ExpectedField> field = ExpectedField::Parse("--expect-json", expected, buy_);
    EXPECT_FALSE(field.ok()) << expected;
    return std::string(field.status().message());
  }

  const Method buy_ = TestMethod("Buy");
};

TEST_F(AnswerCheckTest, FindsValuesOfEachKind) {
  for (const std::string holds :
       {"item.name=a", "item.count=2", "item.count=02", "item.code=AAE=", "items[1].name=c", "numbers[1]=-8",
        "colour=RED", "colour=1", "price=0.1", "price=1e-1", "paid=true", "wait=1.5s", "share=0.1", "fullName=x = y",
        "full_name=x = y", R"(items[0]={"name": "b"})", "items[0].count=0"}) {
    EXPECT_EQ(Mismatch(holds), "") << holds;
  }
}

TEST_F(AnswerCheckTest, SaysWhatWasExpectedAndWhatWas) {
  EXPECT_EQ(Mismatch("item.count=1"), "expected item.count=1, was 2");
  EXPECT_EQ(Mismatch("colour=GREY"), "expected colour=GREY, was RED");
  EXPECT_EQ(Mismatch("paid=false"), "expected paid=false, was true");
  EXPECT_EQ(Mismatch("items[2].name=d"), "expected items[2].name=d, was not there");
  EXPECT_EQ(Mismatch("item.name=a", "{}"), "expected item.name=a, was not there");
  EXPECT_EQ(Mismatch("wait=2s"), "expected wait=2s, was 1.500s");
  const std::string long_name(1000, 'x');
  EXPECT_LT(Mismatch("fullName=y", "{\"fullName\": \"" + long_name + "\"}").size(), 150u);
}

TEST_F(AnswerCheckTest, RefusesPlacesAndValuesThatCannotBe) {
  EXPECT_THAT(ErrorOf("item"), StartsWith("--expect-json=item: must be PATH=VALUE"));
  EXPECT_EQ(ErrorOf("item.nme=a"), "--expect-json=item.nme=a: shop.Item has no field nme; there are name, count, code");
  EXPECT_THAT(ErrorOf("item.name.x=a"), HasSubstr("shop.Item.name is no message, so it has no field x"));
  EXPECT_THAT(ErrorOf("items.name=a"), HasSubstr("shop.Order.items is repeated: say which, as items[0]"));
  EXPECT_THAT(ErrorOf("item[0].name=a"), HasSubstr("is not repeated"));
  EXPECT_THAT(ErrorOf("items[x].name=a"), HasSubstr("an index is written as in items[2]"));
  EXPECT_THAT(ErrorOf("items[=a"), HasSubstr("an index is written as in items[2]"));
  EXPECT_THAT(ErrorOf("labels=a"), HasSubstr("is a map"));
  EXPECT_EQ(ErrorOf("item.count=many"), "--expect-json=item.count=many: many is no int32, which shop.Item.count is");
  EXPECT_THAT(ErrorOf("colour=BLUE"), HasSubstr("BLUE is no shop.Colour"));
  EXPECT_THAT(ErrorOf("paid=yes"), HasSubstr("yes is no bool"));
  EXPECT_THAT(ErrorOf("wait=soon"), HasSubstr("soon is no google.protobuf.Duration"));
}

TEST_F(AnswerCheckTest, JudgesByStatus) {
  std::vector<AnswerChecks> all(1);
  AnswerChecks& checks = all.front();
  checks.statuses = *ExpectedStatuses::Parse("--expect-status", "NOT_FOUND");
  checks.statuses.Add(*ExpectedStatuses::Parse("--expect-status", "8,CANCELLED"));
  const std::unique_ptr<AnswerChecker> checker = MakeAnswerChecker(all, 4);
  checker->OnMessage(3, "whatever");
  EXPECT_EQ(checker->OnCallEnded(3, {absl::StatusCode::kNotFound, "gone"}).verdict, Verdict::kSucceeded);
  EXPECT_EQ(checker->OnCallEnded(0, {absl::StatusCode::kResourceExhausted, ""}).verdict, Verdict::kSucceeded);
  const JudgedEnd ok = checker->OnCallEnded(0, {absl::StatusCode::kOk, ""});
  EXPECT_EQ(ok.verdict, Verdict::kFailed);
  EXPECT_EQ(ok.message, "expected status CANCELLED or NOT_FOUND or RESOURCE_EXHAUSTED");
  const JudgedEnd other = checker->OnCallEnded(0, {absl::StatusCode::kUnavailable, "down"});
  EXPECT_EQ(other.verdict, Verdict::kFailed);
  EXPECT_EQ(other.message, "down");
}

TEST_F(AnswerCheckTest, JudgesByWhatIsInTheAnswer) {
  std::vector<AnswerChecks> all(1);
  AnswerChecks& checks = all.front();
  checks.method = buy_;
  checks.fields = {*ExpectedField::Parse("--expect-json", "paid=true", buy_),
                   *ExpectedField::Parse("--expect-json", "colour=RED", buy_)};
  const std::unique_ptr<AnswerChecker> checker = MakeAnswerChecker(all, 2);
  checker->OnMessage(0, Encoded(kOrder));
  checker->OnMessage(1, Encoded(R"({"paid": true})"));
  checker->OnMessage(1, Encoded(kOrder));  // Does not make the first one right.
  EXPECT_EQ(checker->OnCallEnded(0, {absl::StatusCode::kOk, ""}).verdict, Verdict::kSucceeded);
  const JudgedEnd wrong = checker->OnCallEnded(1, {absl::StatusCode::kOk, ""});
  EXPECT_EQ(wrong.verdict, Verdict::kWrongAnswer);
  EXPECT_EQ(wrong.message, "expected colour=RED, was GREY");
  // The slot's next call is judged by itself.
  checker->OnMessage(1, Encoded(kOrder));
  EXPECT_EQ(checker->OnCallEnded(1, {absl::StatusCode::kOk, ""}).verdict, Verdict::kSucceeded);
  EXPECT_EQ(checker->OnCallEnded(1, {absl::StatusCode::kOk, ""}).message, "expected paid=true, was no message");
  checker->OnMessage(0, "\xff");
  EXPECT_EQ(checker->OnCallEnded(0, {absl::StatusCode::kOk, ""}).message, "expected paid=true, was no shop.Order");
  EXPECT_EQ(checker->OnCallEnded(0, {absl::StatusCode::kUnavailable, "down"}).verdict, Verdict::kFailed);
}

TEST_F(AnswerCheckTest, JudgesEachCallByTheChecksOfItsMethod) {
  std::vector<AnswerChecks> all(3);
  all[0].statuses = *ExpectedStatuses::Parse("--expect-status", "NOT_FOUND");
  all[1].method = buy_;
  all[1].fields = {*ExpectedField::Parse("--expect-json", "paid=true", buy_)};
  const std::unique_ptr<AnswerChecker> checker = MakeAnswerChecker(all, 3);
  const auto verdict_of = [&](std::size_t slot, std::size_t method, absl::StatusCode code) {
    checker->OnSent(slot, method);
    checker->OnMessage(slot, Encoded(R"({"paid": false})"));
    return checker->OnCallEnded(slot, {code, ""}).verdict;
  };
  for (std::size_t slot = 0; slot < 3; ++slot) {
    EXPECT_EQ(verdict_of(slot, 0, absl::StatusCode::kNotFound), Verdict::kSucceeded);
    EXPECT_EQ(verdict_of(slot, 1, absl::StatusCode::kNotFound), Verdict::kFailed);
    EXPECT_EQ(verdict_of(slot, 2, absl::StatusCode::kNotFound), Verdict::kFailed);
    EXPECT_EQ(verdict_of(slot, 0, absl::StatusCode::kOk), Verdict::kFailed);
    EXPECT_EQ(verdict_of(slot, 1, absl::StatusCode::kOk), Verdict::kWrongAnswer);
    EXPECT_EQ(verdict_of(slot, 2, absl::StatusCode::kOk), Verdict::kSucceeded);
  }
}

TEST(ExpectedStatusesTest, RefusesWhatIsNoStatus) {
  for (const std::string text : {"", "Ok", "17", "-1", "OK,", "NOT FOUND"}) {
    EXPECT_THAT(std::string(ExpectedStatuses::Parse("--expect-status", text).status().message()),
                StartsWith("--expect-status=" + text + ": must be a status such as OK or NOT_FOUND"));
  }
}

}  // namespace
}  // namespace meanwhile
