#include "loadtest/engine/http2/message_framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace meanwhile::http2 {
namespace {

using testing::ElementsAre;
using testing::Pair;

// Messages and whether they were compressed.
using Messages = std::vector<std::pair<std::string, bool>>;

std::string BodyOf(const std::vector<std::string>& messages) {
  std::string body;
  for (const std::string& message : messages) AppendMessage(message, false, &body);
  return body;
}

absl::Status ReadInPieces(MessageReader& reader, absl::string_view body, std::size_t piece_bytes, Messages* messages) {
  while (!body.empty()) {
    const absl::Status status =
        reader.Read(body.substr(0, piece_bytes), [&](bool compressed, absl::string_view message) {
          messages->emplace_back(std::string(message), compressed);
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
    body.remove_prefix(std::min(piece_bytes, body.size()));
  }
  return absl::OkStatus();
}

TEST(MessageFramingTest, WritesTheLengthInFourBytesTheHighestFirst) {
  std::string body;
  AppendMessage(std::string(0x010203, 'x'), true, &body);
  EXPECT_EQ(body.substr(0, 5), std::string("\x01\x00\x01\x02\x03", 5));
  EXPECT_EQ(body.size(), 5u + 0x010203);
}

TEST(MessageFramingTest, ReadsMessagesHoweverTheyAreSplitAndJoined) {
  const std::string body = BodyOf({"a", "", std::string(100, 'b'), "ccc", ""});
  for (std::size_t piece_bytes = 1; piece_bytes <= body.size(); ++piece_bytes) {
    MessageReader reader(100);
    Messages messages;
    ASSERT_TRUE(ReadInPieces(reader, body, piece_bytes, &messages).ok()) << piece_bytes;
    EXPECT_THAT(messages, ElementsAre(Pair("a", false), Pair("", false), Pair(std::string(100, 'b'), false),
                                      Pair("ccc", false), Pair("", false)))
        << piece_bytes;
    EXPECT_TRUE(reader.at_boundary());
  }
}

TEST(MessageFramingTest, TellsWhichMessagesAreCompressed) {
  std::string body;
  AppendMessage("plain", false, &body);
  AppendMessage("packed", true, &body);
  MessageReader reader(100);
  Messages messages;
  ASSERT_TRUE(ReadInPieces(reader, body, 3, &messages).ok());
  EXPECT_THAT(messages, ElementsAre(Pair("plain", false), Pair("packed", true)));
}

TEST(MessageFramingTest, KnowsThatABodyMayNotEndWithinAMessage) {
  const std::string body = BodyOf({"abc"});
  for (std::size_t size = 1; size < body.size(); ++size) {
    MessageReader reader(100);
    Messages messages;
    ASSERT_TRUE(ReadInPieces(reader, body.substr(0, size), size, &messages).ok());
    EXPECT_FALSE(reader.at_boundary()) << size;
    EXPECT_TRUE(messages.empty());
  }
}

TEST(MessageFramingTest, RefusesAMessageThatIsTooLongBeforeItComes) {
  MessageReader reader(10);
  Messages messages;
  const absl::Status status = ReadInPieces(reader, BodyOf({std::string(11, 'x')}).substr(0, 5), 5, &messages);
  EXPECT_EQ(status, absl::ResourceExhaustedError("a message of 11 bytes: must be at most 10"));
}

TEST(MessageFramingTest, RefusesAFirstByteThatIsNeitherZeroNorOne) {
  MessageReader reader(10);
  Messages messages;
  const absl::Status status = ReadInPieces(reader, "\x02", 1, &messages);
  EXPECT_EQ(status, absl::InternalError("a message begins with byte 2, which must be 0 or 1"));
}

TEST(MessageFramingTest, BeginsAnewAfterAReset) {
  MessageReader reader(10);
  Messages messages;
  ASSERT_TRUE(ReadInPieces(reader, BodyOf({"abcdef"}).substr(0, 8), 8, &messages).ok());
  reader.Reset();
  EXPECT_TRUE(reader.at_boundary());
  ASSERT_TRUE(ReadInPieces(reader, BodyOf({"xyz"}), 2, &messages).ok());
  EXPECT_THAT(messages, ElementsAre(Pair("xyz", false)));
}

TEST(MessageFramingTest, EndsWithTheErrorOfTheOneWhoTakesTheMessages) {
  MessageReader reader(10);
  const auto refuse = [](bool, absl::string_view) { return absl::UnimplementedError("no"); };
  EXPECT_EQ(reader.Read(BodyOf({"abc"}), refuse), absl::UnimplementedError("no"));
}

}  // namespace
}  // namespace meanwhile::http2
