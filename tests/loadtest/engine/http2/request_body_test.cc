#include "loadtest/engine/http2/request_body.h"

#include <gtest/gtest.h>

#include <string>

#include "loadtest/engine/http2/gzip.h"
#include "loadtest/engine/http2/message_framing.h"

namespace meanwhile::http2 {
namespace {

std::string Framed(absl::string_view message, bool compressed = false) {
  std::string body;
  AppendMessage(message, compressed, &body);
  return body;
}

// All that may be sent, in pieces of at most so many bytes.
std::string TakeAll(BodyProgress* progress, std::size_t most) {
  std::string taken;
  while (progress->available() > 0) {
    const auto left = static_cast<std::size_t>(std::min<uint64_t>(most, progress->available()));
    const absl::string_view piece = progress->Take(left);
    taken.append(piece.data(), piece.size());
  }
  return taken;
}

TEST(RequestBodyTest, FramesItsMessagesOneAfterAnother) {
  RequestBody body;
  body.Assign({"one", ""}, false);
  EXPECT_EQ(body.bytes(), Framed("one") + Framed(""));
  body.Assign({"two"}, false);
  EXPECT_EQ(body.bytes(), Framed("two"));
}

TEST(RequestBodyTest, CompressesItsMessages) {
  RequestBody body;
  body.Assign({std::string(1000, 'x')}, true);
  EXPECT_EQ(body.bytes(), Framed(GzipCompress(std::string(1000, 'x')), true));
}

TEST(BodyProgressTest, SendsMessagesOverAndOver) {
  RequestBody body;
  body.Assign({"one", "three"}, false);
  for (const std::size_t most : {1, 7, 1000}) {
    BodyProgress progress;
    progress.Begin(&body, 5);
    EXPECT_TRUE(progress.all_due());
    EXPECT_EQ(TakeAll(&progress, most),
              Framed("one") + Framed("three") + Framed("one") + Framed("three") + Framed("one"));
    EXPECT_TRUE(progress.done());
    EXPECT_EQ(progress.TakeSentMessages(), 5u);
    EXPECT_EQ(progress.TakeSentMessages(), 0u);
  }
}

TEST(BodyProgressTest, SendsNoMessageBeforeItIsDue) {
  RequestBody body;
  body.Assign({"one", "three"}, false);
  BodyProgress progress;
  progress.Begin(&body, 3);
  progress.SetDue(1);
  EXPECT_FALSE(progress.all_due());
  EXPECT_EQ(TakeAll(&progress, 4), Framed("one"));
  EXPECT_EQ(progress.TakeSentMessages(), 1u);
  EXPECT_FALSE(progress.done());
  progress.SetDue(100);
  EXPECT_TRUE(progress.all_due());
  EXPECT_EQ(TakeAll(&progress, 100), Framed("three") + Framed("one"));
  EXPECT_TRUE(progress.done());
}

TEST(BodyProgressTest, CountsAMessageOnceItIsWhole) {
  RequestBody body;
  body.Assign({"one"}, false);
  BodyProgress progress;
  progress.Begin(&body, 1);
  progress.Take(7);
  EXPECT_EQ(progress.TakeSentMessages(), 0u);
  progress.Take(1);
  EXPECT_EQ(progress.TakeSentMessages(), 1u);
}

TEST(BodyProgressTest, HasNothingToSendWithoutMessages) {
  RequestBody body;
  body.Assign({}, false);
  BodyProgress progress;
  progress.Begin(&body, 0);
  EXPECT_EQ(progress.available(), 0u);
  EXPECT_TRUE(progress.all_due());
  EXPECT_TRUE(progress.done());
}

}  // namespace
}  // namespace meanwhile::http2
