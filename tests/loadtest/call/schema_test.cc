#include "loadtest/call/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "loadtest/call/proto_files.h"
#include "loadtest/call/protoset.h"
#include "tests/loadtest/call/test_schema.h"

namespace meanwhile {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(SchemaTest, FindsAMethodByEitherWayOfWritingIt) {
  for (const std::string text : {"shop.Shop/Buy", "shop.Shop.Buy", "/shop.Shop/Buy"}) {
    const absl::StatusOr<MethodName> name = ParseMethodName("--call", text);
    ASSERT_TRUE(name.ok()) << name.status();
    const absl::StatusOr<Method> method = FindMethod(TestSchema(), *name);
    ASSERT_TRUE(method.ok()) << method.status();
    EXPECT_EQ(method->name(), "shop.Shop/Buy");
    EXPECT_EQ(method->path(), "/shop.Shop/Buy");
    EXPECT_EQ(method->request().full_name(), "shop.Order");
  }
}

TEST(SchemaTest, SaysWhatThereIsInPlaceOfWhatIsMissing) {
  EXPECT_THAT(
      std::string(FindMethod(TestSchema(), *ParseMethodName("--call", "shop.Store/Buy")).status().message()),
      AllOf(StartsWith("shop.Store/Buy: "), EndsWith("shop.proto has no service shop.Store; there are shop.Shop")));
  EXPECT_EQ(FindMethod(TestSchema(), *ParseMethodName("--call", "shop.Shop/Steal")).status().message(),
            "shop.Shop/Steal: shop.Shop has no method Steal; there are Buy, Follow, Fill, Talk");
}

TEST(SchemaTest, RefusesWhatIsNoMethodName) {
  for (const std::string text : {"", "Buy", "/", "shop.Shop/", "/Buy", "a/b/c"}) {
    EXPECT_EQ(ParseMethodName("--call", text).status().message(),
              absl::StrCat("--call=", text, ": must be a method such as grpc.health.v1.Health/Check: SERVICE/METHOD"));
  }
}

TEST(ProtoFilesTest, TellsFileLineAndColumnOfAnError) {
  const std::string file = WriteTestFile("wrong.proto", "syntax = \"proto3\";\nmessage A {\n  Nothing b = 1;\n}\n");
  EXPECT_EQ(ReadProtoFiles({file}, {}).status().message(), "--proto: wrong.proto:3:3: \"Nothing\" is not defined.");
  EXPECT_THAT(
      std::string(
          ReadProtoFiles({WriteTestFile("cut.proto", "syntax = \"proto3\";\nmessage A {")}, {}).status().message()),
      HasSubstr("cut.proto:2:"));
}

TEST(ProtoFilesTest, LooksForImportsInTheirDirectories) {
  std::filesystem::create_directories(testing::TempDir() + "imports/deep");
  WriteTestFile("imports/deep/b.proto", "syntax = \"proto3\";\npackage b;\nmessage B {}\n");
  const std::string file = WriteTestFile(
      "a.proto", "syntax = \"proto3\";\nimport \"deep/b.proto\";\nservice A { rpc Get(b.B) returns (b.B); }\n");
  const auto schema = ReadProtoFiles({file}, {testing::TempDir(), testing::TempDir() + "imports"});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT((*schema)->services(), ElementsAre("A"));
  // A name relative to one of them.
  EXPECT_TRUE(ReadProtoFiles({"a.proto"}, {testing::TempDir(), testing::TempDir() + "imports"}).ok());

  EXPECT_EQ(ReadProtoFiles({file}, {}).status().message(), "--proto: deep/b.proto: File not found.");
  EXPECT_EQ(ReadProtoFiles({file}, {"/no/such"}).status().message(),
            "--proto-path=/no/such: there is no such directory");
  EXPECT_THAT(std::string(ReadProtoFiles({file}, {testing::TempDir() + "imports"}).status().message()),
              HasSubstr("is in none of the directories of --proto-path"));
  EXPECT_THAT(std::string(ReadProtoFiles({"no_such.proto"}, {}).status().message()),
              HasSubstr("no_such.proto: File not found"));
}

TEST(ProtoFilesTest, KnowsTheWellKnownTypes) {
  std::string text = "syntax = \"proto3\";\n";
  const std::vector<std::string> files = {"any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"};
  for (const std::string& file : files) absl::StrAppend(&text, "import \"google/protobuf/", file, ".proto\";\n");
  absl::StrAppend(&text, "service S { rpc Get(google.protobuf.Empty) returns (google.protobuf.Any); }\n");
  const auto schema = ReadProtoFiles({WriteTestFile("known.proto", text)}, {});
  EXPECT_TRUE(schema.ok()) << schema.status();
}

google::protobuf::FileDescriptorSet TestSet() {
  google::protobuf::FileDescriptorSet set;
  TestSchema()->pool().FindFileByName("shop.proto")->CopyTo(set.add_file());
  TestSchema()->pool().FindFileByName("google/protobuf/duration.proto")->CopyTo(set.add_file());
  return set;
}

TEST(ProtosetTest, ReadsFilesInAnyOrder) {
  const auto schema = ReadProtosets({WriteTestFile("shop.protoset", TestSet().SerializeAsString())});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT((*schema)->services(), ElementsAre("shop.Shop"));
}

TEST(ProtosetTest, SaysWhatIsMissing) {
  google::protobuf::FileDescriptorSet set = TestSet();
  set.mutable_file()->RemoveLast();
  EXPECT_THAT(std::string(ReadProtosets({WriteTestFile("half.protoset", set.SerializeAsString())}).status().message()),
              AllOf(HasSubstr("shop.proto imports google/protobuf/duration.proto, which is missing"),
                    HasSubstr("--include_imports")));
}

TEST(ProtosetTest, RefusesFilesThatAreNone) {
  EXPECT_THAT(std::string(ReadProtosets({WriteTestFile("text.protoset", kTestProto)}).status().message()),
              HasSubstr("is no FileDescriptorSet"));
  EXPECT_THAT(std::string(ReadProtosets({WriteTestFile("empty.protoset", "")}).status().message()),
              HasSubstr("is no FileDescriptorSet"));
  EXPECT_EQ(ReadProtosets({"/no/such"}).status().message(), "--protoset=/no/such: No such file or directory");
}

TEST(SchemaTest, RefusesFilesThatImportEachOtherOrContradictThemselves) {
  google::protobuf::FileDescriptorSet circle;
  for (const std::string name : {"a.proto", "b.proto"}) {
    auto* file = circle.add_file();
    file->set_name(name);
    file->add_dependency(name == "a.proto" ? "b.proto" : "a.proto");
  }
  EXPECT_EQ(Schema::Make(circle, "the server").status().message(),
            "the schema of the server is not complete: a.proto imports itself");
  google::protobuf::FileDescriptorSet twice;
  auto* file = twice.add_file();
  file->set_name("a.proto");
  file->add_message_type()->set_name("A");
  file->add_message_type()->set_name("A");
  EXPECT_THAT(std::string(Schema::Make(twice, "the server").status().message()),
              StartsWith("the schema of the server is wrong: a.proto: A: "));
}

}  // namespace
}  // namespace meanwhile
