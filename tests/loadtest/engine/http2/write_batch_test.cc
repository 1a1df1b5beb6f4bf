#include "loadtest/engine/http2/write_batch.h"

#include <gtest/gtest.h>

#include <string>

namespace meanwhile::http2 {
namespace {

std::string TextOf(const WriteBatch& batch) {
  std::string text;
  for (std::size_t i = 0; i < batch.piece_count(); ++i) {
    text.append(static_cast<const char*>(batch.pieces()[i].iov_base), batch.pieces()[i].iov_len);
  }
  return text;
}

TEST(WriteBatchTest, GathersSmallPiecesIntoOne) {
  WriteBatch batch;
  EXPECT_TRUE(batch.empty());
  batch.Add("abc");
  batch.AddLasting("def");
  EXPECT_EQ(batch.piece_count(), 1u);
  EXPECT_EQ(TextOf(batch), "abcdef");
  EXPECT_EQ(batch.size(), 6u);
}

TEST(WriteBatchTest, RefersToLargePiecesWhereTheyLie) {
  const std::string large(WriteBatch::kReferredBytes, 'x');
  WriteBatch batch;
  batch.Add("before");
  batch.AddLasting(large);
  batch.Add("after");
  ASSERT_EQ(batch.piece_count(), 3u);
  EXPECT_EQ(batch.pieces()[1].iov_base, large.data());
  EXPECT_EQ(TextOf(batch), "before" + large + "after");
}

TEST(WriteBatchTest, ForgetsWhatIsWrittenWhereverTheWriteEnded) {
  const std::string large(WriteBatch::kReferredBytes, 'x');
  const std::string all = "before" + large + "after";
  for (const std::size_t written : {std::size_t{1}, std::size_t{6}, std::size_t{7}, all.size() - 5, all.size() - 1}) {
    WriteBatch batch;
    batch.Add("before");
    batch.AddLasting(large);
    batch.Add("after");
    batch.Remove(written);
    EXPECT_EQ(TextOf(batch), all.substr(written)) << written;
    batch.Add("more");
    EXPECT_EQ(TextOf(batch), all.substr(written) + "more") << written;
    batch.Remove(batch.size());
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(batch.piece_count(), 0u);
  }
}

TEST(WriteBatchTest, IsFullInTimeToHaveRoomForTheLongestPiece) {
  const std::string piece(WriteBatch::kLongestPiece, 'x');
  WriteBatch batch;
  while (!batch.full()) batch.Add(piece);
  EXPECT_GE(batch.size(), WriteBatch::kFullBytes);
  // What it has copied stays where it is until all of it is written.
  batch.Remove(batch.size() - 1);
  EXPECT_TRUE(batch.full());
  batch.Remove(1);
  EXPECT_FALSE(batch.full());
}

TEST(WriteBatchTest, IsFullWhenItHasManyPieces) {
  const std::string large(WriteBatch::kReferredBytes, 'x');
  WriteBatch batch;
  std::size_t pieces = 0;
  for (; !batch.full(); ++pieces) batch.AddLasting(large);
  EXPECT_LE(pieces, 64u);
}

}  // namespace
}  // namespace meanwhile::http2
