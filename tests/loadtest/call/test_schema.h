// A schema for tests: one service with a method of each kind, written as a .proto file would be.

#ifndef MEANWHILE_TESTS_LOADTEST_CALL_TEST_SCHEMA_H_
#define MEANWHILE_TESTS_LOADTEST_CALL_TEST_SCHEMA_H_

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "loadtest/call/proto_files.h"
#include "loadtest/call/schema.h"

namespace meanwhile {

constexpr char kTestProto[] = R"(syntax = "proto3";
package shop;
import "google/protobuf/duration.proto";
enum Colour { GREY = 0; RED = 1; }
message Item {
  string name = 1;
  int32 count = 2;
  bytes code = 3;
}
message Order {
  Item item = 1;
  repeated Item items = 2;
  repeated int64 numbers = 3;
  Colour colour = 4;
  double price = 5;
  bool paid = 6;
  google.protobuf.Duration wait = 7;
  map<string, string> labels = 8;
  float share = 9;
  string full_name = 10;
}
service Shop {
  rpc Buy(Order) returns (Order);
  rpc Follow(Order) returns (stream Item);
  rpc Fill(stream Item) returns (Order);
  rpc Talk(stream Item) returns (stream Order);
}
)";

// Writes a file into the test's folder; its path.
inline std::string WriteTestFile(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

inline std::shared_ptr<const Schema> TestSchema() {
  const auto schema = ReadProtoFiles({WriteTestFile("shop.proto", kTestProto)}, {});
  EXPECT_TRUE(schema.ok()) << schema.status();
  return schema.ok() ? *schema : nullptr;
}

// A method of shop.Shop.
inline Method TestMethod(const std::string& name) {
  absl::StatusOr<Method> method = FindMethod(TestSchema(), {"shop.Shop", name, name});
  EXPECT_TRUE(method.ok()) << method.status();
  return method.ok() ? *method : Method();
}

}  // namespace meanwhile

#endif  // MEANWHILE_TESTS_LOADTEST_CALL_TEST_SCHEMA_H_
