#include "loadtest/call/field_path.h"

#include <gmock/gmock.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "loadtest/call/message_encoder.h"
#include "tests/loadtest/call/test_schema.h"

namespace meanwhile {
namespace {

using testing::HasSubstr;

constexpr char kProto[] = R"(syntax = "proto3";
package shelf;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
enum Colour { GREY = 0; RED = 1; }
message Book {
  string title = 1;
  int64 pages = 2;
  Colour colour = 3;
  map<string, int32> notes = 4;
}
message Shelf {
  map<string, string> labels = 1;
  map<int32, Book> books = 2;
  map<bool, Colour> colours = 3;
  map<uint64, double> prices = 4;
  google.protobuf.StringValue name = 10;
  google.protobuf.Int64Value count = 11;
  google.protobuf.DoubleValue weight = 12;
  google.protobuf.BoolValue open = 13;
  google.protobuf.BytesValue code = 14;
  google.protobuf.Timestamp since = 20;
  google.protobuf.Duration age = 21;
  google.protobuf.FieldMask mask = 22;
  google.protobuf.Struct settings = 30;
  google.protobuf.Value anything = 31;
  google.protobuf.ListValue list = 32;
  google.protobuf.Any detail = 33;
  repeated google.protobuf.Any details = 34;
  map<string, google.protobuf.Value> extras = 35;
}
service Shelves {
  rpc Get(Shelf) returns (Shelf);
  rpc List(Shelf) returns (google.protobuf.ListValue);
}
)";

constexpr char kShelf[] = R"({
  "labels": {"colour": "red", "a.b": "c", "a=b": "d", "": "none"},
  "books": {"-7": {"title": "Seven", "pages": "70", "notes": {"good": 1}}, "8": {}},
  "colours": {"true": "RED"},
  "prices": {"18446744073709551615": 0.1},
  "name": "say \"x\"", "count": "9007199254740993", "weight": 0.5, "open": false, "code": "AAE=",
  "since": "2024-05-06T07:08:09Z", "age": "90s", "mask": "a,bC",
  "settings": {"size": 3, "deep": {"b": [1, "two", null], "a": true}, "long.name": "x", "empty": ""},
  "anything": 5, "list": ["x", {"y": 1}],
  "detail": {"@type": "type.googleapis.com/shelf.Book", "title": "Any", "pages": "9007199254740993"},
  "details": [{"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.5s"}],
  "extras": {"e": {"f": "g"}}})";

class FieldPathTest : public testing::Test {
 protected:
  FieldPathTest() {
    const auto schema = ReadProtoFiles({WriteTestFile("shelf.proto", kProto)}, {});
    EXPECT_TRUE(schema.ok()) << schema.status();
    get_ = *FindMethod(*schema, {"shelf.Shelves", "Get", "Get"});
    list_ = *FindMethod(*schema, {"shelf.Shelves", "List", "List"});
  }

  std::optional<std::string> TextAt(const Method& method, const std::string& path, const std::string& json) {
    const absl::StatusOr<FieldPath> parsed = FieldPath::Parse(method.response(), path);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    if (!parsed.ok()) return std::nullopt;
    std::string encoded;
    const absl::Status status = MessageEncoder(method.response()).Encode(json, &encoded);
    EXPECT_TRUE(status.ok()) << status;
    google::protobuf::DynamicMessageFactory factory;
    const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(&method.response())->New());
    EXPECT_TRUE(message->ParseFromString(encoded));
    return parsed->TextAt(*message);
  }
  std::optional<std::string> TextAt(const std::string& path) { return TextAt(get_, path, kShelf); }

  std::string Normalized(const std::string& path, const std::string& value) {
    const absl::StatusOr<FieldPath> parsed = FieldPath::Parse(get_.response(), path);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    const absl::StatusOr<std::string> text = parsed->Normalized(value);
    return text.ok() ? *text : std::string(text.status().message());
  }

  std::string ErrorOf(const std::string& path) {
    const absl::StatusOr<FieldPath> parsed = FieldPath::Parse(get_.response(), path);
    EXPECT_FALSE(parsed.ok()) << path;
    return std::string(parsed.status().message());
  }

  Method get_;
  Method list_;
};

TEST_F(FieldPathTest, AMapHasItsKeysAsPlaces) {
  EXPECT_EQ(TextAt("labels[colour]"), "red");
  EXPECT_EQ(TextAt("labels.colour"), "red");
  EXPECT_EQ(TextAt("labels[a.b]"), "c");
  EXPECT_EQ(TextAt("labels[a=b]"), "d");
  EXPECT_EQ(TextAt("labels[]"), "none");
  EXPECT_EQ(TextAt("labels[size]"), std::nullopt);
  EXPECT_EQ(TextAt("books[-7].title"), "Seven");
  EXPECT_EQ(TextAt("books.8.colour"), "GREY");
  EXPECT_EQ(TextAt("books[-7].notes[good]"), "1");
  EXPECT_EQ(TextAt("books[9].title"), std::nullopt);
  EXPECT_EQ(TextAt("books[8]"), "{}");
  EXPECT_EQ(TextAt("colours[true]"), "RED");
  EXPECT_EQ(TextAt("colours[false]"), std::nullopt);
  EXPECT_EQ(TextAt("prices[18446744073709551615]"), "0.1");
  EXPECT_EQ(Normalized("books[-7].pages", "070"), "70");
  EXPECT_EQ(Normalized("colours[true]", "1"), "RED");
}

TEST_F(FieldPathTest, AKeyMustBeOneOfTheMap) {
  EXPECT_EQ(ErrorOf("labels"), "shelf.Shelf.labels is a map: say which, as labels[key]");
  EXPECT_EQ(ErrorOf("books[seven].title"), "seven is no int32, which the keys of shelf.Shelf.books are");
  EXPECT_EQ(ErrorOf("books[2147483648].title"), "2147483648 is no int32, which the keys of shelf.Shelf.books are");
  EXPECT_EQ(ErrorOf("colours[1]"), "1 is no bool, which the keys of shelf.Shelf.colours are");
  EXPECT_EQ(ErrorOf("labels[colour"), "[colour: an index is written as in items[2], a key as in labels[name]");
  EXPECT_EQ(ErrorOf("labels[a]b"), "a dot is missing before b");
  EXPECT_EQ(ErrorOf("labels[a].b"), "shelf.Shelf.labels is no message, so it has no field b");
  EXPECT_THAT(ErrorOf("books[1].name"), HasSubstr("shelf.Book has no field name; there are title, pages"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("has no field ;"));
  EXPECT_THAT(ErrorOf("[0]"), HasSubstr("has no field 0;"));
}

TEST_F(FieldPathTest, WellKnownTypesAreToldAsInJson) {
  EXPECT_EQ(TextAt("name"), "say \"x\"");
  EXPECT_EQ(TextAt("count"), "9007199254740993");
  EXPECT_EQ(TextAt("weight"), "0.5");
  EXPECT_EQ(TextAt("open"), "false");
  EXPECT_EQ(TextAt("code"), "AAE=");
  EXPECT_EQ(TextAt("since"), "2024-05-06T07:08:09Z");
  EXPECT_EQ(TextAt("age"), "90s");
  EXPECT_EQ(TextAt("mask"), "a,bC");
  EXPECT_EQ(TextAt("details[0]"), R"({"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.500s"})");
  EXPECT_EQ(TextAt(get_, "open", "{}"), std::nullopt) << "a wrapper that is not set has no value";
}

TEST_F(FieldPathTest, ValuesOfWellKnownTypesAreGivenAsInJson) {
  EXPECT_EQ(Normalized("name", "say \"x\""), "say \"x\"");
  EXPECT_EQ(Normalized("name", "true"), "true");
  EXPECT_EQ(Normalized("name", ""), "");
  EXPECT_EQ(Normalized("count", "9007199254740993"), "9007199254740993");
  EXPECT_EQ(Normalized("weight", "5e-1"), "0.5");
  EXPECT_EQ(Normalized("open", "false"), "false");
  EXPECT_EQ(Normalized("since", "2024-05-06T09:08:09+02:00"), "2024-05-06T07:08:09Z");
  EXPECT_EQ(Normalized("age", "90.000s"), "90s");
  EXPECT_EQ(Normalized("mask", "a,bC"), "a,bC");
  EXPECT_EQ(Normalized("settings", R"({"b": [1, {"d": 1, "c": 2.0}], "a": "x"})"),
            R"({"a":"x","b":[1,{"c":2,"d":1}]})");
  EXPECT_EQ(Normalized("open", "maybe"), "maybe is no google.protobuf.BoolValue, which shelf.Shelf.open is");
  EXPECT_EQ(Normalized("since", "today"), "today is no google.protobuf.Timestamp, which shelf.Shelf.since is");
}

TEST_F(FieldPathTest, PathsGoIntoWhatJsonTellsByItsContent) {
  EXPECT_EQ(TextAt("settings.size"), "3");
  EXPECT_EQ(TextAt("settings.deep.b[1]"), "two");
  EXPECT_EQ(TextAt("settings.deep.b[2]"), "null");
  EXPECT_EQ(TextAt("settings.deep.b[3]"), std::nullopt);
  EXPECT_EQ(TextAt("settings.deep"), R"({"a":true,"b":[1,"two",null]})");
  EXPECT_EQ(TextAt("settings[long.name]"), "x");
  EXPECT_EQ(TextAt("settings.empty"), "");
  EXPECT_EQ(TextAt("settings.none.at.all"), std::nullopt);
  EXPECT_EQ(TextAt("anything"), "5");
  EXPECT_EQ(TextAt("anything.at"), std::nullopt);
  EXPECT_EQ(TextAt("list[0]"), "x");
  EXPECT_EQ(TextAt("list[1].y"), "1");
  EXPECT_EQ(TextAt("detail.title"), "Any");
  EXPECT_EQ(TextAt("detail.pages"), "9007199254740993");
  EXPECT_EQ(TextAt("detail.colour"), "GREY");
  EXPECT_EQ(TextAt("detail.@type"), "type.googleapis.com/shelf.Book");
  EXPECT_EQ(TextAt("details[0].value"), "1.500s");
  EXPECT_EQ(TextAt("extras[e].f"), "g");
  EXPECT_EQ(TextAt(list_, "[1][0]", R"(["a", ["b"]])"), "b");

  EXPECT_EQ(Normalized("detail.pages", "9007199254740993"), "9007199254740993");
  EXPECT_EQ(Normalized("settings.size", "3.0"), "3");
  EXPECT_EQ(Normalized("settings.size", "three"), "three");
  EXPECT_EQ(Normalized("settings.size", "\"3.0\""), "3.0");
  EXPECT_EQ(Normalized("settings.size", R"({"b": 1, "a": 2})"), R"({"a":2,"b":1})");
}

TEST_F(FieldPathTest, AnAnyOfAnUnknownTypeIsToldAsThat) {
  const absl::StatusOr<FieldPath> path = FieldPath::Parse(get_.response(), "detail.title");
  ASSERT_TRUE(path.ok()) << path.status();
  google::protobuf::DynamicMessageFactory factory;
  const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(&get_.response())->New());
  // Field 33: an Any whose type_url is `t/a.B`, with a byte for value.
  ASSERT_TRUE(message->ParseFromString(std::string("\x8a\x02\x0a\x0a\x05t/a.B\x12\x01x", 13)));
  EXPECT_THAT(path->TextAt(*message), testing::Optional(HasSubstr("(no JSON: ")));
}

}  // namespace
}  // namespace meanwhile
